#!/bin/sh
# Make the database ready, once or once more: roles, tables, the first account, and what there is to load.
#   ELASTICC_FIRST_USER, ELASTICC_FIRST_PASSWORD_FILE   the first account; default name: elasticc
#   ELASTICC_DATA                                       a folder of SNANA FITS; nothing is loaded where it is empty or not there
#   ELASTICC_SAMPLE                                     how many objects of the project's own sample; default: none.
#                                                       Not beside other data: that takes the sample's place
# Runs under entry.sh.
set -eu
user=${ELASTICC_FIRST_USER:-elasticc}
data=${ELASTICC_DATA:-/data}

python -m loader init
accounts=$(python -m loader user list)
if ! printf '%s\n' "$accounts" | awk '{print $1}' | grep -Fxq -- "$user"; then
    : "${ELASTICC_FIRST_PASSWORD_FILE:?is needed: the file with the password of $user}"
    python -m loader user add --admin "$user" <"$ELASTICC_FIRST_PASSWORD_FILE"
fi
if [ -d "$data" ] && [ -n "$(ls -A "$data")" ]; then
    python -m loader unload-demo # a sample from an earlier start would falsify every count
    python -m loader load snana "$data" || echo "Some files were refused (see above); what was loaded is served." >&2
fi
if [ "${ELASTICC_SAMPLE:-0}" != 0 ]; then
    python -m loader load demo --objects "$ELASTICC_SAMPLE" --seed 1 --unless-others
fi
