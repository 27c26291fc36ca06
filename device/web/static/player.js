// A scenario, played as a film: play, pause, step, seek, speed; what is done by hand is recorded as one.

import { byId, choose, make, mark, offer, say } from "./dom.js";
import { failed, getText, latest, on, post, tell } from "./link.js";
import { named, t } from "./texts.js";

const play = (what) => post("/api/playback", what);
const isPlaying = (world) => Boolean(world?.is_playing && world.speed > 0);
let has_recording = false;
let was_opened = false;

export function setUpPlayer() {
  byId("play").addEventListener("click", () => play({ do: isPlaying(latest.world) ? "pause" : "play" }));
  byId("step-next").addEventListener("click", () => play({ do: "step" }));
  byId("step-back").addEventListener("click", () => play({ do: "seek", number: Math.max(0, (latest.world?.step ?? 0) - 1) }));
  byId("speed").addEventListener("change", () => play({ do: "speed", factor: Number(byId("speed").value) }));
  byId("scenario-choice").addEventListener("change", () => play({ do: "load", scenario: byId("scenario-choice").value }));
  byId("record").addEventListener("click", () => play({ do: latest.world?.is_recording ? "stop" : "record" }));
  byId("download").addEventListener("click", download);
  byId("permalink").addEventListener("click", copyLink);
  on("hello", openLink);
  on("world", show);
  on("language", () => { if (latest.world) show(latest.world); });
}

// The address may name a scenario and a step of it.
async function openLink({ mode, scenarios }) {
  offerScenarios(scenarios);
  const asked = new URLSearchParams(location.search);
  const is_first = !was_opened;  // each world that begins says hello
  was_opened = true;
  if (mode !== "simulation" || !asked.has("scenario") || !is_first) return;
  const name = asked.get("scenario");
  if (scenarios.includes(name) && (await play({ do: "load", scenario: name })) === undefined) return;
  if (asked.has("step")) await play({ do: "seek", number: Number(asked.get("step")) });
}

// One from a file of its own is offered beside those that come with Lintel.
function offerScenarios(known, played = known[0]) {
  offer(byId("scenario-choice"), [...new Set([...known, played])].map((name) => [name, named("scenario", name)]));
}

function show(world) {
  mark(byId("play"), "aria-pressed", isPlaying(world));
  if (world.speed > 0) choose(byId("speed"), String(world.speed));
  offerScenarios(latest.hello.scenarios, world.scenario);
  choose(byId("scenario-choice"), world.scenario);
  const number = Math.max(0, world.step + 1);
  say(byId("step-count"), t("player.step", { number, all: world.steps.length }));
  say(byId("step-title"), world.steps[world.step]?.title ?? t("player.before"));
  Object.assign(byId("step-progress"), { max: Math.max(1, world.steps.length), value: number });
  has_recording ||= world.is_recording;
  const mode = world.is_recording ? "recording" : world.speed === 0 ? "paused" : world.is_playing ? "playing" : "by-hand";
  mark(byId("player-mode"), "data-mode", mode);
  say(byId("player-mode"), t(`player.${mode}`));
  byId("download").disabled = !has_recording;
  mark(byId("record"), "aria-pressed", world.is_recording);
  say(byId("record"), t(world.is_recording ? "scenario.stop" : "scenario.record"));
  steps(world);
}

function steps(world) {
  const list = byId("steps");
  const titles = JSON.stringify([world.scenario, world.steps.map(({ title }) => title)]);
  if (list.shown !== titles) {
    list.shown = titles;
    list.replaceChildren(...world.steps.map(step));
  }
  world.steps.forEach((one, number) => {
    const button = list.children[number].firstChild;
    if (number === world.step) mark(button, "aria-current", "step");
    else button.removeAttribute("aria-current");
    say(button.children[1], one.unmet.length ? "✕" : one.is_played ? "✓" : "");
    say(button.children[3], one.unmet.join(" "));
  });
}

function step({ title }, number) {
  const button = make("button", { type: "button" }, make("span", { class: "number", text: number + 1 }), make("span", {}), make("span", { text: title }), make("span", { class: "unmet" }));
  button.addEventListener("click", () => play({ do: "seek", number }));
  return make("li", { "data-step": number }, button);
}

async function download() {
  try {
    const url = URL.createObjectURL(new Blob([await getText("/api/recording")], { type: "application/toml" }));
    make("a", { href: url, download: "recorded.toml" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  } catch (error) {
    failed(error);
  }
}

async function copyLink() {
  const { scenario, step: number } = latest.world;
  const link = new URL(`/?${new URLSearchParams({ scenario, step: Math.max(0, number) })}`, location.href).href;
  history.replaceState(null, "", link);
  await navigator.clipboard?.writeText(link).catch(() => null);
  tell("said", { words: t("scenario.copied", { link }), hint: "", is_error: false });
}
