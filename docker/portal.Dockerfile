# The read side, and the worker of long queries. No Django, no astropy, no administrator's password.
FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 HOME=/tmp
WORKDIR /app
COPY requirements.lock ./
RUN pip install --constraint requirements.lock \
    datasette datasette-auth-passwords httptools numpy orjson pandas psycopg2-binary uvicorn uvloop
COPY pyproject.toml README.md metadata.yml ./
COPY plugins plugins
COPY server server
COPY portal portal
COPY docker/entry.sh docker/healthy.sh docker/
RUN pip install --no-deps --editable plugins/datasette-light-curves --editable plugins/datasette-postgresql \
    --editable plugins/datasette-query-charts --editable plugins/datasette-query-history \
    --editable plugins/datasette-query-plans --editable plugins/datasette-schema --editable plugins/datasette-sky \
    --editable plugins/datasette-sql-editor --editable plugins/datasette-survey-home --editable . \
    && python -m compileall -q plugins server portal \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin elasticc \
    && mkdir --mode=700 /state && chown 10001:10001 /state
USER 10001:10001
EXPOSE 8001
ENTRYPOINT ["/app/docker/entry.sh"]
CMD ["python", "-m", "portal"]
