// The link to Lintel: the token of the opened address, requests, and the stream. All parts listen here, none talks to another.

const TOKEN = "lintel-token";
const listeners = new Map();
let socket = null;
let waits_ms = 500;

export const latest = {};  // the newest message of each type
let world_came_ms = 0;

export function on(type, listener) {
  listeners.set(type, [...(listeners.get(type) ?? []), listener]);
}

export function tell(type, message) {
  for (const listener of listeners.get(type) ?? []) listener(message);
}

// The token comes in the address's fragment, which no server and no log ever sees; it is kept for this tab alone.
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(TOKEN, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(TOKEN) !== null;
}

export function forgetToken() {
  sessionStorage.removeItem(TOKEN);
}

export async function get(path) {
  return (await request(path, {})).json();
}

export async function getBlob(path) {
  return (await request(path, {})).blob();
}

export async function getText(path) {
  return (await request(path, {})).text();
}

// Resolves to the answer in JSON, or null; what went wrong is shown, and gives undefined.
export async function post(path, what) {
  const is_raw = what instanceof Blob;
  const headers = { "Content-Type": is_raw ? what.type || "application/octet-stream" : "application/json" };
  try {
    const answer = await request(path, { method: "POST", headers, body: is_raw ? what : JSON.stringify(what) });
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
  } catch (error) {
    failed(error);
    return undefined;
  }
}

// What is done by hand needs time to pass: a world that stands still goes on, its scenario waits.
export async function letTimePass() {
  if (latest.world?.speed === 0) await post("/api/playback", { do: "go-on" });
}

export async function act(happening) {
  await letTimePass();
  return post("/api/act", happening);
}

export function failed(error) {
  tell("said", { words: error.message, hint: error.hint ?? "", is_error: true });
}

async function request(path, options) {
  const headers = { ...options.headers, Authorization: `Bearer ${sessionStorage.getItem(TOKEN)}` };
  const answer = await fetch(path, { ...options, headers, cache: "no-store" });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) tell("refused", said);
  throw Object.assign(new Error(said.what ?? `${answer.status} ${answer.statusText}`), { hint: said.hint });
}

export function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/api/stream`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => socket.send(JSON.stringify({ token: sessionStorage.getItem(TOKEN) }));
  socket.onmessage = ({ data }) => (typeof data === "string" ? messageCame(JSON.parse(data)) : pictureCame(data));
  socket.onclose = ({ code }) => {
    tell("closed", code);
    if (code === 1008) return tell("refused", {});
    setTimeout(connect, waits_ms);
    waits_ms = Math.min(waits_ms * 2, 8000);
  };
}

function messageCame(message) {
  latest[message.type] = message;
  if (message.type === "hello") {
    waits_ms = 500;
    tell("open", message);
  }
  if (message.type === "world") world_came_ms = performance.now();
  tell(message.type, message);
}

function pictureCame(data) {
  const head = new DataView(data);
  tell("picture", { kind: head.getUint8(0), at_s: head.getFloat64(1), jpeg: new Blob([data.slice(9)], { type: "image/jpeg" }) });
}

// Sends a picture of the webcam; leaves it out while the link is behind. Says whether it was sent.
export async function sendPicture(blob) {
  if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > 200000) return false;
  socket.send(await blob.arrayBuffer());
  return true;
}

// The world's time now, seconds: goes on between two messages.
export function now() {
  const { at_s = 0, speed = 0 } = latest.world ?? {};
  return at_s + speed * Math.min(1, (performance.now() - world_came_ms) / 1000);
}
