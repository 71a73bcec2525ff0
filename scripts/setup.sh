#!/bin/sh
# Make .venv what the pins say. Called by the Makefile; usable alone.
#
# Usage: scripts/setup.sh core    what the fleet runs with
#        scripts/setup.sh dev     and what tests and lint need
#
# It needs Python 3.11, 3.12 or 3.13 and, the first time, the network: pip fetches uv (pinned with
# hashes), uv does the rest. The stamps .venv/stamp-* let make skip it all on the next start.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd -P)
what=${1:?usage: scripts/setup.sh core|dev}

say() { printf '%s\n' "$*"; }
fail() {
    printf '\n' >&2
    printf '%s\n' "$@" >&2
    exit 1
}

supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

# A candidate is run before it is believed: a version manager's shim may exist and not work.
find_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        if supported "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "Datafleet needs Python 3.11, 3.12 or 3.13; ${PYTHON:-what the PATH has} is none of them." \
        "Install one (Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install python@3.13)" \
        "or name one: make run PYTHON=/path/to/python3.12"
}

make_environment() {
    python=$(find_python)
    say "Making .venv with $("$python" --version) ($python)"
    "$python" -m venv --clear .venv || fail "Python could not make the environment .venv (its message is above)." \
        "On Debian and Ubuntu the package python3-venv is needed: apt install python3-venv"
}

# A folder that was moved, or a Python that was removed, leaves an environment nobody can use.
if [ -e .venv ] && ! { supported .venv/bin/python && grep -qsF "$root/.venv" .venv/bin/activate; }; then
    say "The environment .venv belongs to another folder or Python; making it anew"
    make_environment
elif [ ! -e .venv ]; then
    make_environment
fi

wanted=$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements/bootstrap.txt)
if [ "$(.venv/bin/uv --version 2>/dev/null | cut -d ' ' -f 2)" != "$wanted" ]; then
    say "Fetching uv $wanted, the installer"
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
        -r requirements/bootstrap.txt ||
        fail "pip could not fetch uv (its message is above)." \
            "Check the network, and behind a proxy HTTPS_PROXY or PIP_INDEX_URL, then start again."
fi

install() {
    .venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode "$@" ||
        fail "The installation stopped (uv's message is above)." \
            "Check the network, the space on the disk, and behind a proxy HTTPS_PROXY or UV_DEFAULT_INDEX;" \
            "then start again: what has been fetched is kept."
}

started=$(date +%s)
case $what in
core)
    say "Installing $(grep -c '^[a-z0-9].*==' requirements/core.txt) pinned packages and the fleet's own"
    install --require-hashes -r requirements/core.txt
    set -- --no-deps --no-build-isolation
    for folder in shared-lib gateway svc-* sdk deploy/embedded; do set -- "$@" -e "./$folder"; done
    install "$@"
    ;;
dev)
    say "Installing the pinned tools of development"
    install --require-hashes -r requirements/dev.txt
    ;;
*) fail "usage: scripts/setup.sh core|dev" ;;
esac
printf '%s\n' "$root" >".venv/stamp-$what"
say "Installed in $(($(date +%s) - started)) s"
