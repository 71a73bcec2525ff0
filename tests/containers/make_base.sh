#!/bin/sh
# Make datafleet-test/python:local, a base image of Debian with Python, where no registry can be
# reached. Needs root, debootstrap (Debian: apt-get install debootstrap) and some minutes, once.
# Usage: tests/containers/make_base.sh [MIRROR]
set -eu
command -v debootstrap >/dev/null || {
    echo "$0: debootstrap is missing; apt-get install debootstrap" >&2
    exit 1
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
packages=python3,python3-pip,python3-venv,ca-certificates,libgomp1
debootstrap --variant=minbase "--include=$packages" bookworm "$folder" ${1:+"$1"} >&2
# What this machine trusts, its builds may trust.
cp /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/"
rm -f "$folder"/usr/lib/python3.*/EXTERNALLY-MANAGED
ln -sf /usr/bin/python3 "$folder/usr/local/bin/python"
tar -C "$folder" -c . | docker import \
    --change 'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
    --change 'CMD ["python"]' - datafleet-test/python:local
