#!/bin/sh
# Run to its end before anything else starts, and harmless to run again: brings both databases to this version's schema and
# makes the first administrator.
set -eu

secrets=${SECRETS_FOLDER:-/run/secrets}
user=${AIRFLOW_ADMIN_USER:-admin}

airflow db migrate
python -m booking_sync_airflow.migrate

# The password goes through a pipe and not through the list of processes. Without a terminal (setsid) it is read from there.
password=$(cat "$secrets/airflow_admin_password")
printf '%s\n%s\n' "$password" "$password" |
    setsid --wait airflow users create --role Admin --username "$user" --firstname "$user" --lastname Admin \
        --email "${AIRFLOW_ADMIN_EMAIL:-$user@example.com}"
