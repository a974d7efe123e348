#!/bin/sh
# Make the secrets that are missing, at random, one a file: docker/secrets.sh [FOLDER]
# The folder is for its owner alone. The files in it are readable, for Compose mounts them as they are into containers
# whose users are others.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"
for name in postgres_password ro_password login_password portal_secret django_secret first_password; do
    [ -s "$folder/$name" ] && continue
    draft=$(mktemp "$folder/.draft.XXXXXX")
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$draft"
    chmod 444 "$draft"
    mv "$draft" "$folder/$name"
done
