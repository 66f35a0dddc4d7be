// Keys as in Business Central that are not about filters: FactBox, row menu, copying rows, shortcuts that links and buttons declare.
"use strict";

function toggleFactBox() {
  const box = document.getElementById("factbox");
  if (!box) return;
  box.hidden = !box.hidden;
  sessionStorage.setItem("factbox", box.hidden ? "closed" : "open");
}

// The menu of a row: what the action bar may do with it, below the row.
function openRowMenu(box) {
  const menu = document.getElementById("row-menu");
  if (!box.checked) { for (const one of document.querySelectorAll("#list [data-select]:checked")) one.checked = false; box.click(); }
  const offers = [...document.querySelectorAll("main .actions :is(button, a[href])")];
  menu.replaceChildren(...offers.filter(usable).map((offer) => rowAction(menu, offer)));
  if (!menu.children.length) return;
  const place = box.closest("tr").getBoundingClientRect();
  menu.style.left = `${Math.max(place.left, 0) + 30}px`;
  menu.style.top = `${Math.min(place.bottom, innerHeight - 240)}px`;
  menu.showPopover();
  menu.firstElementChild.focus();
}

function rowAction(menu, offer) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = labelOf(offer);
  button.addEventListener("click", () => { menu.hidePopover(); offer.click(); });
  return button;
}

function moveInMenu(event, by) {
  const all = [...event.target.parentNode.children];
  event.preventDefault();
  all[(all.indexOf(event.target) + by + all.length) % all.length].focus();
}

// What a cell says; a relative time as the moment that it stands for.
function textOf(cell) {
  const time = cell.querySelector("time[data-relative]");
  const text = time ? cell.innerText.replace(time.textContent, time.title.split(" · ")[0]) : cell.innerText;
  return text.replace(/[\t\n↑↓]+/g, " ").trim();
}

// The ticked rows with their headings, as a spreadsheet takes them from the clipboard.
function copyRows(event) {
  const ticks = [...document.querySelectorAll("#list [data-select]:checked")];
  if (!ticks.length || String(getSelection()) || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
  const heads = [...document.querySelectorAll("#list thead th")];
  const shown = heads.flatMap((head, place) => (head.querySelector("[data-select-all]") ? [] : [place]));
  const line = (cells) => shown.map((place) => textOf(cells[place])).join("\t");
  event.clipboardData.setData("text/plain", [heads, ...ticks.map((tick) => tick.closest("tr").cells)].map(line).join("\n"));
  event.preventDefault();
}

// A link or button says its own key: aria-keyshortcuts="Control+F7".
function pressShortcut(event) {
  const name = `${event.ctrlKey ? "Control+" : ""}${event.key}`;
  const offer = document.querySelector(`main [aria-keyshortcuts="${CSS.escape(name)}"]`);
  if (!offer || !usable(offer)) return;
  event.preventDefault();
  offer.click();
}

// The list alone is fetched again: what is ticked and where it is scrolled to stay. Where somebody edits rows, the browser asks first.
function refreshList(event) {
  const list = document.querySelector("#list:has(table.rows)");
  if (!list || list.querySelector("input:not([type=checkbox]), select, textarea")) return;
  event.preventDefault();
  htmx.ajax("GET", location.pathname + location.search, { target: "#list", swap: "innerHTML" });
}

// The row that a key is about: the one with the focus, else the current one, else the first that is ticked.
function rowOf(target) {
  const row = target.closest?.("#list tbody tr") ?? document.querySelector("#list tr.current:has([data-select]:checked)");
  return row ? row.querySelector("[data-select]") : document.querySelector("#list [data-select]:checked");
}

const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, dialog, [popover], .filter-pane, .menu");

function pressMenuKey(event) {
  const box = typing(event.target) ? null : rowOf(event.target);
  if (!box || event.target.closest?.(".sidebar, .topbar")) return;
  event.preventDefault();
  openRowMenu(box);
}

function selectAll(event) {
  const place = event.target;
  if (typing(place) || !(place === document.body || place.closest?.("main")) || !boxes().length) return;
  event.preventDefault();
  boxes().forEach((box) => { box.checked = true; });
  updateActions();
}

// The filter pane closes, and the focus goes back to what opens it.
function closePane(event) {
  const pane = event.target.closest?.("#filter-pane");
  if (!pane) return;
  pane.hidden = true;
  document.querySelector("[data-toggles=filter-pane]")?.focus();
}

document.addEventListener("keydown", (event) => {
  const plain = !event.altKey && !event.shiftKey && !event.metaKey;
  if (event.key === "F2" && event.altKey) { event.preventDefault(); toggleFactBox(); }
  if (/^F\d+$/.test(event.key) && plain) pressShortcut(event);
  if (event.key === "F5" && plain && !event.ctrlKey) refreshList(event);
  if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) pressMenuKey(event);
  if (event.key?.toLowerCase() === "a" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) selectAll(event);
  if (event.key === "Escape") closePane(event);
  if (event.target.closest?.("#row-menu") && (event.key === "ArrowDown" || event.key === "ArrowUp")) moveInMenu(event, event.key === "ArrowDown" ? 1 : -1);
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-opens=keyboard]")) document.getElementById("keyboard").showModal();
});
document.addEventListener("copy", copyRows);
if (sessionStorage.getItem("factbox") === "closed") document.getElementById("factbox")?.setAttribute("hidden", "");
