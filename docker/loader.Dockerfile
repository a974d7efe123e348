# The write side: makes the database ready, loads files, keeps the accounts; and serves the admin site, where asked to.
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 HOME=/tmp ELASTICC_UPLOADS=/uploads
WORKDIR /app
COPY requirements.lock ./
RUN pip install --constraint requirements.lock \
    astropy click confluent-kafka django fastavro numpy psycopg2-binary pyarrow waitress
COPY server server
COPY loader loader
COPY docker/entry.sh docker/init.sh docker/
RUN mkdir /data && mkdir --mode=700 /uploads && chown 10001:10001 /uploads && python -m compileall -q server loader \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin elasticc
USER 10001:10001
ENTRYPOINT ["/app/docker/entry.sh"]
CMD ["docker/init.sh"]
