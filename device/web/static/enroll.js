// Guided enrollment: who, on which ground, then pictures with their quality as they come.

import { byId, make, mark, say } from "./dom.js";
import { latest, letTimePass, on, post, tell } from "./link.js";
import { adviceOf, named, t } from "./texts.js";

const FIELDS = ["enroll-name", "enroll-badge", "enroll-consent"];
let is_running = false;

export function setUpEnroll() {
  for (const id of FIELDS) byId(id).addEventListener("input", ready);
  byId("enroll-start").addEventListener("click", start);
  byId("enroll-cancel").addEventListener("click", () => post("/api/enrollment", { do: "cancel" }));
  on("enrolling", show);
  on("language", () => show(latest.enrolling));
}

function ready() {
  const filled = byId("enroll-name").value.trim() && byId("enroll-badge").value.trim() && byId("enroll-consent").checked;
  byId("enroll-start").disabled = is_running || !filled;
  byId("enroll-cancel").disabled = !is_running;
}

async function start() {
  const what = { do: "start", name: byId("enroll-name").value.trim(), badge: byId("enroll-badge").value.trim(), pictures: [], basis_text_version: "page-1" };
  await letTimePass();
  if ((await post("/api/enrollment", what)) === undefined) return;
  is_running = true;
  ready();
}

function show(now) {
  const stage = now?.stage ?? "";
  is_running = stage === "asked" || stage === "hindered";
  ready();
  const line = byId("enroll-stage");
  mark(line, "data-stage", stage);
  say(line, stage ? wordsOf(now) : t("enroll.waiting"));
  const wanted = now?.wanted || 5;
  Object.assign(byId("enroll-kept"), { max: wanted, value: now?.kept ?? 0 });
  say(byId("enroll-count"), t("enroll.count", { kept: now?.kept ?? 0, wanted }));
  byId("enroll-rejected").replaceChildren(...(now?.rejected ?? []).slice(-4).map((code) => make("li", { text: adviceOf(code, code) })));
  if (stage === "enrolled") {
    byId("enroll-consent").checked = false;
    ready();
    tell("people", null);
  }
}

function wordsOf(now) {
  const [reason] = now.rejected ?? [];
  const words = now.pose ? named("pose", now.pose) : now.stage === "hindered" && reason ? adviceOf(reason, now.words) : now.words;
  return [named("stage", now.stage), words].filter(Boolean).join(": ");
}
