// From a call to an event: who, where, with what; and the middleware that may change or drop it.

/** The page as the snippet notes it at the time of a call: canonical address, path, url, search, title, referrer. */
function pageNow() {
  const link = document.querySelector("link[rel='canonical']");
  return {
    c: link && link.getAttribute("href"),
    p: location.pathname,
    u: location.href,
    s: location.search,
    t: document.title,
    r: document.referrer,
  };
}

function pageOf(noted) {
  let path = noted.p;
  let url = String(noted.u).split("#")[0];
  if (noted.c) {
    url = noted.c.indexOf("?") < 0 ? noted.c + noted.s : noted.c;
    path = guarded(() => new URL(noted.c, noted.u).pathname) || path;
  }
  return { path, referrer: noted.r, search: noted.s, title: noted.t, url };
}

function campaignOf(search) {
  const found = {};
  new URLSearchParams(search).forEach((value, name) => {
    if (/^utm_./.test(name)) found[name === "utm_campaign" ? "name" : name.slice(4)] = value;
  });
  return Object.keys(found).length ? found : undefined;
}

/**
 * @param options of a call: context, and members that belong into it
 * @param page of the call
 * @param properties of a page call, which may say something else about the page
 */
function contextOf(options, page, properties) {
  const hints = navigator.userAgentData;
  const context = {
    userAgent: navigator.userAgent,
    userAgentData: hints && { brands: hints.brands, mobile: hints.mobile, platform: hints.platform },
    locale: navigator.language,
    timezone: guarded(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
    library: { name: "tidings-analytics.js", version: "__VERSION__" },
    campaign: campaignOf(page.search),
  };
  const own = ["context", "integrations", "anonymousId", "userId", "timestamp", "messageId"];
  Object.assign(context, plain(options.context));
  Object.keys(options).forEach((name) => own.indexOf(name) < 0 && (context[name] = options[name]));
  const said = {};
  Object.keys(page).forEach((name) => properties && name in properties && (said[name] = properties[name]));
  context.page = Object.assign({}, page, said, context.page);
  return context;
}

/** Makes events for a visitor; `integrations` are those of analytics.load. */
function makerOf(key, visitor, integrations) {
  const services = {};
  Object.keys(integrations).forEach((name) => (services[name] = Boolean(integrations[name])));

  return (type, fields, options, noted) => {
    if (options.anonymousId) visitor.anonymousId(options.anonymousId);
    const page = pageOf(noted || pageNow());
    const event = {
      type,
      messageId: text(options.messageId) || "ajs-" + Date.now() + "-" + uuid(),
      timestamp: options.timestamp || new Date(),
      userId: visitor.user.id() || undefined,
      anonymousId: visitor.anonymousId(),
      context: contextOf(options, page, type === "page" && fields.properties),
      integrations: Object.assign({}, services, plain(options.integrations)),
      writeKey: key,
    };
    Object.assign(event, fields, options.userId ? { userId: options.userId } : {});
    if (type === "page") event.properties = Object.assign(page, fields.properties);
    return copy(event);
  };
}

/** Runs middlewares in order: `end` gets the event once all have called next(), at once if they all do at once. */
function runThrough(middlewares, event, end) {
  (function step(at, current) {
    if (at === middlewares.length) {
      guarded(() => end(current));
      return;
    }
    let moved = false;
    const obj = copy(current);
    const next = (payload) => {
      if (moved) return;
      moved = true;
      step(at + 1, (payload && plain(payload.obj)) || current);
    };
    try {
      middlewares[at]({ payload: { obj, type: () => obj.type }, integrations: obj.integrations, next });
    } catch (error) {
      complain(error); // a mistake in it costs no event
      next();
    }
  })(0, event);
}

/** Makes a middleware of the vendor's kind of plug-in; the types "before" and "enrichment" may change or drop events. */
function middlewareOf(plugin) {
  const changes = plugin.type === "before" || plugin.type === "enrichment";
  return ({ payload, next }) => {
    const context = { event: payload.obj, updateEvent: (name, value) => (context.event[name] = value) };
    const act = plugin[payload.obj.type];
    const result = act ? act.call(plugin, context) : context;
    if (!changes) next();
    else if (result && callable(result.then)) result.then((one) => next({ obj: (one || context).event }), complain);
    else next({ obj: (result || context).event });
  };
}
