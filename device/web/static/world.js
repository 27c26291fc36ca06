// The world before the door: who stands there, how far, how lit, as what; and what breaks.

import { byId, choose, offer, say } from "./dom.js";
import { act, latest, on, post } from "./link.js";
import { door } from "./door.js";
import { named, t } from "./texts.js";

const THINGS = ["person", "portrait", "print", "bent-print", "cut-out", "phone", "phone-landscape", "monitor", "clip"];
const CAMERAS = ["works", "dead", "frozen", "late", "repeats"];
const DISKS = ["works", "full"];
const READERS = ["found", "lost", "tampered", "power-failed", "restored"];
const CLOCK_STEPS = ["3600", "-3600", "86400", "-86400", "-1764547200"];
const FAR = 0.3;  // a figure's height, as a share of the picture's, far away
const STEP = 0.13;
const NEARER = 1.16;
const ENROLLED_DEG = 16;
const AGAIN_MS = 150;
const MOST_BYTES = 10e6;
let images = [];
let rendered = [];
let stands = false;
let again = 0;
let shown = "";

export function setUpWorld() {
  byId("stand").addEventListener("click", () => stand(1.0));
  byId("leave").addEventListener("click", () => { stands = false; act({ view: [] }); });
  for (const id of ["distance", "light", "as", "who"]) byId(id).addEventListener("input", soon);
  byId("upload-open").addEventListener("click", () => byId("upload").click());
  byId("upload").addEventListener("change", upload);
  setting("camera-state", (camera) => ({ door: door().name, camera }));
  setting("disk-state", (disk) => ({ disk }));
  setting("relay-state", (relay) => ({ door: door().name, relay }));
  setting("reader-state", (reader) => ({ door: door().name, reader }));
  byId("clock-step-now").addEventListener("click", () => act({ clock_step_s: Number(byId("clock-step").value) }));
  on("hello", (hello) => {
    images = [...hello.images];
    rendered = hello.rendered ?? [];
    offerAll();
  });
  on("language", offerAll);
  on("enrolling", obey);
  on("world", (world) => {
    choose(byId("camera-state"), world.camera);
    choose(byId("disk-state"), world.disk);
    follow(world.view);
  });
  on("image", (name) => { images = [...new Set([...images, name])]; offerAll(); byId("who").value = name; });
}

function setting(id, happening) {
  byId(id).addEventListener("change", () => act(happening(byId(id).value)));
}

function offerAll() {
  say(byId("rendered"), rendered.length ? t("world.rendered", { names: rendered.map(nameOf).join("; ") }) : "");
  offer(byId("who"), images.filter((name) => name !== "webcam").map((name) => [name, nameOf(name)]));
  offer(byId("as"), THINGS.map((thing) => [thing, t(`as.${thing}`)]));
  offer(byId("camera-state"), CAMERAS.map((state) => [state, t(`camera-state.${state}`)]));
  offer(byId("disk-state"), DISKS.map((state) => [state, t(`disk.${state}`)]));
  offer(byId("reader-state"), READERS.map((state) => [state, t(`reader.${state}`)]));
  offer(byId("clock-step"), CLOCK_STEPS.map((step) => [step, t(`clock-step.${step}`)]));
}

// Where a figure is whose distance is 0 (far) to 10 (near).
function placeOf(nearness) {
  const size = FAR + STEP * nearness;
  return { x: 0.5, y: Math.min(0.95, 0.5 + 0.27 * size), size };
}

// The controls say what a scenario has put there, until a hand changes it.
function follow(view) {
  const seen = JSON.stringify([view, document.documentElement.lang]);
  if (seen === shown) return;
  shown = seen;
  stands = view.length > 0;
  say(byId("who-there"), view.map(({ image, as = "portrait" }) => (image === "webcam" ? nameOf(image) : `${nameOf(image)}: ${t(`as.${as}`)}`)).join(", "));
  const [figure] = view;
  if (!figure || !images.includes(figure.image)) return;
  choose(byId("who"), figure.image);
  choose(byId("as"), figure.as ?? "portrait");
  choose(byId("light"), String(figure.light ?? 1));
  choose(byId("distance"), String(Math.round(((figure.to?.size ?? 0.9) - FAR) / STEP)));
}

// A virtual person does what a guided enrollment asks for; whoever sits at a webcam does it themselves.
function obey({ stage, pose }) {
  const [figure] = latest.world?.view ?? [];
  if (stage !== "asked" || !figure || figure.as === "clip") return;
  const to = { ...figure.to };
  if (pose === "nearer") to.size *= NEARER;
  if (pose === "farther") to.size /= NEARER;
  const turns = pose === "left" || pose === "right" ? pose : "never";
  act({ view: [{ ...figure, from: to, to, walk_s: 0, turns, turn_at_s: 0.3, turn_deg: ENROLLED_DEG }] });
}

const nameOf = (image) => named("image", image);

function stand(walk_s) {
  const to = placeOf(Number(byId("distance").value));
  const figure = { image: byId("who").value, as: byId("as").value, to, light: Number(byId("light").value), turns: "when-asked" };
  if (!figure.image) return;
  stands = true;
  const from = walk_s ? { x: 0.25, y: 0.6, size: Math.min(0.5, to.size) } : to;
  act({ view: [{ ...figure, from, walk_s }] });
}

function soon() {
  clearTimeout(again);
  if (stands) again = setTimeout(() => stand(0), AGAIN_MS);
}

async function upload() {
  const [file] = byId("upload").files;
  byId("upload").value = "";
  if (!file) return;
  const answer = file.size > MOST_BYTES ? tooLarge() : await post("/api/pictures", file);
  if (answer?.name) {
    images = [...new Set([...images, answer.name])];
    offerAll();
    byId("who").value = answer.name;
  }
}

function tooLarge() {
  const note = byId("webcam-note");
  note.textContent = t("world.too-large");
  return null;
}
