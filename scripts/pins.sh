#!/bin/sh
# Compile the pins: every dependency of every distribution, with hashes and without the address
# of any package index, valid on each supported Python and system (docs/decisions/0002).
#
# Usage: scripts/pins.sh [extra arguments of `uv pip compile`, such as --upgrade]
#
# A pin that stands is kept while it satisfies the pyproject files; --upgrade moves all of them,
# `--upgrade-package NAME` moves one.
set -eu
cd "$(dirname "$0")/.."

uv=.venv/bin/uv
[ -x "$uv" ] || uv=$(command -v uv) || {
    echo "pins: uv is missing; run 'make dev' first" >&2
    exit 1
}

distributions="gateway/pyproject.toml sdk/pyproject.toml deploy/embedded/pyproject.toml"
ours="--no-emit-package datafleet-embedded --no-emit-package datafleet-gateway"
ours="$ours --no-emit-package datafleet-sdk --no-emit-package datafleet-shared-lib"
for folder in svc-*; do
    distributions="$distributions $folder/pyproject.toml"
    ours="$ours --no-emit-package datafleet-$folder"
done

# compile FILE ARGUMENT...: writes FILE.
compile() {
    target=$1
    shift
    echo "pins: $target"
    # An index or a folder of wheels that this machine is configured with must not reach the file.
    # shellcheck disable=SC2086 # the list of our own packages is meant to be split
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make pins" \
        $ours "$@" --output-file "$target"
}

compile requirements/bootstrap.txt "$@" requirements/bootstrap.in
# shellcheck disable=SC2086 # the list of pyproject files is meant to be split
compile requirements/core.txt "$@" $distributions requirements/build.in --constraint requirements/bootstrap.txt
compile requirements/dev.txt "$@" --group pyproject.toml:dev \
    --constraint requirements/bootstrap.txt --constraint requirements/core.txt
# deepchecks runs in an environment of its own (AGPL-3.0, and older versions than ours).
beside=svc-quality/src/svc_quality/deepchecks
compile $beside/requirements.txt "$@" $beside/requirements.in
# What the shipped pipelines' stages import: the same for both, so that they share an environment.
compile dvc/linear_regression/requirements.txt "$@" dvc/requirements.in
cp dvc/linear_regression/requirements.txt dvc/text_classification/requirements.txt
# What makes embeddings, in an environment of its own. PyTorch and what only its CUDA build needs are
# left to the machine that installs them.
beside=shared-lib/src/shared_lib/embeddings/ml
skipped="--no-emit-package torch --no-emit-package triton"
for name in cublas cuda-cupti cuda-nvrtc cuda-runtime cudnn-cu13 cufft cufile curand cusolver cusparse \
    cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx; do
    skipped="$skipped --no-emit-package nvidia-$name"
done
for name in bindings pathfinder toolkit; do
    skipped="$skipped --no-emit-package cuda-$name"
done
# shellcheck disable=SC2086 # the list of skipped packages is meant to be split
compile $beside/requirements.txt "$@" $skipped $beside/requirements.in
