// All words of the page come from texts.json, in the language that is chosen there.

import { tell } from "./link.js";

let table = {};
let language = "en";

export async function loadTexts() {
  table = await (await fetch("texts.json")).json();
  const kept = localStorage.getItem("lintel-language");
  setLanguage(kept in table ? kept : navigator.language.startsWith("de") ? "de" : "en");
}

export function setLanguage(chosen) {
  language = chosen;
  localStorage.setItem("lintel-language", chosen);
  document.documentElement.lang = chosen;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  tell("language", chosen);
}

export const chosenLanguage = () => language;

// The words of a key; {name} in them is filled in.
export function t(key, values = {}) {
  const words = table[language]?.[key] ?? table.en?.[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

// A value's name where the table has it (`t` of "state.open"), else the value itself.
export const named = (family, value) => table[language]?.[`${family}.${value}`] ?? value;

// What a reason means, and what to do; in English they come from Lintel itself.
export const meaningOf = (code, english) => table.reasons?.[language]?.[code]?.[0] ?? english;
export const adviceOf = (code, english) => table.reasons?.[language]?.[code]?.[1] ?? english;
export const eventName = (event) => table.events?.[language]?.[event] ?? event;

export function number(value, digits = 2) {
  return value === null || value === undefined ? "–" : value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export const timeOf = (iso) => new Date(iso).toLocaleTimeString(language, { timeZone: "UTC", hour12: false });
