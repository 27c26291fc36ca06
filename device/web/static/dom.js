// Small helpers for elements: find by id, make, and fill lists without rebuilding what has the focus.

export const byId = (id) => document.getElementById(id);

// make("button", { id: "a", class: "icon", text: "Go", "data-row": 3 }, child, child...)
export function make(tag, given = {}, ...children) {
  return filled(document.createElement(tag), given, children);
}

export function draw(tag, given = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), given, children);
}

function filled(element, given, children) {
  for (const [name, value] of Object.entries(given)) {
    if (name === "text") element.textContent = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

export function mark(element, name, value) {
  const text = String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

// Fills a <select> with [value, words] pairs; keeps what is chosen.
export function offer(select, pairs) {
  const key = JSON.stringify(pairs);
  if (select.offered === key) return;
  select.offered = key;
  const chosen = select.value;
  select.replaceChildren(...pairs.map(([value, words]) => make("option", { value, text: words })));
  if (pairs.some(([value]) => value === chosen)) select.value = chosen;
}

// Shows what the world says, but not while the person there is choosing.
export function choose(select, value) {
  if (document.activeElement !== select && select.value !== value) select.value = value;
}
