// Send the form's files with a bar that moves. Without this script the form works, without the bar.
"use strict";
const form = document.getElementById("upload");
const problems = document.getElementById("problems");

function say(sentences) {
  problems.replaceChildren(...sentences.map((sentence) => {
    const line = document.createElement("p");
    line.className = "errornote";
    line.textContent = sentence;
    return line;
  }));
}

function only(name, kinds) {
  const kind = form.elements.kind.value;
  form.querySelector(`.field-${name}`).hidden = !kinds.includes(kind);
}

function showWhatMatters() {
  only("table", ["table"]);
  only("schema", ["alerts", "broker"]);
  only("sim_version", ["snana"]);
}

form.elements.kind.addEventListener("change", showWhatMatters);
showWhatMatters();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const bytes = [...form.elements.files.files].reduce((sum, file) => sum + file.size, 0);
  if (bytes > Number(form.dataset.mostBytes)) {
    say([form.dataset.tooLarge]);
    return;
  }
  say([]);
  const button = form.querySelector("input[type=submit]");
  const sending = form.querySelector(".sending");
  button.disabled = true;
  sending.hidden = false;
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (told) => {
    if (told.lengthComputable) document.getElementById("sent").value = (100 * told.loaded) / told.total;
  });
  const end = (sentences) => {
    button.disabled = false;
    sending.hidden = true;
    say(sentences);
  };
  request.addEventListener("error", () => end(["The connection was lost before the files were there. Nothing was loaded."]));
  request.addEventListener("load", () => {
    let answer;
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      end([request.status === 413 ? form.dataset.tooLarge : `The server answered ${request.status}. Nothing was loaded.`]);
      return;
    }
    if (answer.url) window.location.assign(answer.url);
    else end(answer.errors);
  });
  request.open("POST", window.location.pathname);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  request.send(new FormData(form));
});
