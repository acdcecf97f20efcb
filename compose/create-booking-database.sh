#!/bin/sh
# Run once by the PostgreSQL image, when its data folder is empty: the mapping database and its owner, who has no rights in
# Airflow's database.
set -eu

psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set password="$BOOKING_DATABASE_PASSWORD" <<'SQL'
create role booking_sync login password :'password';
create database booking_sync owner booking_sync;
revoke connect on database booking_sync from public;
revoke connect on database airflow from public;
SQL
