// The audit as it is written, newest first. Each row opens its explanation; decisions are read out.

import { byId, make, mark, say } from "./dom.js";
import { failed, get, latest, on, post } from "./link.js";
import { eventName, meaningOf, named, number, t, timeOf } from "./texts.js";

const MOST = 200;
const BAD = ["door-forced", "door-tampered", "fault", "part-failed", "door-fault", "reader-lost", "reader-tampered", "audit-broken", "alarm-open", "factor-disabled"];
const WARN = ["door-held-open", "door-lockdown", "door-evacuation", "door-power-failed", "door-found-open", "camera-view-changed", "look-alike", "denials-counted"];
const GOOD = ["door-passed", "enrolled", "part-works", "door-mended", "reader-found", "door-alarm-ended"];
let events = [];

export function setUpEvents() {
  on("hello", () => { events = []; show(); });
  on("event", came);
  on("chain", chain);
  on("language", () => { show(); chain(latest.chain); decided(events.find(({ row }) => row.event === "decision")); });
  byId("verify").addEventListener("click", verify);
  byId("explanation-close").addEventListener("click", () => byId("explanation").close());
}

function came(event) {
  const newest = events[0]?.row.id ?? 0;
  if (event.row.id < newest) events = [];  // another world has begun
  if (event.row.id === newest) return;
  events = [event, ...events].slice(0, MOST);
  byId("events").prepend(entry(event));
  byId("events").children[MOST]?.remove();
  if (event.row.id < newest) show();
  byId("no-events").hidden = true;
  chain(latest.chain);
  if (event.row.event === "decision") decided(event);
}

function show() {
  byId("events").replaceChildren(...events.map(entry));
  byId("no-events").hidden = events.length > 0;
}

function entry(event) {
  const { row } = event;
  const is_open = latest.hello?.mode === "simulation";
  const inside = [make("time", { datetime: row.at, text: timeOf(row.at) }), make("strong", { text: titleOf(row) }), make("span", { text: sentenceOf(event) })];
  const button = make(is_open ? "button" : "div", { type: is_open ? "button" : null, class: "entry" }, ...inside);
  if (is_open) button.addEventListener("click", () => explain(event));
  return make("li", { "data-row": row.id, "data-event": row.event, "data-reason": row.reason ?? "", "data-outcome": row.outcome ?? "", "data-kind": kindOf(row) }, button);
}

function titleOf(row) {
  const what = row.event === "decision" && row.outcome ? named("outcome", row.outcome) : eventName(row.event);
  const doors = latest.world?.doors.length > 1 ? row.door : "";
  const who = row.person && row.outcome === "denied" ? t("outcome.badge-of", { name: row.person }) : row.person;
  return [what, who, doors].filter(Boolean).join(" · ");
}

function sentenceOf({ row, sentence }) {
  if (row.reason) return meaningOf(row.reason, sentence);
  return [aboutOf(row), row.reader ? t("row.reader", { name: row.reader }) : "", row.by].filter(Boolean).join(" · ");
}

function aboutOf({ event, fault }) {
  if (event === "enrolled") return t("row.basis", { name: named("basis", fault ?? "other") });
  const grant = /^row (\d+)$/.exec(fault ?? "");
  return grant ? t("row.grant", { number: grant[1] }) : fault;
}

function kindOf(row) {
  if (row.outcome) return row.outcome === "granted" ? "good" : "bad";
  return BAD.includes(row.event) ? "bad" : WARN.includes(row.event) ? "warn" : GOOD.includes(row.event) ? "good" : "calm";
}

function decided(event) {
  const line = byId("decision");
  line.className = `decision ${event?.row.outcome ?? ""}`;
  line.title = event ? sentenceOf(event) : "";
  say(line, event ? `${titleOf(event.row)} – ${sentenceOf(event)}` : t("door.none"));
}

async function explain(event) {
  const { row } = event;
  say(byId("explanation-sentence"), `${titleOf(row)} – ${sentenceOf(event)}`);
  byId("explanation-lines").replaceChildren(...figures(row));
  byId("explanation").showModal();
  if (row.event !== "decision") return;
  try {
    const { lines } = await get(`/api/explain/${row.id}`);
    byId("explanation-lines").replaceChildren(...lines.map((text) => make("li", { text })));
  } catch (error) {
    failed(error);
  }
}

// What the row itself has; the explanation of a decision takes its place.
function figures(row) {
  const has_similarity = row.similarity !== null && row.similarity !== undefined;
  const values = { similarity: number(row.similarity), threshold: number(row.threshold), frames: row.frames ?? "–" };
  const facts = [
    ["row.at", row.at], ["row.door", row.door], ["row.by", row.by], ["row.mode", row.mode], ["row.rule", row.rule], ["row.badge", row.badge],
    ["row.number", row.id], ["camera.similarity", has_similarity ? t("camera.against", values) : null],
  ];
  return facts.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([key, value]) => make("li", { text: `${t(key)}: ${value}` }));
}

function chain(state) {
  const line = byId("chain");
  mark(line, "data-whole", state ? state.is_whole : "");
  const more = Math.max(0, (events[0]?.row.id ?? 0) - (state?.rows ?? 0));
  say(line, !state ? t("chain.unknown") : t(state.is_whole ? "chain.whole" : "chain.broken", { rows: state.rows, more }));
  line.title = state?.words ?? "";
}

async function verify() {
  byId("verify").disabled = true;
  const answer = await post("/api/chain", {});
  if (answer?.rows !== undefined) chain(answer);
  byId("verify").disabled = false;
}
