// New events come in above the list, and nothing that somebody looks at moves: while they are further down, mark text,
// point at a row or have the focus in one, new rows wait behind a button.
"use strict";

addEventListener("DOMContentLoaded", () => {
  const EVERY = 2000, MOST = 500; // milliseconds; rows of the page
  const list = document.getElementById("list"), rows = document.getElementById("rows");
  const pause = document.getElementById("pause"), show = document.getElementById("show-fresh"), said = document.getElementById("live");
  let after = Number(list.dataset.after), held = [], gap = false, paused = false, over = false, timer = 0;

  const busy = () => {
    const selection = getSelection();
    return list.getBoundingClientRect().top < 0 || rows.matches(":hover") || rows.contains(document.activeElement)
      || (!selection.isCollapsed && rows.contains(selection.anchorNode));
  };

  function say(text) {
    if (said.textContent !== text) said.textContent = text;
  }

  async function look() {
    timer = 0;
    if (paused || over || document.hidden) return;
    try {
      const address = `${list.dataset.fresh}${list.dataset.fresh.endsWith("?") ? "" : "&"}after=${after}`;
      const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
      if (answer.status === 401 || answer.status === 403) {
        over = true;
        say("Your session has ended: reload the page.");
        return;
      }
      if (answer.status === 200) take(await answer.text());
      say(answer.ok ? "New events appear by themselves." : "New events cannot be read at this moment; trying again.");
    } catch {
      say("The server cannot be reached; trying again.");
    }
    next();
  }

  function next() {
    if (!timer && !paused && !over) timer = setTimeout(look, EVERY);
  }

  function take(html) {
    const table = new DOMParser().parseFromString(html, "text/html").querySelector("table");
    after = Number(table.dataset.after);
    const fresh = [...table.tBodies[0].rows];
    if (!fresh.length) return;
    gap ||= "gap" in table.dataset;
    held = [...fresh, ...held].slice(0, MOST);
    if (busy()) offer();
    else put();
  }

  function offer() {
    show.hidden = held.length === 0;
    show.textContent = held.length === 1 ? "Show 1 new event" : `Show ${held.length}${gap ? " or more" : ""} new events`;
  }

  function put() {
    if (gap) held.push(skipped());
    rows.prepend(...held.map((row) => document.adoptNode(row)));
    held = [];
    gap = false;
    offer();
    document.getElementById("empty")?.remove();
    list.hidden = false;
    trim();
  }

  function skipped() {
    const cell = document.createElement("td");
    cell.colSpan = 4;
    cell.className = "quiet";
    cell.textContent = "Further events came in between: reload the page to see them.";
    const row = document.createElement("tr");
    row.append(cell);
    return row;
  }

  // What falls off the end is where "Older" begins then.
  function trim() {
    while (rows.rows.length > MOST) rows.rows[rows.rows.length - 1].remove();
    const last = [...rows.rows].reverse().find((row) => row.dataset.cursor), older = document.querySelector(".pages [rel=next]");
    if (older && last) {
      const address = new URL(older.href);
      address.searchParams.set("cursor", last.dataset.cursor);
      older.href = address.href;
    }
  }

  function toggle() {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Continue" : "Pause";
    if (paused) say("Paused.");
    else look();
  }

  pause.hidden = false;
  pause.addEventListener("click", toggle);
  show.addEventListener("click", () => {
    put();
    scrollTo({ top: 0 });
    rows.querySelector("a")?.focus({ preventScroll: true });
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !timer) look(); });
  document.addEventListener("keydown", (event) => {
    const free = !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "p" && free && !event.target.closest("input, select, textarea") && !document.querySelector("dialog[open]")) toggle();
  });
  say("New events appear by themselves.");
  next();
});
