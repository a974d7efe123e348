// Look at a load once a second until it is over.
"use strict";
const place = document.getElementById("progress");

async function look() {
  let answer;
  try {
    answer = await (await fetch(place.dataset.url, { headers: { Accept: "application/json" } })).json();
  } catch {
    window.setTimeout(look, 3000);
    return;
  }
  if (place.dataset.html !== answer.html) {
    place.innerHTML = answer.html;
    place.dataset.html = answer.html;
  }
  if (!answer.over) window.setTimeout(look, 1000);
}

window.setTimeout(look, 500);
