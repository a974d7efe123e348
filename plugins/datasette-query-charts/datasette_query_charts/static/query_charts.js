// On every page with a result: a link that opens a chart of it. What draws it is fetched when it is first wanted.

const find = (selector) => document.querySelector(selector);
const before = find(".facet-results") ?? find(".table-wrapper") ?? find(".zero-results");
let chart;

function follow() {
  if (!chart && !/^#chart(=|$)/.test(location.hash)) return;
  chart ??= import("./section.js").then(({ section }) => section(before));
  chart.then(({ show }) => show());
}

if (before) {
  if (find("table.rows-and-columns tbody tr")) {
    const link = Object.assign(document.createElement("a"), { href: "#chart", textContent: "Chart" });
    const row = Object.assign(document.createElement("p"), { className: "qc-row" });
    row.append(link);
    (find(".export-links") ?? before).before(row);
  }
  addEventListener("popstate", follow);
  follow();
}
