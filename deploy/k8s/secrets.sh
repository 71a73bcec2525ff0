#!/bin/sh
# Print the Secrets of every member, made of .env and secrets/ (`make secrets`):
#
#     deploy/k8s/secrets.sh | kubectl --namespace datafleet apply --filename -
#
# POSTGRES_HOST, REDIS_HOST and S3_ENDPOINT say where these are; as they stand they are those of the
# overlay `laptop`. An operator for external secrets can make the same Secrets by the same names.
set -eu
cd "$(dirname "$0")/../.."
[ -f .env ] && [ -d secrets ] || {
    echo "$0: .env or secrets/ is missing; run 'make secrets' first" >&2
    exit 1
}
# shellcheck disable=SC1091 # made by `make secrets`
. ./.env

postgres=${POSTGRES_HOST:-postgres}
redis=${REDIS_HOST:-redis}
s3=${S3_ENDPOINT:-minio:9000}

for member in gateway svc-ingest svc-parquet svc-knowledgebase svc-quality svc-training; do
    role=$(printf %s "$member" | tr - _)
    variable=$(printf '%s_DB_PASSWORD' "$role" | tr '[:lower:]' '[:upper:]')
    password=$(sed -n "s/^$variable=//p" .env)
    address="$role:$password@$postgres/$role"
    set --
    if [ "$member" = gateway ]; then set -- --from-literal "FLEET_KEY_PEPPER=$FLEET_KEY_PEPPER"; fi
    kubectl create secret generic "$member-environment" --dry-run=client --output yaml \
        --from-literal "FLEET_DATABASE__URL=postgresql+psycopg://$address" \
        --from-literal "KEDA_DATABASE_URL=postgresql://$address" \
        --from-literal "FLEET_REDIS_URL=redis://:$REDIS_PASSWORD@$redis:6379/0" \
        --from-literal "FLEET_STORAGE__ENDPOINT=$s3" \
        --from-literal "FLEET_STORAGE__SECURE=${S3_SECURE:-false}" \
        --from-literal "FLEET_STORAGE__ACCESS_KEY=$S3_ACCESS_KEY" \
        --from-literal "FLEET_STORAGE__SECRET_KEY=$S3_SECRET_KEY" "$@"
    echo ---
    kubectl create secret generic "$member-keys" --dry-run=client --output yaml \
        --from-file "secrets/$member"
    echo ---
done
# With the passwords with which the databases are made: one argument a line of .env.
set --
while IFS= read -r line; do
    case $line in *_DB_PASSWORD=*) set -- "$@" --from-literal "$line" ;; esac
done <.env
kubectl create secret generic servers --dry-run=client --output yaml \
    --from-literal "POSTGRES_PASSWORD=$POSTGRES_PASSWORD" \
    --from-literal "REDIS_PASSWORD=$REDIS_PASSWORD" \
    --from-literal "MINIO_ROOT_USER=$S3_ACCESS_KEY" \
    --from-literal "MINIO_ROOT_PASSWORD=$S3_SECRET_KEY" "$@"
