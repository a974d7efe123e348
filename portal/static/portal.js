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

// Datasette's column menus open by mouse. Here Enter opens one, Tab goes through it, and Escape leads back.
document.addEventListener("DOMContentLoaded", () => {
  const menu = document.querySelector("body > .dropdown-menu");
  let opener = null;
  for (const icon of document.querySelectorAll("th > .dropdown-menu-icon")) {
    const said = { role: "button", tabindex: "0", "aria-haspopup": "true", "aria-label": `Menu of ${icon.closest("th").dataset.column}` };
    for (const [key, value] of Object.entries(said)) icon.setAttribute(key, value);
    icon.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      opener = icon;
      icon.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      [...menu.querySelectorAll("a")].find((link) => link.offsetParent)?.focus();
    });
  }
  menu?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.style.display = "none";
    opener?.focus();
  });
});
