// The browser's own webcam: small JPEG pictures go to Lintel on this machine, over the stream, and nowhere else.

import { byId } from "./dom.js";
import { act, failed, letTimePass, on, sendPicture } from "./link.js";
import { t } from "./texts.js";

const WIDTH = 640;
const HEIGHT = 480;
const EVERY_MS = 80;
const QUALITY = 0.85;
const SHOWN_AFTER = 3;  // frames: Lintel has one by then, and the camera before the door shows them
const canvas = document.createElement("canvas");
let stream = null;
let timer = 0;
let is_busy = false;
let sent = 0;

export function setUpWebcam() {
  byId("webcam").addEventListener("click", start);
  byId("enroll-webcam").addEventListener("click", () => (stream ? leave() : start()));
  byId("webcam-stop").addEventListener("click", leave);
  on("closed", stop);
  on("language", words);
}

async function start() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: WIDTH, height: HEIGHT }, audio: false });
  } catch (error) {
    failed(Object.assign(new Error(t("webcam.failed")), { hint: error.message }));
    return;
  }
  const video = byId("webcam-video");
  video.srcObject = stream;
  await video.play();
  for (const track of stream.getTracks()) track.addEventListener("ended", stop);
  Object.assign(canvas, { width: WIDTH, height: HEIGHT });
  timer = setInterval(send, EVERY_MS);
  words();
  await letTimePass();
}

function leave() {
  stop();
  act({ view: [] });
}

function stop() {
  sent = 0;
  clearInterval(timer);
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  words();
}

async function send() {
  const video = byId("webcam-video");
  if (is_busy || !stream || video.readyState < 2) return;
  is_busy = true;
  try {
    fit(video);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (blob && (await sendPicture(blob))) sent += 1;
    if (sent === SHOWN_AFTER) {
      sent += 1;
      await act({ view: [{ image: "webcam", as: "clip" }] });
    }
  } finally {
    is_busy = false;
  }
}

// Cuts the picture to 4:3, whatever the webcam's shape.
function fit(video) {
  const scale = Math.max(WIDTH / video.videoWidth, HEIGHT / video.videoHeight);
  const [wide, high] = [video.videoWidth * scale, video.videoHeight * scale];
  canvas.getContext("2d").drawImage(video, (WIDTH - wide) / 2, (HEIGHT - high) / 2, wide, high);
}

function words() {
  byId("webcam").hidden = Boolean(stream);
  byId("webcam-stop").hidden = !stream;
  byId("webcam-note").textContent = t(stream ? "webcam.on" : "webcam.note");
  byId("enroll-webcam").textContent = t(stream ? "webcam.stop" : "webcam.start");
}
