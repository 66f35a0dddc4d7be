// Lists that are edited in place: what was typed is not lost without a question.
"use strict";

const edited = () => document.querySelector("form[data-edits][data-changed]");

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-edits]");
  if (form) form.dataset.changed = "";
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-edits]")) delete event.target.dataset.changed;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("form[data-edits] .form-buttons a")) delete event.target.closest("form[data-edits]").dataset.changed;
});
addEventListener("beforeunload", (event) => { if (edited()) event.preventDefault(); });

// Filtering fetches the list again, so it asks first.
document.addEventListener("htmx:confirm", (event) => {
  if (event.detail.elt.id !== "filters" || !edited()) return;
  event.preventDefault();
  const dialog = document.getElementById("confirm");
  if (dialog.open) return;
  dialog.querySelector("p").textContent = "Show other rows? What you have changed in these is not saved yet and will be lost.";
  dialog.returnValue = "";
  dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") event.detail.issueRequest(true); }, { once: true });
  dialog.showModal();
});
