// Begins here: words, token, link; then each part sets itself up. The address names the view, a scenario, a step.

import { byId, make, mark, say } from "./dom.js";
import { connect, forgetToken, latest, on, takeToken, tell } from "./link.js";
import { loadTexts, setLanguage, chosenLanguage, t } from "./texts.js";
import { setUpBadges } from "./badges.js";
import { setUpCamera } from "./camera.js";
import { setUpDoor } from "./door.js";
import { setUpEnroll } from "./enroll.js";
import { setUpEvents } from "./events.js";
import { setUpPeople } from "./people.js";
import { setUpPlayer } from "./player.js";
import { setUpTimeline } from "./timeline.js";
import { setUpWebcam } from "./webcam.js";
import { setUpWires } from "./wires.js";
import { setUpWorld } from "./world.js";

const VIEWS = ["door", "scenario", "people", "enroll", "closed"];
const SHOWN_MS = 7000;
const MOST_LAG_S = 1;  // a world that far behind its speed says so

function goTo(name) {
  for (const view of VIEWS) byId(`view-${view}`).hidden = view !== name;
  for (const button of document.querySelectorAll("[data-goes]")) {
    if (button.dataset.goes === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  document.body.dataset.view = name;
  tell("view", name);
}

function tabs() {
  const all = [...document.querySelectorAll("[role=tab]")];
  const open = (tab) => {
    for (const one of all) {
      const is_it = one === tab;
      mark(one, "aria-selected", is_it);
      one.tabIndex = is_it ? 0 : -1;
      byId(one.getAttribute("aria-controls")).hidden = !is_it;
    }
  };
  for (const tab of all) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", ({ key }) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!by) return;
      const next = all[(all.indexOf(tab) + by + all.length) % all.length];
      open(next);
      next.focus();
    });
  }
}

// Without a choice, the style sheet follows the system.
function theme() {
  const select = byId("theme");
  const apply = () => { document.documentElement.dataset.theme = select.value; };
  select.value = localStorage.getItem("lintel-theme") ?? "auto";
  select.addEventListener("change", () => {
    localStorage.setItem("lintel-theme", select.value);
    apply();
  });
  apply();
}

function saidFor({ words, hint, is_error }) {
  const line = make("p", { class: is_error ? "error" : "", text: [words, hint].filter(Boolean).join(" ") });
  byId("said").append(line);
  while (byId("said").children.length > 3) byId("said").firstChild.remove();
  setTimeout(() => line.remove(), SHOWN_MS);
}

function closed(words) {
  goTo("closed");
  byId("closed-words").textContent = t(words);
}

function linkState(is_open) {
  mark(byId("link-state"), "data-state", is_open ? "open" : "closed");
  say(byId("link-state"), t(is_open ? "link.open" : "link.closed"));
}

function begin({ mode, version }) {
  document.body.dataset.mode = mode;
  byId("mode").textContent = t(`mode.${mode}`);
  byId("mode").title = `Lintel ${version}`;
  linkState(true);
  if (document.body.dataset.view === "closed") goTo("door");
}

function showWorld({ utc, lag_s, lost = "", health = [] }) {
  const [day, time] = new Date(utc).toISOString().split("T");
  say(byId("clock-day"), day);
  say(byId("clock-time"), `${time.slice(0, 8)} UTC`);
  document.body.dataset.lost = String(lost !== "");
  document.body.dataset.ready = "true";
  say(byId("lost"), lost);
  if (byId("link-state").dataset.state === "open") say(byId("link-state"), lag_s > MOST_LAG_S ? t("link.lag", { seconds: lag_s.toFixed(1) }) : t("link.open"));
  const list = byId("health");
  if (list.shown === health.join("\n")) return;
  list.shown = health.join("\n");
  list.replaceChildren(...health.map((text) => make("li", { text })));
}

async function start() {
  theme();
  on("hello", begin);
  on("world", showWorld);
  on("closed", () => linkState(false));
  on("refused", () => { forgetToken(); closed("closed.token"); });
  on("said", saidFor);
  on("language", () => { linkState(latest.hello && byId("link-state").dataset.state === "open"); if (latest.hello) begin(latest.hello); });
  for (const setUp of [setUpCamera, setUpDoor, setUpWires, setUpTimeline, setUpBadges, setUpWorld, setUpWebcam, setUpEvents, setUpPlayer, setUpPeople, setUpEnroll]) setUp();
  tabs();
  for (const button of document.querySelectorAll("[data-goes]")) button.addEventListener("click", () => goTo(button.dataset.goes));
  await loadTexts();
  byId("language").value = chosenLanguage();
  byId("language").addEventListener("change", () => setLanguage(byId("language").value));
  goTo("door");
  if (takeToken()) connect();
  else closed("closed.token");
}

start();
