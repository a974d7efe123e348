// Names for what Datasette's own pages leave without one, and a way by keyboard into what scrolls.

const NAMES = {
  "select[name^=_filter_column]": "Column to filter by",
  "select[name^=_filter_op]": "How to compare",
  "input[name^=_filter_value]": "Value to compare with",
  "select[name=_sort]": "Sort by",
};

function name() {
  for (const [selector, text] of Object.entries(NAMES)) {
    for (const element of document.querySelectorAll(selector)) {
      if (!element.labels?.length && !element.hasAttribute("aria-label")) element.setAttribute("aria-label", text);
    }
  }
}

name();
for (const element of document.querySelectorAll("dl.column-descriptions, .table-wrapper, pre.wrapped-sql, pre#sql-query")) {
  if (element.scrollHeight > element.clientHeight || element.scrollWidth > element.clientWidth) element.tabIndex = 0;
}

// What is behind the # of a shared link, a chart's settings say, never reaches the server: it goes on with the form.
for (const form of document.querySelectorAll("form.login-form")) form.action += location.hash;
