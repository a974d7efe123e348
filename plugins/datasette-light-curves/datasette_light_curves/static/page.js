// Elements, and groups of buttons that choose, switch or act.

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  Object.assign(made, properties);
  if (properties.role) made.setAttribute("role", properties.role);
  made.append(...children);
  return made;
}

/** `choices`: one of [value, text]; `toggles`: any of [name, content, isOn]; `actions`: [text, run, what it does]. */
export function group(title, { choices = [], chosen, choose, toggles = [], toggle, actions = [] }) {
  const buttons = element("span", { className: "lc-buttons" });
  for (const [value, text] of choices) {
    const button = press(text, value === chosen);
    button.onclick = () => {
      buttons.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", other === button));
      choose(value);
    };
    buttons.append(button);
  }
  for (const [name, content, isOn] of toggles) {
    const button = press(content, isOn);
    button.dataset.name = name;
    button.onclick = () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", on);
      toggle(name, on);
    };
    buttons.append(button);
  }
  for (const [text, run, what] of actions) {
    const button = element("button", { type: "button", onclick: run }, text);
    if (what) {
      button.setAttribute("aria-label", what);
      button.title = what;
    }
    buttons.append(button);
  }
  const made = element("div", { className: "lc-group", role: "group" }, element("span", { className: "lc-title" }, title), buttons);
  made.setAttribute("aria-label", title);
  return made;
}

function press(content, isOn) {
  const button = element("button", { type: "button" }, ...(Array.isArray(content) ? content : [content]));
  button.setAttribute("aria-pressed", isOn);
  return button;
}
