// Rows that open: the button fetches what belongs below its row, and a list that is fetched again keeps it open.
"use strict";

const drillOf = (button) => {
  const next = button.closest("tr").nextElementSibling;
  return next?.classList.contains("drill") ? next : null;
};

async function toggle(button) {
  const open = drillOf(button);
  if (open) open.remove();
  else await htmx.ajax("GET", button.dataset.expands, { target: button.closest("tr"), swap: "afterend" });
  button.setAttribute("aria-expanded", String(Boolean(drillOf(button))));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-expands]");
  if (button) toggle(button);
});

let opened = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "list" || !event.detail.shouldSwap) return;
  opened = [...document.querySelectorAll("#list [data-expands][aria-expanded=true]")].map((button) => [button.id, drillOf(button)]);
  for (const [, drill] of opened) drill?.remove();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "list") return;
  for (const [id, drill] of opened) {
    const button = document.getElementById(id);
    if (!button || !drill) continue;
    button.closest("tr").after(drill);
    button.setAttribute("aria-expanded", "true");
  }
  opened = [];
});
