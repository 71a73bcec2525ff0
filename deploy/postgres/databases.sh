#!/bin/sh
# One database and one login for each member of the fleet; nobody may enter another's.
#
# The postgres image runs it once, on an empty volume. Elsewhere: run it with PGHOST, PGUSER and so
# on set to an account that may create roles. Passwords come from <MEMBER>_DB_PASSWORD, such as
# SVC_INGEST_DB_PASSWORD; `make secrets` makes them.
set -eu

for member in gateway svc_ingest svc_parquet svc_knowledgebase svc_quality svc_training; do
    variable=$(printf '%s_DB_PASSWORD' "$member" | tr '[:lower:]' '[:upper:]')
    password=$(printenv "$variable") || {
        echo "$0: $variable is not set; 'make secrets' makes it" >&2
        exit 1
    }
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" \
        --dbname postgres --set member="$member" --set password="$password" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'member')
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'member') \gexec
ALTER ROLE :"member" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I ENCODING ''UTF8'' TEMPLATE template0', :'member', :'member')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'member') \gexec
REVOKE CONNECT ON DATABASE :"member" FROM PUBLIC;
SQL
done
