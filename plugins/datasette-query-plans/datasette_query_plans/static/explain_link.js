// The link "Explain" leads to PostgreSQL's own text; where this plugin is, to the tree.
for (const link of document.querySelectorAll("a.explain-sql")) {
  const address = new URL(link.href);
  const parts = address.pathname.split("/");
  const database = parts.pop();
  address.searchParams.set("sql", address.searchParams.get("sql").replace(/^explain /, ""));
  address.pathname = [...parts, "-", "query-plan", database].join("/");
  link.href = address.href;
}
