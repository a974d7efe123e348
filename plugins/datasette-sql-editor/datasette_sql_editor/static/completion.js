// What may stand at the cursor: tables of this database, and columns of those that the statement names, by their aliases too.

const TOKEN = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"((?:[^"]|"")*)(?:"|$)|([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|(\S)/g;
const NO_ALIAS = new Set(
  ("where on using join left right inner outer full cross natural lateral group order having limit offset fetch for union except intersect " +
    "window tablesample select set returning and or not when then else end values with").split(" "),
);
// What comes before a table: from, join, and a comma between tables, which is told by what the list began with.
const BEFORE_TABLE = /(?:\b(?:from|join)\s+|\bfrom\s+[\w".\s]+,\s*)(?:"[^"]*|[\w$]*)$/i;

/** A source for CodeMirror; the names are fetched once, when something is first completed. */
export function nameSource(address) {
  let waiting = null;
  const names = () => (waiting ??= fetched(address));
  return async (context) => {
    const typed = context.matchBefore(/"(?:[^"]|"")*|[\w$\u0080-\uffff]*/);
    const word = typed?.text ?? "";
    const before = context.state.sliceDoc(0, typed ? typed.from : context.pos);
    const owner = before.match(/(?:"((?:[^"]|"")+)"|([\w$\u0080-\uffff]+))\.$/);
    if (!word && !owner && !context.explicit) return null;
    if (within(before)) return null;
    const text = context.state.doc.toString();
    const options = choose(await names(), text, owner, BEFORE_TABLE.test(before + word));
    const isQuoted = word.startsWith('"');
    return options.length
      ? { from: (typed ? typed.from : context.pos) + (isQuoted ? 1 : 0), options, validFor: isQuoted ? /^[^"]*$/ : /^[\w$\u0080-\uffff]*$/ }
      : null;
  };
}

async function fetched(address) {
  if (!address) return [];
  try {
    const answer = await fetch(address);
    return answer.ok ? (await answer.json()).tables : [];
  } catch {
    return []; // the keywords are left
  }
}

/** Whether the cursor is in a string or a comment. */
function within(before) {
  let last = null;
  for (const match of before.matchAll(TOKEN)) last = match;
  if (!last || last.index + last[0].length < before.length) return false;
  const text = last[0];
  if (text.startsWith("--")) return true;
  if (text.startsWith("/*")) return !text.endsWith("*/");
  return text.startsWith("'") && (text.length === 1 || (text.match(/'/g).length % 2 === 1));
}

function choose(tables, text, owner, isTable) {
  const named = mentioned(tables, text);
  if (owner) {
    const wanted = owner[1]?.replaceAll('""', '"') ?? owner[2];
    const same = (one) => one === wanted || (!owner[1] && one?.toLowerCase() === wanted.toLowerCase());
    const found = named.find((one) => same(one.alias)) ?? named.find((one) => same(one.table.name));
    if (found) return found.table.columns.map((column) => columnOption(column, found.table));
    const schema = `${wanted}.`;
    return tables.filter((table) => table.name.startsWith(schema)).map((table) => tableOption(table, table.name.slice(schema.length)));
  }
  const written = tables.map((table) => tableOption(table, table.name, isTable ? 30 : 0));
  return isTable ? [...written, ...queryNames(text)] : [...columnsOf(named), ...written, ...queryNames(text), ...aliases(named)];
}

/** The tables that stand in the text, each with its alias if it has one. */
function mentioned(tables, text) {
  const words = [];
  for (const [whole, quoted, bare, other] of text.matchAll(TOKEN)) {
    if (quoted !== undefined && whole.startsWith('"')) words.push({ name: quoted.replaceAll('""', '"'), isQuoted: true });
    else if (bare) words.push({ name: bare, isQuoted: false });
    else if (other) words.push({ sign: other });
  }
  const known = new Map(tables.map((table) => [table.name, table]));
  const found = [];
  words.forEach((word, k) => {
    if (!word.name) return;
    const dotted = words[k + 1]?.sign === "." && words[k + 2]?.name ? `${word.name}.${words[k + 2].name}` : null;
    const table = (dotted && known.get(dotted)) ?? known.get(word.isQuoted ? word.name : word.name.toLowerCase()) ?? known.get(word.name);
    if (!table || (table === known.get(word.name) && words[k + 1]?.sign === ".")) return;
    let at = k + (dotted && known.get(dotted) ? 3 : 1);
    if (words[at]?.name?.toLowerCase() === "as" && !words[at].isQuoted) at += 1;
    const next = words[at];
    const alias = next?.name && (next.isQuoted || !NO_ALIAS.has(next.name.toLowerCase())) ? next.name : null;
    if (!found.some((one) => one.table === table && one.alias === alias)) found.push({ table, alias });
  });
  return found;
}

/** A column that two of the tables have is written with its table. */
function columnsOf(named) {
  const owners = new Map();
  for (const one of named) for (const column of one.table.columns) owners.set(column[0], (owners.get(column[0]) ?? 0) + 1);
  return named.flatMap((one) =>
    one.table.columns.map((column) => {
      const owner = owners.get(column[0]) > 1 ? (one.alias ?? one.table.sql) : null;
      return columnOption(column, one.table, owner, 40);
    }),
  );
}

function columnOption([name, written, type, meaning], table, owner = null, boost = 0) {
  const detail = owner ? `${type} · ${owner}` : type;
  return { label: name, detail, boost, type: "property", info: told(meaning, table.name), apply: insert(owner ? `${owner}.${written}` : written) };
}

function tableOption(table, label, boost = 0) {
  return { label, detail: "table", boost, type: "type", info: told(table.about), apply: insert(label === table.name ? table.sql : written(label)) };
}

const written = (name) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** Names that the statement itself makes: `with name as (`. */
function queryNames(text) {
  const found = [...text.matchAll(/(?:"([^"]+)"|([\w$]+))\s*(?:\([^()]*\)\s*)?\bas\s+(?:(?:not\s+)?materialized\s+)?\(\s*(?:select|with|values|table)\b/gi)];
  return found.map(([, quoted, bare]) => ({ label: quoted ?? bare, detail: "of this query", type: "type", apply: insert(quoted ? written(quoted) : bare) }));
}

function aliases(named) {
  return named.filter((one) => one.alias).map((one) => ({ label: one.alias, detail: one.table.name, type: "variable", boost: -5 }));
}

function told(meaning, table) {
  if (!meaning && !table) return undefined;
  return () => {
    const node = document.createElement("div");
    node.textContent = [meaning, table && `in ${table}`].filter(Boolean).join(" · ");
    return node;
  };
}

/** A name may need quotes: those that are already there, on either side, are replaced. */
function insert(text) {
  return (view, _, from, to) => {
    const doc = view.state.doc;
    const start = doc.sliceString(from - 1, from) === '"' ? from - 1 : from;
    const end = start < from && doc.sliceString(to, to + 1) === '"' ? to + 1 : to;
    view.dispatch({ changes: { from: start, to: end, insert: text }, selection: { anchor: start + text.length }, userEvent: "input.complete" });
  };
}
