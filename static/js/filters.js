// The filter pane and its keys, as in Business Central; the order of columns.
"use strict";

let lastCell = null;

function togglePane(pane, show = pane.hidden) {
  pane.hidden = !show;
  if (show) (pane.querySelector("input") ?? pane.querySelector("select")).focus();
}

// Asks for the list again with one more part of the address.
function goWith(name, value) {
  const query = new URLSearchParams(location.search);
  for (const passing of ["page", "link", "add"]) query.delete(passing);
  query.set(name, value);
  location.search = query;
}

// What a cell shows as a filter that selects it: a moment by its day, else the first line, in quotes where it has signs of the grammar.
// A cell that shows its value in other words, as a tick or an arrow, says by data-filter what it is.
function filterText(cell) {
  const time = cell.querySelector("time");
  if (time) return ("relative" in time.dataset ? time.title : time.textContent).trim().split(/[ ,]/)[0];
  const text = cell.querySelector("[data-filter]")?.dataset.filter ?? cell.innerText.trim().split("\n")[0].trim();
  return /[|&<>=*?@'%]|\.\./.test(text) ? `'${text.replaceAll("'", "''")}'` : text || "''";
}

const fieldOf = (cell) => cell?.closest("table").querySelectorAll("thead th")[cell.cellIndex]?.dataset.field;

// The cell that a filter is made of: the one last touched; of a row that was only ticked its first one that can be filtered.
function cellToFilter() {
  if (!lastCell?.isConnected) return null;
  return fieldOf(lastCell) ? lastCell : [...lastCell.parentNode.cells].find(fieldOf);
}

function pressKey(event) {
  if (event.key !== "F3") return;
  const pane = document.getElementById("filter-pane");
  const cell = cellToFilter();
  const field = fieldOf(cell);
  if (event.ctrlKey && event.shiftKey && event.altKey) document.querySelector(".filter-bar .clear")?.click();
  else if (event.shiftKey && event.altKey && field) goWith("add", field);
  else if (event.altKey && field) goWith(`f.${field}`, filterText(cell));
  else if (event.shiftKey && !event.altKey && pane) togglePane(pane);
  else return;
  event.preventDefault();
}

function moveColumn(button) {
  const item = button.closest("li");
  const neighbour = button.dataset.move === "-1" ? item.previousElementSibling : item.nextElementSibling;
  if (!neighbour) return;
  button.dataset.move === "-1" ? neighbour.before(item) : neighbour.after(item);
  button.focus();
}

document.addEventListener("keydown", pressKey);
document.addEventListener("focusin", (event) => { lastCell = event.target.closest?.("#list td") ?? lastCell; });
document.addEventListener("click", (event) => {
  lastCell = event.target.closest("#list td") ?? lastCell;
  const toggles = event.target.closest("[data-toggles]");
  if (toggles) togglePane(document.getElementById(toggles.dataset.toggles));
  const moves = event.target.closest("[data-move]");
  if (moves) moveColumn(moves);
});
// A field that was just added to the pane is where the next key goes.
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id === "filter-pane") document.querySelector("#filter-pane [data-focus]")?.focus();
});
// Filters that are not used stay out of the address, so that it can be read, kept and passed on.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "filters") return;
  const data = event.detail.formData;
  for (const name of new Set(data.keys())) {
    const values = data.getAll(name).filter(Boolean);
    data.delete(name);
    for (const value of values) data.append(name, value);
  }
});
