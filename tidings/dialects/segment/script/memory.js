// What is remembered of a visitor: in cookies and localStorage under the vendor's names, so that visitors stay known
// after a move, and for this page alone where both are forbidden.

/**
 * @param storing false keeps everything in this page
 * @param jar attributes of cookies that the page wishes: domain, maxage (days), path, sameSite, secure
 * @return local(action) runs an action on localStorage and gives null where that is forbidden or full;
 *   get(name), set(name, text or null) for ids; traits(name), setTraits(name, object or null)
 */
function memoryOf(storing, jar) {
  const page = {};
  let domain; // the widest that takes our cookies; found out by trying

  function local(action) {
    try {
      return storing ? action(window.localStorage) : null;
    } catch (_) {
      return null;
    }
  }

  function readCookie(name) {
    try {
      const found = document.cookie.split(/; */).find((one) => one.indexOf(name + "=") === 0);
      return storing && found ? decodeURIComponent(found.slice(name.length + 1)) : null;
    } catch (_) {
      return null;
    }
  }

  function writeCookie(name, value, where) {
    // Encoded like the vendor's: only what a cookie cannot hold.
    const encoded = encodeURIComponent(value === null ? "" : value).replace(
      /%(?:2[346BF]|3[AC-F]|40|5[BDE]|60|7[BCD])/g,
      decodeURIComponent
    );
    const days = value === null ? -1 : jar.maxage || 365;
    const parts = [name + "=" + encoded, "path=" + (jar.path || "/")];
    parts.push("expires=" + new Date(Date.now() + days * 864e5).toUTCString());
    parts.push("SameSite=" + (jar.sameSite || "Lax"));
    if (where) parts.push("domain=" + where);
    if (jar.secure) parts.push("Secure");
    try {
      document.cookie = parts.join("; ");
    } catch (_) {
      // a sandboxed frame has none
    }
  }

  function widest() {
    const labels = location.hostname.split(".");
    if (jar.domain) return jar.domain;
    if (/^\d*$/.test(labels[labels.length - 1])) return ""; // an address
    for (let at = labels.length - 2; at >= 0; at--) {
      const tried = labels.slice(at).join(".");
      writeCookie("tidings_try", "1", tried);
      const taken = readCookie("tidings_try") === "1";
      writeCookie("tidings_try", null, tried);
      if (taken) return tried;
    }
    return "";
  }

  function get(name) {
    const found = readCookie(name) || local((store) => store.getItem(name)) || page[name];
    if (!found || found === "null") return null;
    if (found[0] !== '"') return found;
    return text(guarded(() => JSON.parse(found))) || null; // older cookies are JSON, and all of localStorage
  }

  function set(name, value) {
    page[name] = value;
    local((store) => (value === null ? store.removeItem(name) : store.setItem(name, JSON.stringify(value))));
    if (!storing) return;
    if (domain === undefined) domain = widest();
    if (domain || value === null) writeCookie(name, null, ""); // one of this host alone would hide the wider one
    writeCookie(name, value, domain);
  }

  function traits(name) {
    const stored = local((store) => store.getItem(name));
    return Object.assign({}, plain(stored === null ? page[name] : guarded(() => JSON.parse(stored))));
  }

  function setTraits(name, value) {
    page[name] = value;
    local((store) => (value === null ? store.removeItem(name) : store.setItem(name, JSON.stringify(value))));
  }

  return { local, get, set, traits, setTraits };
}

/** A person or a group: an id, and the traits that were said of it. `changed` is called when one follows another. */
function known(memory, idName, traitsName, changed) {
  const self = {
    id(value) {
      if (value === undefined) return memory.get(idName);
      const before = memory.get(idName);
      const after = text(value);
      memory.set(idName, after);
      if (after && before && after !== before) changed();
      return after;
    },
    traits(value) {
      if (value !== undefined) memory.setTraits(traitsName, plain(value) || {});
      return memory.traits(traitsName);
    },
    identify(id, traits) {
      const before = self.id();
      const same = before === null || !id || id === before;
      if (id) self.id(id);
      self.traits(Object.assign(same ? self.traits() : {}, traits));
    },
    reset() {
      memory.set(idName, null);
      memory.setTraits(traitsName, null);
    },
  };
  return self;
}

/** The visitor: person, group and anonymous id. */
function visitorOf(memory) {
  function anonymousId(value) {
    const given = text(value);
    if (value === null) memory.set("ajs_anonymous_id", null);
    else if (given || !memory.get("ajs_anonymous_id")) memory.set("ajs_anonymous_id", given || uuid());
    return value === null ? null : memory.get("ajs_anonymous_id");
  }

  ["ajs_anonymous_id", "ajs_user_id", "ajs_group_id"].forEach((name) => {
    const found = memory.get(name);
    if (found) memory.set(name, found); // another year, and in today's form
  });
  // Another person at the same device is another visitor: what follows must not be laid to the one before.
  const user = known(memory, "ajs_user_id", "ajs_user_traits", () => anonymousId(null));
  const group = known(memory, "ajs_group_id", "ajs_group_properties", () => undefined);
  user.anonymousId = anonymousId;
  return { user, group, anonymousId };
}
