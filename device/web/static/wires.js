// Each input's wire, as a person with a screwdriver would have it, and an operator's commands.

import { byId, choose, make, offer } from "./dom.js";
import { act, latest, on } from "./link.js";
import { door } from "./door.js";
import { t } from "./texts.js";

const LINES = ["quiet", "active", "cut", "short"];
const COMMANDS = ["release", "secure", "lockdown", "evacuate", "clear"];

export function setUpWires() {
  for (const command of COMMANDS) {
    const button = make("button", { type: "button", id: `command-${command}`, "data-testid": `command-${command}`, "data-text": `command.${command}` });
    button.addEventListener("click", () => act({ door: door().name, command }));
    byId("commands").append(button);
  }
  on("world", show);
  on("door", show);
  on("language", show);
}

function show() {
  const view = latest.world && door();
  if (!view) return;
  const names = view.inputs.map(({ name }) => name).join();
  const list = byId("lines");
  if (list.shown !== names) {
    list.shown = names;
    list.replaceChildren(...view.inputs.map(control));
  }
  for (const wire of view.inputs) {
    const select = byId(`line-${wire.name}`);
    offer(select, LINES.map((line) => [line, t(`line.${line}`)]));
    choose(select, wire.line ?? "quiet");
    select.labels[0].firstChild.textContent = t(`input.${wire.name}`);
  }
}

function control({ name }) {
  const select = make("select", { id: `line-${name}`, "data-testid": `line-${name}` });
  select.addEventListener("change", () => act({ door: door().name, input: name, line: select.value }));
  return make("label", {}, make("span"), select);
}
