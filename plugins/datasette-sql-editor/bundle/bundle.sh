#!/bin/sh
# Makes static/vendor anew from npm's packages of package.json: bundle.sh [FOLDER]. Who only uses the plugin never needs it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$(mkdir -p "${1:-$here/../datasette_sql_editor/static/vendor}" && cd "${1:-$here/../datasette_sql_editor/static/vendor}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/package.json "$here"/*.js "$work"
cd "$work"
npm install --silent --no-audit --no-fund --no-package-lock
for name in codemirror formatter; do
  npx esbuild "$name.js" --bundle --minify --format=esm --target=es2022 --legal-comments=none --log-level=warning \
    --metafile="$name.json" --outfile="$target/$name.min.js"
done
# Whose code is in the two files, and under which licence.
node -e '
const fs = require("fs");
const inputs = ["codemirror", "formatter"].flatMap((name) => Object.keys(JSON.parse(fs.readFileSync(`${name}.json`)).inputs));
const found = inputs.map((input) => input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean);
for (const name of [...new Set(found)].sort()) {
  const folder = `node_modules/${name}`;
  const licence = fs.readdirSync(folder).find((file) => /^licen[sc]e/i.test(file));
  const { version } = JSON.parse(fs.readFileSync(`${folder}/package.json`));
  console.log(`${name} ${version}\n\n${fs.readFileSync(`${folder}/${licence}`, "utf8").trim()}\n\n`);
}' >"$target/LICENSES.txt"
