// trackLink and trackForm: an event when a link is followed or a form is sent.

/**
 * An event in the queue outlives the page, so that only one which a middleware still holds makes the page wait.
 *
 * @param kind "click" or "submit"
 * @param track of the API; its promise tells by `taken` whether the event is in the queue
 * @return function of elements (one, a list, a jQuery object), event, properties (functions get the element), options
 */
function watcherOf(kind, track) {
  const value = (given, element) => (callable(given) ? given(element) : given);

  function watch(element, event, properties, options) {
    let going = false;
    const act = (happened) => {
      if (going) return;
      const said = track(value(event, element), value(properties, element), options);
      if (said.taken !== false || happened.defaultPrevented) return;
      going = kind === "submit" && holdForm(happened, said, element);
      if (kind === "click") holdLink(happened, said, element);
    };
    const query = window.jQuery || window.Zepto; // its own submit() tells nobody else
    const original = (happened) => guarded(() => act(happened.originalEvent || happened));
    if (kind === "submit" && query) query(element).on(kind, original);
    else element.addEventListener(kind, (happened) => guarded(() => act(happened)));
  }

  return (targets, event, properties, options) => {
    const elements = targets instanceof Element ? [targets] : Array.from(targets || []);
    elements.forEach((element) => watch(element, event, properties, options));
  };
}

function holdForm(happened, said, form) {
  happened.preventDefault();
  said.then(() => {
    if (form.requestSubmit) form.requestSubmit(happened.submitter);
    else HTMLFormElement.prototype.submit.call(form); // a field of the form may be named "submit"
  });
  return true;
}

function holdLink(happened, said, element) {
  const link = element.closest("a[href]") || element.querySelector("a[href]");
  const elsewhere = happened.ctrlKey || happened.shiftKey || happened.metaKey || happened.button > 0;
  if (!link || elsewhere || (link.target && link.target !== "_self") || link.hasAttribute("download")) return;
  happened.preventDefault();
  said.then(() => location.assign(link.href));
}
