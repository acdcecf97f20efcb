#!/bin/sh
# Run once by the PostgreSQL image, when its data folder is empty: Airflow's database and the mapping database, each with an
# owner who may not even connect to the other.
set -eu

secrets=${SECRETS_FOLDER:-/run/secrets}

create() {
    psql --quiet --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname postgres --set ON_ERROR_STOP=1 --set name="$1" <<SQL
\set password \`cat "$secrets/$2"\`
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke all on database :"name" from public;
SQL
}

create airflow airflow_database_password
create booking_sync booking_database_password
