// What the console does in the browser beyond links, forms and htmx. No page needs it to show what it shows.
"use strict";

(() => {
  const YEAR = 365 * 24 * 3600;
  const one = (selector, root = document) => root.querySelector(selector);
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  const typing = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;

  // Light and dark: a cookie, so that the next page comes in the right colours at once.
  function setTheme(theme) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `tidings_theme=${theme}; Path=/console; SameSite=Lax; Max-Age=${theme ? YEAR : 0}${secure}`;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    each("[data-theme-switch] button[aria-pressed]", (button) => button.setAttribute("aria-pressed", String(button.value === theme)));
    each(".theme button", (button) => {
      button.value = isDark() ? "light" : "dark";
      button.textContent = isDark() ? "Light" : "Dark";
    });
    document.dispatchEvent(new CustomEvent("tidings:theme", { detail: theme })); // charts draw themselves anew
  }

  function isDark() {
    const theme = document.documentElement.dataset.theme;
    return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  function onSubmit(event) {
    if (event.target.matches("[data-theme-switch]") && event.submitter) {
      event.preventDefault();
      setTheme(event.submitter.value);
    }
  }

  async function copy(button) {
    const text = one("pre", button.parentElement).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no secure context: select it, and let the browser's older command try
      const range = document.createRange();
      range.selectNodeContents(one("pre", button.parentElement));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (!document.execCommand("copy")) {
        say("It is selected: copy it with Ctrl+C.");
        return;
      }
    }
    button.textContent = "Copied";
    say("Copied.", "unseen");
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  // Says something where screen readers hear it; kind is a class of .note, or "unseen".
  function say(text, kind = "warning") {
    const place = one(".notes");
    if (!place || (kind !== "unseen" && place.lastElementChild?.textContent === text)) return; // polling would say it for ever
    const note = document.createElement("p");
    note.className = kind === "unseen" ? kind : `note ${kind}`;
    note.textContent = text;
    place.append(note);
    if (kind === "unseen") setTimeout(() => note.remove(), 3000);
  }

  function onClick(event) {
    const target = event.target.closest("[data-dialog], [data-copy]");
    if (!target) return;
    if (target.matches("[data-copy]")) copy(target);
    else document.getElementById(target.dataset.dialog)?.showModal();
  }

  // Keys: "/" searches, "g" and a letter goes to a page, "?" shows the list.
  let going = 0;
  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || one("dialog[open]")) return;
    const link = going && Date.now() - going < 1500 && /^[a-z]$/.test(event.key) && one(`#shortcuts [data-key="${event.key}"]`);
    going = event.key === "g" ? Date.now() : 0;
    if (link) {
      event.preventDefault();
      location.assign(link.href);
    } else if (event.key === "/") {
      const field = one("[data-search], input[type=search]");
      if (field) {
        event.preventDefault();
        field.focus();
        field.select?.();
      }
    } else if (event.key === "?") {
      one("#shortcuts")?.showModal();
    }
  }

  // The set-up code may come behind "#", which no server sees; it goes from the address bar at once.
  function takeCode() {
    const field = one("[data-from-fragment]");
    if (field && location.hash.length > 1) {
      field.value = decodeURIComponent(location.hash.slice(1));
      history.replaceState(null, "", location.pathname);
      one("#email")?.focus();
    }
  }

  document.addEventListener("submit", onSubmit);
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb !== "get") event.detail.headers["X-CSRF-Token"] = one("meta[name=csrf]").content;
  });
  // What refreshes itself rests while nobody sees it.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches("[hx-trigger^=every]")) event.preventDefault();
  });
  document.addEventListener("htmx:responseError", (event) => {
    const text = event.detail.xhr.responseText;
    say(text && text.length < 300 && !text.includes("<") ? text : "This did not work: reload the page.", "error");
  });
  document.addEventListener("htmx:sendError", () => say("The server cannot be reached. Is it running?", "error"));
  document.addEventListener("DOMContentLoaded", () => {
    takeCode();
    setThemeButtons();
    one("[data-focus]")?.focus();
  });
  addEventListener("hashchange", takeCode);

  function setThemeButtons() {
    each(".theme button", (button) => {
      button.value = isDark() ? "light" : "dark";
      button.textContent = isDark() ? "Light" : "Dark";
    });
  }

  window.tidings = { say, isDark };
})();
