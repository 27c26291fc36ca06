// The door, drawn: each part follows what the controller says of it. Several doors: one is chosen.

import { byId, draw, make, mark, say } from "./dom.js";
import { act, latest, on, tell } from "./link.js";
import { named, t } from "./texts.js";

const LAMPS = { look: "ask", "turn-left": "ask", "turn-right": "ask", waiting: "ask", granted: "good", denied: "bad", alarm: "bad" };
const ARROWS = { "turn-left": "←", "turn-right": "→", granted: "✓", denied: "✕", alarm: "!" };
const ALARMS = ["forced", "held-open", "fault"];
let chosen = "";
let parts = {};

export const door = () => latest.world?.doors.find(({ name }) => name === chosen) ?? latest.world?.doors[0];
export const lineOf = (view, name) => view?.inputs.find((wire) => wire.name === name)?.line ?? null;

export function setUpDoor() {
  byId("door-drawing").append(...drawing());
  byId("push-door").addEventListener("click", () => setLine("dps", lineOf(door(), "dps") === "active" ? "quiet" : "active"));
  byId("press-exit").addEventListener("click", async () => {
    await setLine("rex", "active");
    setTimeout(() => setLine("rex", "quiet"), 600);
  });
  on("world", show);
  on("language", () => { name(); if (latest.world) show(latest.world); });
}

const setLine = (input, line) => act({ door: door().name, input, line });

function part(key, tag, given, ...children) {
  parts[key] = draw(tag, given, ...children);
  return parts[key];
}

const label = (key, x, y, anchor = "middle") => draw("text", { x, y, "text-anchor": anchor, "data-part": key });

function drawing() {
  return [
    draw("rect", { class: "wall", x: -600, y: -200, width: 1700, height: 440 }),
    draw("rect", { class: "metal", x: -600, y: 234, width: 1700, height: 6 }),
    draw("rect", { class: "hole", x: 166, y: 26, width: 124, height: 208 }),
    draw("path", { class: "frame", d: "M162 236V22H294V236" }),
    part("leaf", "g", { class: "leaf-turn" },
      draw("rect", { class: "leaf", x: 168, y: 28, width: 120, height: 206, rx: 2 }),
      draw("path", { class: "frame-inner", d: "M182 44h92v78h-92z M182 140h92v78h-92z" }),
      draw("rect", { class: "metal", x: 264, y: 126, width: 18, height: 6, rx: 3 })),
    draw("rect", { class: "drawn", x: 288, y: 112, width: 20, height: 34, rx: 3 }),
    part("bolt", "rect", { class: "bolt", x: 280, y: 122, width: 18, height: 13, rx: 2 }),
    label("strike", 312, 164, "start"),
    part("contact", "circle", { class: "lamp", cx: 278, cy: 15, r: 6 }),
    label("contact", 268, 19, "end"),
    draw("rect", { class: "drawn", x: 72, y: 116, width: 42, height: 42, rx: 6 }),
    part("exit", "circle", { class: "lamp", cx: 93, cy: 137, r: 13 }),
    label("exit", 93, 174),
    draw("path", { class: "wire", d: "M298 112V62H426 M491 80V226H310" }),
    draw("g", { transform: "translate(50 0)" }, ...reader(), ...controller()),
  ];
}

function reader() {
  return [
    draw("path", { class: "wire", d: "M376 84V62H412" }),
    part("reader", "rect", { class: "drawn", x: 344, y: 84, width: 64, height: 98, rx: 9, id: "reader" }),
    part("lamp", "circle", { class: "lamp idle", cx: 376, cy: 108, r: 12 }),
    part("arrow", "text", { x: 376, y: 112.5, "text-anchor": "middle", class: "arrow" }),
    part("buzz", "path", { class: "sounding", d: "M362 146q-8 -8 0 -16 M390 130q8 8 0 16 M356 150q-13 -12 0 -24 M396 126q13 12 0 24" }),
    draw("circle", { class: "metal", cx: 376, cy: 138, r: 8 }),
    draw("path", { class: "card-mark", d: "M364 160h24v14h-24z M364 165h24" }),
    label("reader", 376, 200),
    part("signal", "text", { x: 376, y: 217, "text-anchor": "middle", class: "small" }),
  ];
}

function controller() {
  return [
    draw("rect", { class: "drawn", x: 412, y: 34, width: 58, height: 46, rx: 4 }),
    part("lid", "path", { class: "lid", d: "M412 34h58v46h-58z" }),
    part("tamper", "circle", { class: "lamp", cx: 461, cy: 71, r: 5 }),
    label("controller", 441, 28),
    part("siren", "path", { class: "sounding", d: "M428 50q-7 7 0 14 M454 50q7 7 0 14 M434 53q-4 4 0 8 M448 53q4 4 0 8" }),
  ];
}

function name() {
  for (const text of byId("door-drawing").querySelectorAll("[data-part]")) text.textContent = t(`part.${text.dataset.part}`);
}

function show(world) {
  choices(world.doors);
  const view = door();
  if (!view) return;
  const svg = byId("door-drawing");
  const lamp = LAMPS[view.signal] ?? "idle";
  const rings = view.outputs_on.includes("buzzer") || ["denied", "alarm"].includes(view.signal);
  const wails = view.outputs_on.includes("siren");
  mark(svg, "data-state", view.state);
  mark(svg, "data-lock", view.lock);
  mark(svg, "data-open", view.is_open);
  mark(svg, "data-led", lamp);
  mark(svg, "data-buzzer", rings);
  mark(parts.leaf, "class", view.is_open ? "leaf-turn open" : "leaf-turn");
  mark(parts.bolt, "class", view.lock === "secure" ? "bolt" : "bolt back");
  mark(parts.lamp, "class", `lamp ${lamp}`);
  say(parts.arrow, ARROWS[view.signal] ?? "");
  say(parts.signal, view.signal ? named("signal", view.signal) : t("signal.idle"));
  mark(parts.buzz, "visibility", rings ? "visible" : "hidden");
  mark(parts.siren, "visibility", wails ? "visible" : "hidden");
  wire(parts.contact, lineOf(view, "dps"));
  wire(parts.exit, lineOf(view, "rex"));
  wire(parts.tamper, lineOf(view, "tamper"));
  mark(parts.lid, "class", lineOf(view, "tamper") === "active" ? "lid open" : "lid");
  inWords(view);
}

function wire(circle, line) {
  mark(circle, "class", `lamp ${{ quiet: "", active: "ask", cut: "bad", short: "bad" }[line] ?? "not-there"}`);
}

function inWords(view) {
  say(byId("door-state"), named("state", view.state));
  mark(byId("door-state"), "data-kind", ALARMS.includes(view.state) ? "bad" : "calm");
  const leaf = view.is_open === null ? "" : t(view.is_open ? "leaf.open" : "leaf.closed");
  say(byId("door-words"), [leaf, named("lock", view.lock), view.mode, view.schedule].filter(Boolean).join(" · "));
  const troubles = view.troubles.join("\n");
  const list = byId("troubles");
  if (list.shown !== troubles) {
    list.shown = troubles;
    list.replaceChildren(...view.troubles.map((words) => make("li", { text: words })));
  }
  const has_contact = lineOf(view, "dps") !== null;
  byId("push-door").disabled = !has_contact;
  say(byId("push-door"), t(view.is_open ? "door.close" : "door.open"));
  byId("press-exit").disabled = lineOf(view, "rex") === null;
}

function choices(doors) {
  const group = byId("door-choice");
  const names = doors.map((view) => view.name).join("\n");
  if (group.shown !== names) {
    group.shown = names;
    group.hidden = doors.length < 2;
    group.replaceChildren(...doors.map((view) => choice(view.name)));
  }
  const name = door()?.name;
  for (const button of group.children) {
    mark(button, "aria-pressed", button.dataset.door === name);
    const view = doors.find((one) => one.name === button.dataset.door);
    mark(button, "data-kind", ALARMS.includes(view?.state) ? "bad" : "calm");
  }
}

function choice(name) {
  const button = make("button", { type: "button", "data-door": name, text: name });
  button.addEventListener("click", () => {
    chosen = name;
    show(latest.world);
    tell("door", name);
  });
  return button;
}
