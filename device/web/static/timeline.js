// The last minute of each pin, as a logic analyzer shows it, with grants and denials marked.

import { byId, draw } from "./dom.js";
import { latest, now, on } from "./link.js";
import { door } from "./door.js";
import { named, t } from "./texts.js";

const SPAN_S = 60;
const ROW = 12;
const TOP = 19;
const NAMES = 92;  // width of the column of names
const EVERY_MS = 200;
const NARROW_PX = 600;  // too narrow for a word every ten seconds
const FIRST = ["strike", "dps", "rex", "led", "buzzer", "siren"];  // the order of the rows; the rest come after
const ROWS = 6;
let levels = new Map();  // pin, or door and name of a wire without one -> [{ at_s, high }]
let marks = [];  // { at_s, is_grant }

export function setUpTimeline() {
  on("hello", () => { levels = new Map(); marks = []; });
  on("levels", keep);
  on("event", markDecision);
  on("world", (world) => {
    if (marks.some((one) => one.at_s > world.at_s + 1)) marks = [];
    for (const view of world.doors) for (const wire of view.inputs) if (wire.pin === null) follow(view, wire, world.at_s);
  });
  setInterval(() => { if (latest.world && byId("timeline").checkVisibility()) show(); }, EVERY_MS);
}

const keyOf = (view, wire) => wire.pin ?? `${view.name} ${wire.name}`;

// An input without a pin of its own, as one behind end-of-line resistors, is high while it is active.
function follow(view, wire, at_s) {
  const high = wire.line === "active";
  const known = levels.get(keyOf(view, wire)) ?? [];
  if (known.at(-1)?.high !== high || known.at(-1).at_s > at_s) add(keyOf(view, wire), { at_s, high });
}

// A world that went back forgets what came after.
function add(key, level) {
  levels.set(key, [...(levels.get(key) ?? []).filter((one) => one.at_s <= level.at_s), level]);
}

function keep(message) {
  for (const { pin, at_s, high } of message.levels) add(pin, { at_s, high });
  const since = now() - SPAN_S - 1;
  for (const [pin, known] of levels) levels.set(pin, known.filter((one, place) => (known[place + 1]?.at_s ?? Infinity) > since));
}

function markDecision({ row }) {
  if (row.event !== "decision" || !row.outcome) return;
  const at_s = row.monotonic_s ?? timeOf(row.at);
  marks = [...marks, { at_s, is_grant: row.outcome === "granted" }].filter((one) => one.at_s > now() - SPAN_S);
}

// By the last state's two clocks, not by now(), which runs ahead of a world that is played fast; now if they were set.
function timeOf(utc) {
  const { at_s, utc: then } = latest.world ?? {};
  const later = (Date.parse(utc) - Date.parse(then)) / 1000;
  return Math.abs(later) <= SPAN_S ? at_s + later : now();
}

function wiresOf() {
  const view = door();
  const wires = view ? [...view.outputs, ...view.inputs].map((wire) => ({ ...wire, key: keyOf(view, wire) })) : [];
  const placeOf = ({ name }) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return wires.filter(({ key }) => levels.has(key)).sort((one, other) => placeOf(one) - placeOf(other)).slice(0, ROWS);
}

function show() {
  const svg = byId("timeline");
  const width = svg.clientWidth || 800;
  const wires = wiresOf();
  const height = TOP + ROW * 5 + 2;
  const step = Math.min(ROW, (ROW * 5) / Math.max(1, wires.length));
  const end = now();
  const xOf = (at_s) => NAMES + ((at_s - end + SPAN_S) / SPAN_S) * (width - NAMES - 6);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  svg.replaceChildren(...ticks(xOf, end, height), ...wires.flatMap((wire, row) => line(wire, TOP + row * step, { xOf, end, step })), ...decisions(xOf, end, height));
}

function ticks(xOf, end, height) {
  const agos = xOf(end) > NARROW_PX ? [60, 50, 40, 30, 20, 10, 0] : [60, 30, 0];
  return agos.flatMap((ago) => [
    draw("line", { class: "tick", x1: xOf(end - ago), x2: xOf(end - ago), y1: TOP, y2: height }),
    draw("text", { x: xOf(end - ago), y: 9, "text-anchor": ago ? "middle" : "end", text: ago ? t("time.ago", { seconds: ago }) : t("time.now") }),
  ]);
}

function line(wire, top, { xOf, end, step }) {
  const yOf = (high) => top + (high ? 2.5 : step - 2.5);
  const known = levels.get(wire.key);
  const points = known.map((one) => [Math.max(NAMES, xOf(one.at_s)), yOf(one.high)]);
  let path = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
  for (const [x, y] of points.slice(1)) path += `H${x.toFixed(1)}V${y.toFixed(1)}`;
  const words = named("output", wire.name) === wire.name ? named("input", wire.name) : named("output", wire.name);
  return [draw("text", { x: 0, y: top + step - 3, text: words }), draw("path", { class: "level", d: `${path}H${xOf(end).toFixed(1)}` })];
}

function decisions(xOf, end, height) {
  return marks.filter(({ at_s }) => at_s > end - SPAN_S).flatMap(({ at_s, is_grant }) => {
    const x = xOf(at_s);
    return is_grant
      ? [draw("line", { class: "grant", x1: x, x2: x, y1: TOP, y2: height }), draw("path", { class: "grant-mark", d: `M${x - 5} ${TOP - 8}h10l-5 8z` })]
      : [draw("line", { class: "denial", x1: x, x2: x, y1: TOP, y2: height }), draw("rect", { class: "denial-mark", x: x - 4, y: TOP - 8, width: 8, height: 8 })];
  });
}
