// Looking at values that a page gave us, whatever they are.

function plain(value) {
  return Object.prototype.toString.call(value) === "[object Object]" ? value : null;
}

function text(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : null;
}

function callable(value) {
  return typeof value === "function";
}

// A copy without members that are undefined.
function copy(members) {
  return JSON.parse(JSON.stringify(members));
}

function complain(problem) {
  if (window.console) console.warn("analytics:", problem);
}

// Nothing of ours may throw into the page.
function guarded(action) {
  try {
    return action();
  } catch (error) {
    complain(error);
    return undefined;
  }
}

function uuid() {
  const bytes = new Uint8Array(16); // crypto.randomUUID is there on https only
  if (window.crypto && crypto.getRandomValues) crypto.getRandomValues(bytes);
  else bytes.forEach((_, at) => (bytes[at] = Math.random() * 256));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const digits = Array.from(bytes, (byte) => (byte + 256).toString(16).slice(1)).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
