// Lists: which rows are ticked, what the action bar may do with them, and the FactBox of the row last touched.
"use strict";

const boxes = () => [...document.querySelectorAll("#list [data-select]")];
const ticked = () => boxes().filter((box) => box.checked);
let lastBox = null;

function allowed(needs, number) {
  if (needs === "one" || needs === "two") return number === (needs === "one" ? 1 : 2);
  return needs === "none" || needs === "any" || number > 0;
}

function fillRowLink(link, [box, other]) {
  const address = link.dataset.address;
  if (!box) { link.dataset.plain ? (link.href = link.dataset.plain) : link.removeAttribute("href"); return; }
  link.href = address.replaceAll("{key}", encodeURIComponent(box.value)).replaceAll("{name}", encodeURIComponent(box.dataset.name)).replaceAll("{other}", encodeURIComponent(other?.value));
}

function updateActions() {
  const chosen = ticked();
  for (const button of document.querySelectorAll("button[form=selection][data-needs]")) button.disabled = !allowed(button.dataset.needs, chosen.length);
  for (const link of document.querySelectorAll("a.row-link")) {
    const usable = allowed(link.dataset.needs, chosen.length);
    link.ariaDisabled = String(!usable);
    fillRowLink(link, usable && chosen.length === (link.dataset.needs === "two" ? 2 : 1) ? chosen : []);
  }
  const all = document.querySelector("#list [data-select-all]");
  if (all) {
    all.checked = chosen.length > 0 && chosen.length === boxes().length;
    all.indeterminate = chosen.length > 0 && !all.checked;
  }
  for (const place of document.querySelectorAll("[data-selected-count]")) place.textContent = chosen.length ? `${chosen.length} selected` : "";
}

// The row last touched is the current one: the FactBox tells about it.
function makeCurrent(row) {
  if (!row || row.classList.contains("current")) return;
  document.querySelector("#list tr.current")?.classList.remove("current");
  row.classList.add("current");
  if (row.dataset.factbox && document.getElementById("factbox")) htmx.ajax("GET", row.dataset.factbox, { target: "#factbox", swap: "innerHTML" });
}

function tickRange(box) {
  const all = boxes();
  const [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) all.slice(from, to + 1).forEach((one) => { one.checked = true; });
}

function pressRow(event) {
  const row = event.target.closest("#list tbody tr");
  if (!row || event.target.closest("a, button, input, select, label, summary") || String(getSelection())) return;
  const box = row.querySelector("[data-select]");
  if (!box) return;
  if (event.shiftKey) tickRange(box);
  else if (event.ctrlKey || event.metaKey) box.checked = !box.checked;
  else boxes().forEach((one) => { one.checked = one === box; });
  lastBox = box;
  makeCurrent(row);
  updateActions();
}

function step(event, by) {
  const all = boxes();
  const next = all[all.indexOf(event.target) + by];
  if (!next) return;
  event.preventDefault();
  next.focus();
  makeCurrent(next.closest("tr"));
}

document.addEventListener("click", pressRow);
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("[data-select]")) { lastBox = event.target; if (event.target.checked) makeCurrent(event.target.closest("tr")); }
  if (event.target.matches("[data-select], [data-select-all]")) updateActions();
});
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("#list [data-select]")) return;
  if (event.key === "ArrowDown") step(event, 1);
  if (event.key === "ArrowUp") step(event, -1);
  if (event.key === "Enter") { event.preventDefault(); event.target.closest("tr").querySelector("td.name a")?.click(); }
});

// A button with data-asks opens its dialog, which asks what the form of the list sends along. What other dialogs ask stays at home: a
// field in a fieldset that is disabled is neither checked nor sent.
function ask(button) {
  const dialog = document.getElementById(button.dataset.asks);
  const fields = dialog.querySelector("fieldset");
  const all = fields.querySelector("[name=all]");
  const number = ticked().length;
  closeMenus();
  fields.disabled = false;
  if (all) { all.checked = false; all.required = number === 0; }
  if (button.dataset.cause) fields.querySelector("[name=cause]").value = button.dataset.cause;
  fields.querySelector("[data-asked-about]").textContent = button.dataset.about ?? (all ? `${number || "No error is"} selected` : "");
  dialog.addEventListener("close", () => { fields.disabled = true; }, { once: true });
  dialog.showModal();
  fields.querySelector("textarea, select, input:not([type=hidden])")?.focus();
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-asks]");
  if (button) ask(button);
  event.target.closest("[data-closes]")?.closest("dialog").close();
});

// The address may have changed since the page was made (filters do that), so what depends on it is read now.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id === "selection" && form.next) form.next.value = location.pathname + location.search;
  if (form.matches("[data-save-view]")) { form.query.value = location.search; form.next.value = location.pathname + location.search; }
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-export]");
  if (!link) return;
  const query = new URLSearchParams(location.search);
  query.set("export", link.dataset.export);
  link.href = `?${query}`;
});

// A list that is fetched again keeps what was ticked, where it was scrolled to, and its current row.
let kept = null;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "list") return;
  kept = {
    values: new Set(ticked().map((box) => box.value)),
    current: document.querySelector("#list tr.current [data-select]")?.value,
    focused: document.activeElement?.id,
    link: document.activeElement?.closest?.("#list a")?.getAttribute("href"),
    left: document.querySelector("#list .list")?.scrollLeft ?? 0,
  };
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "list" || !kept) return;
  for (const box of boxes()) {
    box.checked = kept.values.has(box.value);
    if (box.value === kept.current) box.closest("tr").classList.add("current");
  }
  const list = document.querySelector("#list .list");
  if (list) list.scrollLeft = kept.left;
  const again = kept.link ? document.querySelector(`#list a[href="${CSS.escape(kept.link)}"]`) : document.getElementById(kept.focused);
  if (again?.closest("#list")) again.focus({ preventScroll: true });
  updateActions();
});

updateActions();
