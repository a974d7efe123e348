#!/bin/sh
# Run a command of the project against the database that the environment names, its password read from a file:
#   ELASTICC_DB_PASSWORD_FILE   needed
#   ELASTICC_DB_USER            the role, needed: elasticc_ro for the portal, an administrator for the loader
#   ELASTICC_DB_HOST            a host name, or the folder of a Unix socket; default: database
#   ELASTICC_DB_PORT            default: 5432
#   ELASTICC_DB_NAME            default: elasticc
# The address with the password goes to a file of ours in a memory file system, not into the environment.
set -eu
: "${ELASTICC_DB_USER:?is needed: the role to connect as}"
: "${ELASTICC_DB_PASSWORD_FILE:?is needed: the file with its password}"
if [ ! -r "$ELASTICC_DB_PASSWORD_FILE" ]; then
    echo "ELASTICC_DB_PASSWORD_FILE names $ELASTICC_DB_PASSWORD_FILE, which can't be read." >&2
    exit 1
fi
umask 077
file=$(mktemp "${TMPDIR:-/tmp}/database_url.XXXXXX")
python - >"$file" <<'PYTHON'
from os import environ
from pathlib import Path
from urllib.parse import quote

user = quote(environ["ELASTICC_DB_USER"], safe="")
password = quote(Path(environ["ELASTICC_DB_PASSWORD_FILE"]).read_text().strip(), safe="")
host = quote(environ.get("ELASTICC_DB_HOST") or "database", safe="")
port = quote(environ.get("ELASTICC_DB_PORT") or "5432", safe="")
name = quote(environ.get("ELASTICC_DB_NAME") or "elasticc", safe="")
print(f"postgresql://{user}:{password}@/{name}?host={host}&port={port}")
PYTHON
unset ELASTICC_DATABASE_URL
export ELASTICC_DATABASE_URL_FILE="$file"
exec "$@"
