// What was drawn of how many rows, what was left out and why, in sentences.

const number = (value) => value.toLocaleString("en");
const counted = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** `inAll` is the page's own word for how many rows there are, or null; `most` how many are fetched at the most. */
export function sentences({ rows, page, inAll, most, model, choices, columns, unknown }) {
  const said = [rowsDrawn(rows, page, inAll, most)];
  if (model) {
    const left = model.left;
    const names = [choices.x, ...(choices.kind === "histogram" ? [] : choices.y)].filter(Boolean).join(" or ");
    if (left.missing) said.push(`${counted(left.missing, "value")} without a number in ${names} ${left.missing === 1 ? "is" : "are"} left out.`);
    if (left.notPositive) said.push(`${counted(left.notPositive, "value")} that ${left.notPositive === 1 ? "isn't" : "aren't"} above 0 can't be on a log axis.`);
    if (model.cut) said.push(`The first ${number(model.count)} bars; ${number(model.cut)} more have no room.`);
    if (roundedColumns(rows, choices, columns).length) said.push(`${roundedColumns(rows, choices, columns).join(" and ")} has whole numbers beyond 2⁵³, which are drawn rounded.`);
  }
  if (unknown?.length) said.push(`There is no column ${unknown.map((name) => `“${name}”`).join(", ")} here; another was taken.`);
  return said.join(" ");
}

function rowsDrawn(rows, page, inAll, most) {
  const many = counted(rows.count, "row");
  if (rows === page) {
    if (page.isAll) return rows.count === 1 ? "The only row." : `All ${many}.`;
    return `The ${many} of this page${inAll ? `, of ${inAll} in all` : "; there are more"}.`;
  }
  if (rows.note === "most") return `The first ${many}${inAll ? ` of ${inAll}` : ""}; more than ${number(most)} aren't drawn.`;
  if (rows.note === "stopped") return `The first ${many}${inAll ? ` of ${inAll}` : ""}; reading was stopped.`;
  if (rows.note) return `The first ${many}; then reading ended: ${rows.note}`;
  return rows.isCut ? `The first ${many}; this server gives no more at once.` : `All ${many}.`;
}

const isBig = (text) => /^[+-]?\d{16,}$/.test(text) && !Number.isSafeInteger(+text);

function roundedColumns(rows, choices, columns) {
  const drawn = new Set([choices.x, ...(choices.kind === "histogram" ? [] : choices.y)]);
  return columns.filter(({ name, kind }) => kind === "number" && drawn.has(name) && rows.texts(name).some(isBig)).map(({ name }) => name);
}
