// Badges to tap at the reader or drag onto it, and the PIN pad. Tapping is a button, so that the keyboard does it too.

import { byId, make } from "./dom.js";
import { act, failed, get, getBlob, latest, on } from "./link.js";
import { door } from "./door.js";
import { t } from "./texts.js";

const UNKNOWN = "17:65000";
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const IDS = { "*": "star", "#": "hash" };
const FAR_PX = 8;  // farther than that is a drag, not a tap
const portraits = new Map();
export let people = [];

export function setUpBadges() {
  for (const key of KEYS) byId("pad").append(padKey(key));
  byId("pad").append(duressKey());
  on("hello", () => {
    portraits.clear();
    loadPeople();
  });
  on("people", loadPeople);
  on("language", show);
  on("world", ({ scenario }) => {
    if (byId("badges").scenario === scenario) return;
    byId("badges").scenario = scenario;
    loadPeople();
  });
}

export async function loadPeople() {
  if (latest.hello?.mode !== "simulation") return;
  try {
    people = (await get("/api/people")).people;
  } catch (error) {
    failed(error);
  }
  show();
}

export async function portraitOf(name) {
  if (!portraits.has(name)) {
    portraits.set(name, getBlob(`/api/pictures/${encodeURIComponent(name)}`).then((blob) => URL.createObjectURL(blob)).catch(() => null));
  }
  return portraits.get(name);
}

function show() {
  const real = people.flatMap((person) => person.badges.map((badge) => [person, badge]));
  const first = real.find(([, badge]) => badge.state === "active" && !badge.is_duress)?.[1].badge;
  const odd = [
    oddBadge("unknown", "?", { badge: UNKNOWN }),
    ...(first ? [oddBadge("cloned", "⧉", { badge: first, via: "wiegand" }), oddBadge("parity", "≠", { badge: first, via: "wiegand", flip: [5] })] : []),
  ];
  const focused = document.activeElement?.id;
  byId("badges").replaceChildren(...[...real.map(ofPerson), ...odd].map((button) => make("li", {}, button)));
  if (focused) byId(focused)?.focus();
  byId("duress-pin").hidden = !people.some((person) => person.duress_pin);
}

function ofPerson([person, { badge, state, is_duress }]) {
  const face = make("span", { class: "face", text: initials(person.name) });
  const note = is_duress ? t("badges.duress") : state === "active" ? badge : `${badge} · ${t(`badge.${state}`)}`;
  const button = make("button", { type: "button", class: "badge", "data-badge": badge, id: is_duress ? "badge-duress" : `badge-${badge.replaceAll(/\W/g, "-")}` },
    face, make("span", {}, person.name, make("small", { text: note })));
  if (latest.hello.images.includes(person.image)) {
    portraitOf(person.image).then((url) => { if (url) face.replaceWith(make("img", { class: "face", src: url, alt: "" })); });
  }
  return movable(button, { badge });
}

export const initials = (name) => name.split(/\s+/).map((word) => word[0] ?? "").join("").slice(0, 2).toUpperCase();

function oddBadge(kind, sign, happening) {
  const button = make("button", { type: "button", class: "badge odd", id: `badge-${kind}`, "data-testid": `badge-${kind}` },
    make("span", { class: "face", "aria-hidden": "true", text: sign }), make("span", {}, t(`badges.${kind}`), make("small", { text: t(`badges.${kind}-note`) })));
  return movable(button, happening);
}

const present = (happening) => act({ door: door().name, ...happening });

// A click presents the badge; so does dragging it onto the reader. A drag that ends elsewhere does nothing.
function movable(button, happening) {
  let from = null;
  let moved = null;
  button.addEventListener("click", () => { if (!button.wasDragged) present(happening); });
  button.addEventListener("pointerdown", (event) => { from = event; button.wasDragged = false; });
  button.addEventListener("pointermove", (event) => {
    if (!from || (!moved && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) < FAR_PX)) return;
    if (!moved) {
      moved = button.cloneNode(true);
      moved.removeAttribute("id");
      moved.classList.add("dragged");
      document.body.append(moved);
      button.setPointerCapture(event.pointerId);
      button.wasDragged = true;
    }
    moved.style.left = `${event.clientX - 30}px`;
    moved.style.top = `${event.clientY - 20}px`;
    byId("reader").classList.toggle("over-reader", isOverReader(event));
  });
  const end = (event) => {
    if (moved && event.type === "pointerup" && isOverReader(event)) present(happening);
    moved?.remove();
    byId("reader").classList.remove("over-reader");
    from = moved = null;
  };
  button.addEventListener("pointerup", end);
  button.addEventListener("pointercancel", end);
  return button;
}

function isOverReader({ clientX, clientY }) {
  const { left, right, top, bottom } = byId("reader").getBoundingClientRect();
  return clientX > left - 30 && clientX < right + 30 && clientY > top - 30 && clientY < bottom + 30;
}

function padKey(key) {
  const name = IDS[key] ?? key;
  const button = make("button", { type: "button", id: `key-${name}`, "data-testid": `key-${name}`, text: key });
  if (IDS[key]) button.dataset.label = `pin.${name}`;
  button.addEventListener("click", () => act({ door: door().name, keys: key }));
  return button;
}

function duressKey() {
  const button = make("button", { type: "button", class: "wide-key", id: "duress-pin", "data-testid": "duress-pin", "data-text": "pin.duress", hidden: "" });
  button.addEventListener("click", () => {
    const person = people.find((one) => one.duress_pin);
    act({ door: door().name, keys: `${person.duress_pin}#` });
  });
  return button;
}
