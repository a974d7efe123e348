// Beside the button that runs SQL: the way to what the tables and columns are.
const form = document.querySelector("form.sql");
if (form?.querySelector("[name=sql]")) {
  const parts = new URL(form.action).pathname.split("/");
  const database = parts.pop();
  const link = document.createElement("a");
  link.href = [...parts, "-", "schema", database].join("/");
  link.textContent = "Tables and columns";
  link.className = "canned-query-edit-sql";
  form.querySelector("input[type=submit]").parentElement.append(" ", link);
}
