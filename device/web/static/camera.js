// What the camera gives and what the door makes of it: box, landmarks, quality, cues, the sentence, similarity.

import { byId, draw, make, say } from "./dom.js";
import { latest, on } from "./link.js";
import { adviceOf, named, number, t } from "./texts.js";

const QUALITIES = ["face_px", "brightness", "blur", "yaw", "pitch", "contrast", "eyes_open", "presence"];
const CUES = ["live", "scene", "yaw", "crop_scale"];
const MOST_POINTS = 120;  // of the similarity's line
const canvases = ["camera", "enroll-camera"];
let series = [];
let limit;  // the threshold that was compared against last
let was_showing = false;

export function setUpCamera() {
  for (const name of QUALITIES) byId("qualities").append(valueOf("quality", name));
  for (const name of QUALITIES.slice(0, 4)) byId("enroll-qualities").append(valueOf("enroll-quality", name));
  for (const name of CUES) byId("cues").append(valueOf("cue", name));
  on("picture", show);
  on("seen", seen);
  on("language", () => { label(); seen(latest.seen ?? {}); });
}

function valueOf(family, name) {
  return make("div", {}, make("dt", { "data-value": name, "data-family": family }), make("dd", { id: `${family}-${name}`, text: "–" }));
}

function label() {
  for (const term of document.querySelectorAll("dt[data-value]")) {
    const family = term.dataset.family.replace("enroll-", "");
    term.textContent = t(`${family}.${term.dataset.value}`);
    term.title = term.textContent;
  }
  plot();
}

async function show({ kind, jpeg }) {
  const image = await createImageBitmap(jpeg).catch(() => null);
  if (!image) return;
  if (kind === 2) {
    byId("chip").parentElement.classList.toggle("filled", Boolean(latest.seen?.box));
    byId("chip").getContext("2d").drawImage(image, 0, 0, 112, 112);
  } else {
    for (const id of canvases) if (byId(id).checkVisibility()) over(byId(id), image, latest.seen);
  }
  image.close();
}

// Draws a picture, and upon it what is seen in it.
function over(canvas, image, seen) {
  if (canvas.width !== image.width || canvas.height !== image.height) Object.assign(canvas, { width: image.width, height: image.height });
  const [width, height] = [canvas.width, canvas.height];
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  if (!seen?.box) return;
  const color = seen.reason ? "#ffb020" : "#3ddc84";
  const [left, top, wide, high] = [seen.box[0] * width, seen.box[1] * height, seen.box[2] * width, seen.box[3] * height];
  pen.lineWidth = 5;
  pen.strokeStyle = "#0009";
  pen.strokeRect(left, top, wide, high);
  pen.lineWidth = 2.5;
  pen.strokeStyle = color;
  pen.setLineDash(seen.reason ? [9, 6] : []);
  pen.strokeRect(left, top, wide, high);
  pen.setLineDash([]);
  pen.fillStyle = color;
  for (const { x, y } of seen.points) pen.fillRect(x * width - 1.5, y * height - 1.5, 3, 3);
}

function seen(now) {
  if (!now.box) byId("chip").parentElement.classList.remove("filled");  // whose face it was has left
  const quality = now.quality ?? {};
  for (const name of QUALITIES) {
    say(byId(`quality-${name}`), number(quality[name], digitsOf(name)));
    const other = byId(`enroll-quality-${name}`);
    if (other) say(other, number(quality[name], digitsOf(name)));
  }
  for (const name of CUES) say(byId(`cue-${name}`), number(now.cues?.[name], digitsOf(name)));
  say(byId("sentence"), sentenceOf(now));
  say(byId("prompt"), now.prompt ? `${now.prompt === "left" ? "←" : "→"} ${named("prompt", now.prompt)}` : "");
  follow(now);
}

function sentenceOf({ prompt, verdict, reason, is_showing, sentence, box }) {
  if (prompt) return `${named("prompt", prompt)}.`;
  if (verdict) return adviceOf(verdict, sentence);
  if (reason && (is_showing || reason !== "no-face")) return adviceOf(reason, sentence);
  if (is_showing) return t("camera.look");
  return sentence || t(box ? "camera.good" : "camera.empty");
}

const digitsOf = (name) => (["face_px", "brightness", "yaw", "pitch", "contrast"].includes(name) ? 0 : 2);

function follow(now) {
  if (now.is_showing && !was_showing) series = [];
  was_showing = Boolean(now.is_showing);
  if (now.similarity === null || now.similarity === undefined) {
    say(byId("similarity"), series.length ? byId("similarity").textContent : "–");
  } else {
    series = [...series, now.similarity].slice(-MOST_POINTS);
    say(byId("similarity"), t("camera.against", { similarity: number(now.similarity), threshold: number(now.threshold), frames: now.frames }));
  }
  limit = now.threshold ?? limit;
  plot();
}

const BELOW = 0.3;  // how far below the threshold the plot begins

function plot() {
  const lowest = Math.max(0, (limit ?? BELOW) - BELOW);
  const heightOf = (value) => 56 - 52 * Math.max(0, Math.min(1, (value - lowest) / (1 - lowest)));
  const lines = [];
  if (limit !== undefined) lines.push(draw("line", { class: "plot-limit", x1: 0, x2: 360, y1: heightOf(limit), y2: heightOf(limit) }));
  if (series.length) {
    const step = 360 / Math.max(24, series.length);
    const path = series.map((value, place) => `${place ? "L" : "M"}${(place * step).toFixed(1)} ${heightOf(value).toFixed(1)}`).join("");
    const is_over = series.at(-1) >= (limit ?? 2);
    lines.push(draw("path", { class: is_over ? "plot-line over" : "plot-line", d: `${path}h${step.toFixed(1)}` }));
  }
  byId("similarity-plot").replaceChildren(...lines);
}
