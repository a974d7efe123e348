// Finds tables and columns as one types; shows in the drawing what a table refers to, and what refers to it.

const form = document.querySelector(".sc-search");
const box = document.getElementById("sc-q");
const found = document.getElementById("sc-found");
const status = document.getElementById("sc-status");
const all = document.getElementById("sc-all");
let timer, asking;

form.classList.add("sc-live");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, 120);
});

/** Puts what the server found in the place of the page; without words the page is back. */
async function find() {
  clearTimeout(timer);
  asking?.abort();
  const words = box.value.trim();
  const address = new URL(location.href);
  words ? address.searchParams.set("q", words) : address.searchParams.delete("q");
  address.hash = "";
  if (!words && all) return show("", address);
  if (!words) return location.assign(address);
  asking = new AbortController();
  const question = new URL(form.action);
  question.search = address.search;
  question.searchParams.set("_part", "found");
  try {
    const answer = await fetch(question, { signal: asking.signal });
    if (!answer.ok) throw new Error(answer.statusText);
    show(await answer.text(), address);
  } catch (error) {
    if (error.name !== "AbortError") form.submit();
  }
}

function show(text, address) {
  found.innerHTML = text;
  status.textContent = found.querySelector(".sc-count")?.textContent ?? "";
  if (all) all.hidden = text !== "";
  if (form.action === address.origin + address.pathname) history.replaceState(null, "", address);
}

const paths = [...document.querySelectorAll(".sc-paths path[data-from]")];
for (const link of document.querySelectorAll(".sc-drawing a[data-table]")) {
  const mark = (isOn) => {
    for (const path of paths) {
      const isIts = path.dataset.from === link.dataset.table || path.dataset.to === link.dataset.table;
      path.classList.toggle("sc-on", isOn && isIts);
    }
  };
  for (const name of ["pointerenter", "focus"]) link.addEventListener(name, () => mark(true));
  for (const name of ["pointerleave", "blur"]) link.addEventListener(name, () => mark(false));
}
