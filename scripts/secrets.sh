#!/bin/sh
# Makes the folder of secrets that docker-compose.yaml mounts, one file each; what is there already stays as it is.
# Usage: secrets.sh FOLDER [SANDBOX]     with a second word the two connections lead to the sandbox
set -eu

folder=$1
sandbox=${2:-}

# The folder keeps the other users of this machine out. The files in it must be readable: in their containers they are read
# by users with other numbers than yours.
mkdir -p "$folder"
chmod 700 "$folder"
umask 022

random() {
    head -c "$1" /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'
}

make() {
    [ -s "$folder/$1" ] || printf '%s' "$2" > "$folder/$1"
}

for name in postgres_password airflow_database_password booking_database_password redis_password airflow_admin_password \
    grafana_admin_password; do
    make "$name" "$(random 24)"
done
make airflow_api_secret_key "$(random 48)"
make airflow_jwt_secret "$(random 66)"
make airflow_fernet_key "$(random 32)"
make booking_sync_secret_key "$(random 33)"

calendar='"password": "<API key>"'
hubspot='"password": "<service key>"'
if [ -n "$sandbox" ]; then
    calendar='"host": "http://127.0.0.1:8091/e", "password": "sandbox-calendar-key"'
    hubspot='"host": "http://127.0.0.1:8092", "password": "pat-na1-sandbox"'
fi
make connections.json "{
  \"calendar_default\": {\"conn_type\": \"calendar\", $calendar},
  \"hubspot_default\": {\"conn_type\": \"hubspot\", $hubspot},
  \"booking_sync_db\": {\"conn_type\": \"postgres\", \"host\": \"postgres\", \"schema\": \"booking_sync\",
    \"login\": \"booking_sync\", \"password\": \"$(cat "$folder/booking_database_password")\"}
}
"

if grep -q '"<' "$folder/connections.json"; then
    echo "Now put your two keys into $folder/connections.json, in place of <API key> and <service key>."
fi
