#!/bin/sh
# Build every image of the fleet, and the stand-in for its servers, from a base that is here.
# Usage: tests/containers/build.sh BASE_IMAGE
set -eu
cd "$(dirname "$0")/../.."
base=${1:?usage: tests/containers/build.sh BASE_IMAGE}
export DOCKER_BUILDKIT=1

for folder in gateway svc-ingest svc-parquet svc-knowledgebase svc-quality svc-training; do
    echo "== datafleet/$folder"
    # Without PyTorch: where this runs, it may come as a build of several gigabytes.
    docker build --quiet --build-arg "BASE=$base" --build-arg WITH_ML=no --file "$folder/Dockerfile" \
        --tag "datafleet/$folder:dev" .
done
echo "== datafleet-test/servers"
docker build --quiet --build-arg "BASE=$base" --file tests/containers/servers.Dockerfile \
    --tag datafleet-test/servers:local .
