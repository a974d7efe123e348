# The write side: makes the database ready, loads files, keeps the accounts. Ends when it is done.
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 HOME=/tmp
WORKDIR /app
COPY requirements.lock ./
RUN pip install --constraint requirements.lock \
    astropy click confluent-kafka django fastavro numpy psycopg2-binary pyarrow uvicorn
COPY server server
COPY loader loader
COPY docker/entry.sh docker/init.sh docker/
RUN mkdir /data && python -m compileall -q server loader \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin elasticc
USER 10001:10001
ENTRYPOINT ["/app/docker/entry.sh"]
CMD ["docker/init.sh"]
