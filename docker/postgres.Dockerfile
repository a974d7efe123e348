# PostgreSQL 18 with q3c, from the PGDG repository that the official image already knows.
FROM postgres:18
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-18-q3c \
    && rm -rf /var/lib/apt/lists/*
COPY docker/postgres/q3c.sql /docker-entrypoint-initdb.d/
USER postgres
