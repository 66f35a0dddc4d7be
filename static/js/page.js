// What every page has: local times, menus that close, "Tell me", questions before actions.
"use strict";

const pad = (number) => String(number).padStart(2, "0");

function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
    time.textContent = `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
    time.dataset.local = "";
  }
}

function openTellMe() {
  const dialog = document.getElementById("tell-me");
  if (!dialog || dialog.open) return;
  const input = dialog.querySelector("[data-tell-me]");
  input.value = "";
  narrowTellMe(dialog, "");
  dialog.showModal();
  input.focus();
}

function narrowTellMe(dialog, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const item of dialog.querySelectorAll("li")) {
    item.hidden = !words.every((word) => item.dataset.words.includes(word));
    found += item.hidden ? 0 : 1;
  }
  dialog.querySelector("[data-tell-me-nothing]").hidden = found > 0;
}

function moveInTellMe(dialog, step) {
  const links = [...dialog.querySelectorAll("li:not([hidden]) a")];
  const next = links.indexOf(document.activeElement) + step;
  (next < 0 ? dialog.querySelector("[data-tell-me]") : links[Math.min(next, links.length - 1)])?.focus();
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

// An open menu stays inside the window, whichever side its button stands on.
function keepInside(menu) {
  const items = menu.querySelector(".menu-items");
  const place = items.getBoundingClientRect();
  if (place.right > document.documentElement.clientWidth) items.classList.remove("from-left");
  else if (place.left < 0) items.classList.add("from-left");
}

// A button with data-confirm asks first, then submits as if nothing had happened.
function askFirst(event) {
  const button = event.target.closest("button[data-confirm]");
  if (!button || button.dataset.confirmed) return;
  event.preventDefault();
  const dialog = document.getElementById("confirm");
  dialog.querySelector("p").textContent = button.dataset.confirm;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    button.dataset.confirmed = "yes";
    button.click();
    delete button.dataset.confirmed;
  }, { once: true });
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  if (event.target.closest("[data-opens='tell-me']")) openTellMe();
  askFirst(event);
});

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details.menu[open]")) keepInside(event.target);
}, true);

document.addEventListener("keydown", (event) => {
  const dialog = event.target.closest?.("#tell-me");
  if (event.altKey && event.key.toLowerCase() === "q") { event.preventDefault(); openTellMe(); }
  if (event.key === "F3" && !event.shiftKey && !event.altKey) {
    const search = document.querySelector(".filter-bar input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }
  if (dialog && (event.key === "ArrowDown" || event.key === "ArrowUp")) { event.preventDefault(); moveInTellMe(dialog, event.key === "ArrowDown" ? 1 : -1); }
  if (dialog && event.key === "Enter" && event.target.matches("[data-tell-me]")) dialog.querySelector("li:not([hidden]) a")?.click();
});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-tell-me]")) narrowTellMe(event.target.closest("dialog"), event.target.value);
});

// A live part asks nothing while nobody looks, and a session that has ended leads to the sign-in page, not into the list.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-live]")) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL || location.href).pathname !== document.body.dataset.signIn) return;
  event.detail.shouldSwap = false;
  location.reload();
});
document.addEventListener("htmx:load", (event) => showLocalTimes(event.detail.elt.parentNode || document));

showLocalTimes(document);
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
for (const place of document.querySelectorAll("[data-zone]")) place.textContent = zone;
if (!("zoneChosen" in document.body.dataset)) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
document.querySelector("[data-focus]")?.focus();
