#!/bin/sh
# As the published image starts: an empty folder is set up first, with the scripts of its folder.
set -eu
programs=$(echo /usr/lib/postgresql/*/bin)
PATH=$programs:$PATH
PGDATA=/var/lib/postgresql/data
as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }

mkdir -p "$PGDATA"
chown postgres:postgres "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    as_postgres initdb --pgdata "$PGDATA" --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256 >/dev/null
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    as_postgres pg_ctl --wait --pgdata "$PGDATA" --options "-c listen_addresses=''" start
    for script in /docker-entrypoint-initdb.d/*.sh; do as_postgres sh "$script"; done
    as_postgres pg_ctl --wait --pgdata "$PGDATA" stop
fi
exec setpriv --reuid=postgres --regid=postgres --clear-groups \
    "$programs/postgres" -D "$PGDATA" -c listen_addresses='*'
