// Links that copy what they lead to, as plain text, and say whether that went well. Without script they open the text.
"use strict";

// Where the pages are not served over HTTPS the browser keeps its clipboard shut, but lets a copy that is asked for be filled.
function fillCopy(text) {
  let filled = false;
  const fill = (event) => {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
    filled = true;
  };
  document.addEventListener("copy", fill, { capture: true });
  document.execCommand("copy");
  document.removeEventListener("copy", fill, { capture: true });
  if (!filled) throw new Error("the browser does not let this page copy");
}

async function copyFrom(address) {
  const answer = await fetch(address);
  if (!answer.ok || !answer.headers.get("content-type")?.startsWith("text/plain")) throw new Error(`the server answered ${answer.status}`);
  const text = await answer.text();
  await (navigator.clipboard ? navigator.clipboard.writeText(text) : fillCopy(text));
}

function say(level, text, link) {
  const message = document.createElement("p");
  message.className = `message ${level}`;
  message.append(text);
  if (link) {
    const way = document.createElement("a");
    way.href = link;
    way.textContent = "Open the text";
    message.append(" ", way);
  }
  document.getElementById("messages").replaceChildren(message);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-copies][href]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  try {
    await copyFrom(link.href);
    say("success", "The details are copied.");
  } catch (error) {
    say("error", `The details were not copied: ${error.message}.`, link.href);
  }
});
