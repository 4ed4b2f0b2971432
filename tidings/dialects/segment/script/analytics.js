// window.analytics for pages that use Segment's page snippet: replays what the snippet has collected, then takes over.

function takeOver() {
  const tags = Array.from(document.querySelectorAll("script[src]"));
  const named = tags.filter((one) => /analytics\.min\.js([?#]|$)/.test(one.src)).pop();
  const tag = document.currentScript && document.currentScript.src ? document.currentScript : named;
  const globalName = (tag && tag.getAttribute("data-global-segment-analytics-key")) || "analytics";
  const stub = window[globalName];
  if (!tag || (stub && stub.initialized)) return;

  const calls = Array.isArray(stub) ? stub : [];
  const loading = plain(calls._loadOptions) || {};
  const integrations = plain(loading.integrations) || {};
  const segment = integrations["Segment.io"];
  const key = calls._writeKey || "__WRITE_KEY__";
  // How a page says that it has no consent.
  const silent = loading.disable === true || segment === false || (integrations.All === false && !segment);
  const patience = 300; // milliseconds that a page waits for us at most

  const memory = memoryOf(loading.disableClientPersistence !== true, plain(loading.cookie) || {});
  const visitor = visitorOf(memory);
  const queue = queueOf(targetOf(tag.src, plain(segment) || {}), key, memory.local);
  const make = makerOf(key, visitor, integrations);
  const middlewares = [];
  const listeners = Object.create(null);
  let noted = null; // the page at the time of the call that is being replayed
  let debugging = false;

  function emit(name, values) {
    (listeners[name] || []).slice().forEach((one) => guarded(() => one.apply(api, values)));
  }

  // Returns a promise of {event}, resolved when the server has it, cannot be reached, or after the page's patience.
  function say(type, fields, options, args, told) {
    const context = { event: make(type, fields, plain(options) || {}, noted) };
    const callback = args.find(callable);
    let taken = false;
    const said = new Promise((resolve) => {
      setTimeout(resolve, patience);
      runThrough(middlewares, context.event, (event) => {
        taken = true;
        context.event = event;
        if (debugging) console.log("analytics:", event);
        if (silent || event.integrations["Segment.io"] === false) resolve();
        else queue.add(event, resolve);
      });
    }).then(() => {
      emit(type, told.concat(plain(options) || {}));
      if (callback) guarded(() => callback(context));
      return context;
    }, complain);
    said.taken = taken;
    return said;
  }

  // page and screen: (category?, name?, properties?, options?, callback?); one text alone is the name.
  function view(type, ...args) {
    const texts = [];
    let at = 0;
    while (at < 2 && at < args.length && !plain(args[at]) && (args[at] !== null || !texts.length)) {
      if (args[at] && text(args[at])) texts.push(args[at]);
      at++;
    }
    const names = copy({ name: texts.pop(), category: texts.pop() });
    const properties = Object.assign({}, plain(args[at]), type === "page" ? names : {});
    const fields = Object.assign({ properties }, names);
    return say(type, fields, args[at + 1], args, [names.category, names.name, properties]);
  }

  // identify and group: (id?, traits?, options?, callback?)
  function about(type, who, member, ...args) {
    const at = plain(args[0]) || callable(args[0]) ? 0 : 1;
    who.identify(at ? text(args[0]) : null, plain(args[at]));
    const fields = { [member]: who.id() || undefined, traits: who.traits() };
    return say(type, fields, args[at + 1], args, [fields[member], fields.traits]);
  }

  const methods = {
    track(...args) {
      const whole = plain(args[0]);
      const name = whole ? whole.event : args[0];
      const given = whole ? [whole.properties, args[1]] : args.slice(1);
      if (!name || typeof name !== "string") throw new TypeError("track needs the name of an event");
      const properties = plain(given[0]) || {};
      return say("track", { event: name, properties }, given[1], args, [name, properties]);
    },
    page: (...args) => view("page", ...args),
    screen: (...args) => view("screen", ...args),
    pageview: (url) => api.page({ path: url }),
    identify: (...args) => about("identify", visitor.user, "userId", ...args),
    group: (...args) => (args.length ? about("group", visitor.group, "groupId", ...args) : visitor.group),
    alias(...args) {
      const [to, from] = args.map(text).filter(Boolean);
      const fields = { userId: to, previousId: from || visitor.user.id() || visitor.anonymousId() };
      return say("alias", fields, args.find(plain), args, [to, from]);
    },
    user: () => visitor.user,
    setAnonymousId: (value) => visitor.anonymousId(value),
    reset() {
      visitor.anonymousId(null);
      visitor.user.reset();
      visitor.group.reset();
      emit("reset", []);
    },
    ready: (callback) => Promise.resolve().then(() => callback && guarded(callback)),
    on(name, action) {
      (listeners[name] = listeners[name] || []).push(action);
      return api;
    },
    once(name, action) {
      const first = (...values) => api.off(name, first) && action.apply(api, values);
      return api.on(name, first);
    },
    off(name, action) {
      listeners[name] = (listeners[name] || []).filter((one) => action && one !== action);
      return api;
    },
    addSourceMiddleware(...added) {
      middlewares.push(...added.filter(callable));
      return Promise.resolve(api);
    },
    register(...plugins) {
      plugins.forEach((plugin) => {
        middlewares.push(middlewareOf(plugin));
        guarded(() => plugin.load && plugin.load({}, api));
      });
      return Promise.resolve(api);
    },
    addDestinationMiddleware: () => Promise.resolve(api), // there are no destinations in the browser
    addIntegrationMiddleware: () => Promise.resolve(api),
    debug(on) {
      debugging = on !== false;
      return api;
    },
    initialize: () => Promise.resolve(api), // its presence tells a second snippet that there is one
    push: (call) => replay(call),
  };
  const watchLinks = watcherOf("click", methods.track);
  const watchForms = watcherOf("submit", methods.track);
  const links = (...args) => watchLinks(...args) || api;
  const forms = (...args) => watchForms(...args) || api;
  Object.assign(methods, { trackLink: links, trackClick: links, trackForm: forms, trackSubmit: forms });

  const api = { initialized: true, VERSION: "__VERSION__" };
  Object.keys(methods).forEach((name) => {
    api[name] = (...args) => {
      try {
        return methods[name](...args);
      } catch (error) {
        complain(error);
        return Promise.resolve();
      }
    };
  });

  function replay(call) {
    const [method, ...args] = call;
    const last = plain(args[args.length - 1]);
    noted = last && last.__t === "bpc" ? args.pop() : null;
    if (Object.keys(methods).indexOf(method) >= 0) api[method](...args);
    noted = null;
  }

  // ?ajs_aid, ?ajs_uid with ajs_trait_*, ?ajs_event with ajs_prop_*
  function obey(search) {
    const allowed = loading.useQueryString;
    const given = new URLSearchParams(search);
    const value = (name, pattern) => (!pattern || pattern.test(given.get(name)) ? given.get(name) : null);
    const members = (prefix) => {
      const found = {};
      given.forEach((one, name) => name.indexOf(prefix) === 0 && (found[name.slice(prefix.length)] = one));
      return found;
    };
    if (allowed === false) return;
    if (value("ajs_aid", allowed && allowed.aid)) api.setAnonymousId(given.get("ajs_aid"));
    if (value("ajs_uid", allowed && allowed.uid)) api.identify(given.get("ajs_uid"), members("ajs_trait_"));
    if (given.get("ajs_event")) api.track(given.get("ajs_event"), members("ajs_prop_"));
  }

  window[globalName] = api;
  if (!silent) queue.resume();
  // What has an effect on events comes before the first of them: the snippet's own page() is older than any call.
  const early = (call) => ["setAnonymousId", "addSourceMiddleware", "register", "on", "once"].indexOf(call[0]) >= 0;
  const collected = calls.splice(0);
  calls.push = replay; // for whoever has kept the array, and for the stubs of old snippets
  collected.filter(early).forEach(replay);
  guarded(() => obey(location.search || location.hash.replace(/^[^?]*/, "")));
  if (loading.initialPageview) api.page();
  collected.filter((call) => !early(call)).forEach(replay);
  emit("initialize", [{ writeKey: key }, loading]);
  emit("ready", []);
}

/** Where events go: below the place that the script came from, unless analytics.load names another. */
function targetOf(source, settings) {
  const at = source.indexOf("/analytics.js/v1/");
  const own = new URL(source, location.href);
  if (!settings.apiHost) return (at < 0 ? own.origin : source.slice(0, at)) + "/v1/";
  const host = String(settings.apiHost).replace(/^https?:\/\//, "").replace(/\/+$/, "");
  return (settings.protocol || own.protocol.replace(":", "")) + "://" + host + "/";
}

guarded(takeOver);
