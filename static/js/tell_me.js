// "Tell me": pages, the actions of this page and records, by keyboard alone.
"use strict";

const tellMe = () => document.getElementById("tell-me");

function openTellMe() {
  const dialog = tellMe();
  if (!dialog || dialog.open) return;
  const input = dialog.querySelector("[data-tell-me]");
  input.value = "";
  dialog.querySelector("#tell-me-found").replaceChildren();
  listActions(dialog);
  narrowTellMe(dialog, "");
  dialog.showModal();
  input.focus();
}

// What can be done on this page now: whatever its action bar and its tools offer and allow.
function listActions(dialog) {
  const list = dialog.querySelector("[data-tell-me-actions]");
  const offers = document.querySelectorAll("main .actions :is(button, a[href]), main .list-tools :is(button, a[href]), main .buttons :is(button, a[href])");
  list.replaceChildren(...[...offers].filter(usable).map(actionItem));
}

const usable = (offer) => !offer.disabled && offer.ariaDisabled !== "true" && !offer.closest("[hidden], [data-save-view], .columns-menu") && offer.textContent.trim();

const labelOf = (offer) => [...offer.childNodes].filter((node) => node.ariaHidden !== "true").map((node) => node.textContent).join("").trim();

function actionItem(offer) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const menu = offer.closest("details")?.querySelector("summary")?.textContent.trim() ?? "";
  button.type = "button";
  button.textContent = labelOf(offer);
  button.addEventListener("click", () => { tellMe().close(); offer.click(); });
  const where = document.createElement("span");
  where.className = "soft";
  where.textContent = menu || "This page";
  item.dataset.words = `${button.textContent} ${menu}`.toLowerCase();
  item.append(button, where);
  return item;
}

function narrowTellMe(dialog, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of dialog.querySelectorAll("[data-words]")) item.hidden = !words.every((word) => item.dataset.words.includes(word));
  for (const part of dialog.querySelectorAll("section[data-part]")) part.hidden = !part.querySelector("li:not([hidden])");
  sayNothing(dialog);
}

function sayNothing(dialog) {
  dialog.querySelector("[data-tell-me-nothing]").hidden = choices(dialog).length > 0;
}

const choices = (dialog) => [...dialog.querySelectorAll("li:not([hidden]) :is(a, button)")];

function moveInTellMe(dialog, step) {
  const all = choices(dialog);
  const next = all.indexOf(document.activeElement) + step;
  (next < 0 ? dialog.querySelector("[data-tell-me]") : all[Math.min(next, all.length - 1)])?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-opens='tell-me']")) openTellMe();
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-tell-me]")) narrowTellMe(tellMe(), event.target.value);
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "tell-me-found") sayNothing(tellMe());
});
document.addEventListener("keydown", (event) => {
  if (event.altKey && event.key.toLowerCase() === "q") { event.preventDefault(); openTellMe(); }
  const dialog = event.target.closest?.("#tell-me");
  if (!dialog) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); moveInTellMe(dialog, event.key === "ArrowDown" ? 1 : -1); }
  if (event.key === "Enter" && event.target.matches("[data-tell-me]")) { event.preventDefault(); choices(dialog)[0]?.click(); }
});
