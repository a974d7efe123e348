// The plugin's own pages: the map of all objects or of a list's, and a file's text into the list.

import { cellCentre, element, showMap } from "./map.js";

const section = document.querySelector(".sky-map");
const embedded = section?.querySelector("script");
if (embedded) showList(JSON.parse(embedded.textContent));
else if (section) showAll();

function showList({ rows, objects }) {
  const found = rows.filter((row) => row[2] !== null && row[4] !== null);
  const answer = { kind: "points", ra: found.map((row) => row[4]), decl: found.map((row) => row[5]), label: found.map((row) => String(row[2])), total: found.length };
  showMap(section, answer, { frameName: section.dataset.frame, open: (k) => `${objects}/${answer.label[k]}`, rows: "objects" });
}

async function showAll() {
  const status = section.appendChild(element("p", { className: "sky-caption" }, "Finding where the rows are …"));
  try {
    const answer = await fetch(section.dataset.source);
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error ?? answer.statusText);
    status.remove();
    const open = (k) => body.kind === "points" ? `${section.dataset.table}/${body.path[k]}`
      : `${section.dataset.table}?_sky=on&_cone=${cellCentre(body, k).map((one) => one.toFixed(4)).join(",")}`;
    showMap(section, body, { frameName: section.dataset.frame, open });
  } catch (error) {
    status.textContent = `The map can't be shown: ${error.message}`;
  }
}

const file = document.getElementById("sky-file");
if (file) {
  file.closest("[hidden]").hidden = false;
  const read = async () => {
    if (file.files[0]) document.getElementById("sky-list").value = await file.files[0].text();
  };
  file.addEventListener("change", read);
  read(); // chosen before this script came
}
