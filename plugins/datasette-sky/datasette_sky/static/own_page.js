// The plugin's own pages: the map of a table, a cone or a list, and a file's text into the list.

import { coneOf, showAnswer, showMap } from "./map.js";

const section = document.querySelector(".sky-map");
const embedded = section?.querySelector("script");
if (embedded) showList(JSON.parse(embedded.textContent));
else if (section) showAnswer(section, section.dataset.source, { frameName: section.dataset.frame, opener });

function showList(places) {
  const answer = { kind: "points", ...places, total: places.ra.length };
  const open = (k) => (answer.path[k] ? `${section.dataset.table}/${answer.path[k]}` : null);
  showMap(section, answer, { frameName: section.dataset.frame, open, rows: "matches", isClose: true });
}

function opener(answer) {
  const { table } = section.dataset;
  return (k) => answer.kind === "points" ? (answer.path[k] ? `${table}/${answer.path[k]}` : null) : `${table}?_sky=on&_cone=${coneOf(answer, k)}`;
}

const file = document.getElementById("sky-file");
if (file) {
  const list = document.getElementById("sky-list");
  const most = Number(file.dataset.most);
  file.closest("[hidden]").hidden = false;
  const read = async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const isTooLarge = chosen.size > most;
    file.setCustomValidity(isTooLarge ? `The file is too large: ${(most / 1e6).toLocaleString("en-US")} MB at most.` : "");
    if (isTooLarge) file.reportValidity();
    else list.value = await chosen.text();
  };
  file.addEventListener("change", read);
  list.addEventListener("input", () => file.setCustomValidity(""));
  read(); // chosen before this script came
}
