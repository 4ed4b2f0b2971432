"""What to paste so that a program sends to a source: the official SDKs and the page snippet."""

import json
import shlex
from collections.abc import Mapping
from urllib.parse import urlsplit

from tidings.tenants.model import Snippet, Trust

_BODY = (
    '{"userId":"u-42","event":"Product Viewed","properties":{"name":"Blue mug"},'
    '"context":{"traits":{"email":"ana@example.org"}}}'
)
_PYTHON = """\
from segment import analytics

analytics.host = URL
analytics.write_key = KEY

analytics.identify("u-42", {"email": "ana@example.org"})
analytics.track("u-42", "Product Viewed", {"name": "Blue mug"})
analytics.shutdown()  # when the program ends: sends what still waits
"""
_NODE = """\
import { Analytics } from "@segment/analytics-node"

const analytics = new Analytics({ host: ORIGINPATH, writeKey: KEY })

analytics.identify({ userId: "u-42", traits: { email: "ana@example.org" } })
analytics.track({ userId: "u-42", event: "Product Viewed", properties: { name: "Blue mug" } })
await analytics.closeAndFlush() // when the program ends: sends what still waits
"""
# The vendor's snippet 5.2.0, laid out for reading; only the host of the script is another.
_PAGE = """\
<script>
!function () {
  var i = "analytics", analytics = window[i] = window[i] || [];
  if (!analytics.initialize)
    if (analytics.invoked) window.console && console.error && console.error("Segment snippet included twice.");
    else {
      analytics.invoked = !0;
      analytics.methods = ["trackSubmit", "trackClick", "trackLink", "trackForm", "pageview", "identify", "reset",
        "group", "track", "ready", "alias", "debug", "page", "screen", "once", "off", "on", "addSourceMiddleware",
        "addIntegrationMiddleware", "setAnonymousId", "addDestinationMiddleware", "register"];
      analytics.factory = function (e) {
        return function () {
          if (window[i].initialized) return window[i][e].apply(window[i], arguments);
          var n = Array.prototype.slice.call(arguments);
          if (["track", "screen", "alias", "group", "page", "identify"].indexOf(e) > -1) {
            var c = document.querySelector("link[rel='canonical']");
            n.push({ __t: "bpc", c: c && c.getAttribute("href") || void 0, p: location.pathname, u: location.href,
              s: location.search, t: document.title, r: document.referrer });
          }
          n.unshift(e);
          analytics.push(n);
          return analytics;
        };
      };
      for (var n = 0; n < analytics.methods.length; n++) {
        var key = analytics.methods[n];
        analytics[key] = analytics.factory(key);
      }
      analytics.load = function (key, n) {
        var t = document.createElement("script");
        t.type = "text/javascript";
        t.async = !0;
        t.setAttribute("data-global-segment-analytics-key", i);
        t.src = URL + "/analytics.js/v1/" + key + "/analytics.min.js";
        var r = document.getElementsByTagName("script")[0];
        r.parentNode.insertBefore(t, r);
        analytics._loadOptions = n;
      };
      analytics._writeKey = KEY;
      analytics.SNIPPET_VERSION = "5.2.0";
      analytics.load(KEY);
      analytics.page();
    }
}();
</script>
"""
_PAGE_HINT = "Into the head of every page. A page that has the snippet already needs only the other address in t.src."
_PUBLIC = (
    " But everybody can read the key of a page, and this source trusts its key like a server: make a source with the "
    "trust “browser” for pages."
)


def command(url: str, write_key: str) -> str:
    """Return a line for the shell that sends a track event.

    Args:
        url: Where the server answers.
        write_key: Key of the source.
    """
    user, address = shlex.quote(f"{write_key}:"), shlex.quote(f"{url}/v1/track")
    return f"curl -u {user} {address} -H 'Content-Type: application/json' -d '{_BODY}'"


def all_of(url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
    """Return the snippets; `tidings.dialects.contract.Dialect` says what the arguments are."""
    key = credentials["write_key"]
    parts = urlsplit(url)
    # The SDK for Node.js drops the path of a host: a prefix has to go into the path of the request.
    path = f", path: {_script(parts.path + '/v1/batch')}" if parts.path else ""
    origin = url.removesuffix(parts.path) if parts.path else url
    # The key first, and the address after it: it stands before the key, so that neither can be taken for a gap.
    node = _NODE.replace("KEY }", f"{_script(key)} }}", 1).replace("ORIGINPATH", f"{_script(origin)}{path}", 1)
    page = _PAGE.replace("KEY;", f"{_script(key)};", 1).replace("load(KEY)", f"load({_script(key)})", 1)
    page = page.replace("t.src = URL", f"t.src = {_script(url)}", 1)
    python = _PYTHON.replace("write_key = KEY", f"write_key = {_python(key)}", 1)
    python = python.replace("host = URL", f"host = {_python(url)}", 1)
    return (
        Snippet(name="curl", title="curl", text=command(url, key)),
        Snippet(name="python", title="Python", text=python, hint="pip install segment-analytics-python"),
        Snippet(name="node", title="JavaScript, Node.js", text=node, hint="npm install @segment/analytics-node"),
        Snippet(
            name="page",
            title="JavaScript, web page",
            text=page,
            hint=_PAGE_HINT + (_PUBLIC if trust == "server" else ""),
        ),
    )


def _python(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON's text is a literal of Python as well


def _script(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("<", "\\u003c")  # "</script>" in a page would end the script
