// Keeps the page up to date without losing the place: the main part is replaced when it has changed.
// Nothing happens while a button, a player or a text in it is in use, or while nobody looks.
"use strict";

const EVERY_MS = 5000;

function isInUse(main) {
  const selection = document.getSelection();
  return (main !== document.activeElement && main.contains(document.activeElement))
    || (selection !== null && !selection.isCollapsed)
    || [...main.querySelectorAll("audio")].some((player) => !player.paused);
}

async function refresh() {
  const main = document.querySelector("main");
  if (document.hidden || isInUse(main)) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (isInUse(main)) return;
  document.title = fresh.title;
  if (fresh.querySelector("main").innerHTML !== main.innerHTML) main.replaceWith(fresh.querySelector("main"));
}

setInterval(() => refresh().catch(() => {}), EVERY_MS);
