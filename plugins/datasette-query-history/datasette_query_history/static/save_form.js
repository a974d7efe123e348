// Below the SQL page's form: a small one that saves the query as it was run, and the way to the others.

const told = window.datasetteQueryHistory;
const form = document.querySelector("form.sql");
if (told && form) form.after(saveForm());

function saveForm() {
  const details = element("details", { className: "qh-save" }, element("summary", {}, "Save or share this query"));
  const save = element("form", { action: told.save, method: "post" });
  for (const [name, value] of Object.entries({ ...told.query, csrftoken: told.csrftoken })) {
    save.append(element("input", { type: "hidden", name, value }));
  }
  const title = element("input", { type: "text", id: "qh-title", name: "title", required: true, maxLength: 200, autocomplete: "off" });
  const label = element("label", { htmlFor: "qh-title" }, "Title");
  save.append(label, title, element("button", { type: "submit", className: "qh-button" }, "Save"));
  details.append(save, element("p", {}, "It gets a link that others who are logged in can open. "), element("a", { href: told.history }, "Your queries"));
  details.addEventListener("toggle", () => details.open && title.focus());
  return details;
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}
