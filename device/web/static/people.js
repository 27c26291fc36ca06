// People with their badges, and the rules that say who may pass when.

import { byId, make, offer } from "./dom.js";
import { failed, get, on, post, tell } from "./link.js";
import { loadPeople, people } from "./badges.js";
import { t } from "./texts.js";

const DONE = { active: ["suspend", "revoke"], suspended: ["resume", "revoke"], revoked: ["restore"], expired: ["revoke"] };

export function setUpPeople() {
  byId("issue").addEventListener("click", () => change({ do: "issue", name: byId("issue-name").value, badge: byId("issue-badge").value.trim() }));
  on("view", (name) => { if (name === "people") load(); });
  on("language", () => { if (!byId("view-people").hidden) show(); });
  on("event", ({ row }) => { if (!byId("view-people").hidden && /^(badge|person|enrolled)/.test(row.event)) load(); });
}

async function load() {
  await loadPeople();
  show();
  try {
    const { text, schedules = [] } = await get("/api/rules");
    byId("rules").textContent = text || t("rules.none");
    byId("schedules").replaceChildren(...schedules.map(({ name, is_on }) => make("li", { text: `${name}: ${t(is_on ? "rules.on" : "rules.off")}` })));
  } catch (error) {
    failed(error);
  }
}

async function change(what) {
  if ((await post("/api/people", what)) === undefined) return;
  tell("people", null);
  await load();
}

function show() {
  offer(byId("issue-name"), people.map(({ name }) => [name, name]));
  const rows = people.flatMap((person) => (person.badges.length ? person.badges : [null]).map((badge) => [person, badge]));
  byId("people").tBodies[0].replaceChildren(...rows.map(([person, badge]) => line(person, badge)));
}

function line(person, badge) {
  const number = badge ? (badge.is_duress ? `${badge.badge} (${t("badges.duress")})` : badge.badge) : "–";
  const proof = [t("people.faces", { count: person.references }), person.has_pin ? t("people.pin") : ""].filter(Boolean).join(", ");
  const buttons = (DONE[badge?.state] ?? []).map((what) => doing(what, person.name, badge.badge));
  return make("tr", { "data-badge": badge?.badge ?? "" },
    make("th", { scope: "row", text: person.name }),
    ...[number, badge ? t(`badge.${badge.state}`) : "", person.groups.join(", "), proof].map((text) => make("td", { text })),
    make("td", {}, make("div", { class: "row" }, ...buttons)));
}

function doing(what, name, badge) {
  const button = make("button", { type: "button", "data-do": what, text: t(`people.${what}`), "aria-label": `${t(`people.${what}`)}: ${name}, ${badge}` });
  button.addEventListener("click", () => change({ do: what, name, badge }));
  return button;
}
