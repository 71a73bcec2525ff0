#!/bin/sh
# Compile the pins: every distribution's dependencies, with hashes and without index addresses.
# Usage: scripts/pins.sh [extra arguments of `uv pip compile`, such as --upgrade]
set -eu
cd "$(dirname "$0")/.."

ours="--no-emit-package datafleet-shared-lib --no-emit-package datafleet-gateway --no-emit-package datafleet-sdk"
for service in ingest parquet knowledgebase quality training; do
    ours="$ours --no-emit-package datafleet-svc-$service"
done

compile() {
    # shellcheck disable=SC2086
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make pins" $ours "$@"
}

compile "$@" gateway/pyproject.toml svc-*/pyproject.toml sdk/pyproject.toml deploy/embedded/pyproject.toml \
    requirements/build.in --output-file requirements/core.txt
compile "$@" --group pyproject.toml:dev --constraint requirements/core.txt --output-file requirements/dev.txt
