// What every page has: local times, menus that close, questions before actions.
"use strict";

const pad = (number) => String(number).padStart(2, "0");

function showLocalTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
    const local = `${day} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
    if ("relative" in time.dataset) time.title = `${local} · ${time.title}`;
    else time.textContent = local;
    time.dataset.local = "";
  }
}

// Relative times, in the words of syncadmin/ui/formatting.py, by the clock of the server.
const ahead = "now" in document.body.dataset ? Date.now() - 1000 * document.body.dataset.now : 0;

function distance(seconds) {
  const far = Math.abs(seconds);
  if (far < 1) return "now";
  const [unit, length] = far < 60 ? ["s", 1] : far < 3600 ? ["min", 60] : far < 172800 ? ["h", 3600] : ["d", 86400];
  const words = `${Math.max(1, Math.round(far / length))} ${unit}`;
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

function showDistances() {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const words = distance((Date.now() - ahead - new Date(time.dateTime).getTime()) / 1000);
    if (time.textContent !== words) time.textContent = words;
  }
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
  askFirst(event);
});

// What is sent once is not sent again by a second press while the answer is on its way; who stopped it may try again a little later.
const SENT_FOR = 10000;

function sendOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (Date.now() - (form.dataset.sentAt ?? 0) < SENT_FOR) event.preventDefault();
  else form.dataset.sentAt = Date.now();
}

document.addEventListener("submit", sendOnce);
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent-at]")) delete form.dataset.sentAt;
});

// A dialog gives the focus back to the button that opened it; where that stands in a menu which is closed by then, to the menu.
let menuPressed = null;
document.addEventListener("click", (event) => {
  if (!event.target.closest("dialog")) menuPressed = event.target.closest("details.menu");
}, true);
document.addEventListener("close", () => {
  const at = document.activeElement;
  if (at === document.body || !at.checkVisibility()) menuPressed?.querySelector("summary").focus();
}, true);

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details.menu[open]")) keepInside(event.target);
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key === "F3" && !event.shiftKey && !event.altKey) {
    const search = document.querySelector(".filter-bar input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  }
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }
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
if ("now" in document.body.dataset) {
  setInterval(showDistances, 5000);
  document.addEventListener("visibilitychange", showDistances);
}
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
for (const place of document.querySelectorAll("[data-zone]")) place.textContent = zone;
if (!("zoneChosen" in document.body.dataset)) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
document.querySelector("[data-focus]")?.focus();
