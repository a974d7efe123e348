// Check counters in place, one after the other. Without this script each has its own page.
"use strict";
const forms = [...document.querySelectorAll("form.check")];
const all = document.getElementById("check-all");

async function check(form) {
  const said = form.querySelector(".said");
  const button = form.querySelector("button");
  button.disabled = true;
  said.textContent = "Counting …";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new FormData(form),
      headers: { "X-Requested-With": "XMLHttpRequest" },
    });
    const { right, said: sentence } = await answer.json();
    said.textContent = right ? "right" : `${sentence} To put it right: python -m loader check counts --fix`;
    said.classList.toggle("why", !right);
  } catch {
    said.textContent = "The check was cut short.";
  }
  button.disabled = false;
}

for (const form of forms) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    check(form);
  });
}
all.hidden = false;
all.addEventListener("click", async () => {
  all.disabled = true;
  for (const form of forms) await check(form);
  all.disabled = false;
});
