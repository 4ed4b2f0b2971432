// Sending: one event at a time, in order. An event stays in localStorage, over page loads, until the server answers.

/**
 * @param target address that the letter of a call is appended to
 * @param key write key
 * @param local gives access to localStorage
 * @return add(event, done) calls `done` after the first attempt; resume() takes up what earlier pages have left
 */
function queueOf(target, key, local) {
  const PREFIX = "tidings.queue." + key + "."; // an entry for each event: tabs share localStorage
  const MOST = 200;
  const WEEK = 6048e5;
  const TIMEOUT = 20000;
  let waiting = [];
  let flying = null;
  let failures = 0;
  let pause = null;
  let added = 0;

  function address(entry) {
    return target + entry.type[0];
  }

  function stamped(entry) {
    return entry.body.slice(0, -1) + ',"sentAt":"' + new Date().toISOString() + '"}';
  }

  function add(event, done) {
    const order = Date.now() + "." + String(1e4 + added++).slice(-4) + "." + uuid().slice(0, 8);
    const entry = { name: PREFIX + order, type: event.type, body: JSON.stringify(event), done };
    local((store) => store.setItem(entry.name, entry.body));
    waiting.push(entry);
    if (waiting.length > MOST) drop(waiting.find((one) => one !== flying));
    flush();
  }

  function drop(entry) {
    waiting = waiting.filter((one) => one !== entry);
    local((store) => store.removeItem(entry.name));
    entry.done();
  }

  // Another tab may be sending the same: the server knows it by its message id.
  function resume() {
    const names = local((store) => Object.keys(store).filter((name) => name.indexOf(PREFIX) === 0)) || [];
    names.sort().forEach((name) => {
      const body = local((store) => store.getItem(name));
      const event = guarded(() => plain(JSON.parse(body)));
      const young = Date.now() - parseInt(name.slice(PREFIX.length), 10) < WEEK;
      if (event && text(event.type) && young) waiting.push({ name, type: String(event.type), body, done() {} });
      else local((store) => store.removeItem(name));
    });
    flush();
  }

  function flush() {
    if (flying || pause || !waiting.length) return;
    const entry = waiting[0];
    flying = entry;
    post(entry).then((response) => {
      const status = response ? response.status : 0;
      flying = null;
      if (status === 0 || status === 408 || status === 429 || (status >= 500 && status !== 501)) {
        tryLater(entry, response);
        return;
      }
      failures = 0;
      if (status >= 400) complain("the server refuses an event with status " + status);
      drop(entry);
      flush();
    });
  }

  function tryLater(entry, response) {
    entry.done();
    // An error of the server's own may be about this event alone: let the others pass.
    if (response && response.status === 500) waiting = waiting.filter((one) => one !== entry).concat(entry);
    const wait = Math.min(60, Math.pow(2, failures++)) * (0.5 + Math.random() / 2);
    const asked = response ? Math.min(300, Number(response.headers.get("Retry-After")) || 0) : 0;
    pause = setTimeout(proceed, Math.max(wait, asked) * 1000);
  }

  function proceed() {
    clearTimeout(pause);
    pause = null;
    flush();
  }

  // Resolves with the response, with nothing where there is none. Text is a "simple" request: no preflight.
  function post(entry) {
    return new Promise((resolve) => {
      const stop = window.AbortController ? new AbortController() : { abort() {} };
      const timer = setTimeout(() => resolve(stop.abort()), TIMEOUT);
      const body = stamped(entry);
      fetch(address(entry), {
        method: "POST",
        headers: { "Content-Type": "text/plain" },
        body,
        credentials: "omit",
        keepalive: failures === 0 && body.length < 6e4, // the browser's limit of these may be what failed
        signal: stop.signal,
      })
        .then(resolve, () => resolve())
        .then(() => clearTimeout(timer));
    }).catch(complain);
  }

  // Also what is under way, since Chromium now and then loses a request with keepalive that was begun while the page
  // was being left: the server knows it by its message id. No beacon is acknowledged, so that all stay stored.
  function leave() {
    waiting.forEach((entry) => navigator.sendBeacon(address(entry), stamped(entry)));
  }

  window.addEventListener("pagehide", () => guarded(leave));
  window.addEventListener("pageshow", proceed);
  window.addEventListener("online", proceed);
  return { add, resume };
}
