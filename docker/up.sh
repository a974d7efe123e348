#!/bin/sh
# Start the whole: docker/up.sh [-d] [--build] …, as for `docker compose up`.
#   DATA=FOLDER      load the SNANA FITS in it       SAMPLE=500   load that many objects of the project's own sample
set -eu
here=$(cd "$(dirname "$0")" && pwd)
"$here/secrets.sh"
if [ -n "${DATA:-}" ]; then
    DATA=$(cd "$DATA" && pwd)
    export DATA
fi
echo "Portal    http://127.0.0.1:${ELASTICC_PORT:-8001}/"
echo "User      ${ELASTICC_FIRST_USER:-elasticc}"
echo "Password  in $here/secrets/first_password"
exec docker compose -f "$here/compose.yml" up "$@"
