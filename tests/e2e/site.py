"""A shop's own pages, on an origin of their own, with Segment's page snippet in them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

METHODS = (
    "trackSubmit trackClick trackLink trackForm pageview identify reset group track ready alias debug page screen once"
    " off on addSourceMiddleware addIntegrationMiddleware setAnonymousId addDestinationMiddleware register"
)
# The snippet of version 5.2.0, laid out for reading; only the host of the script is another.
SNIPPET = """
!function () {
  var i = "GLOBAL", analytics = window[i] = window[i] || [];
  if (!analytics.initialize)
    if (analytics.invoked) window.console && console.error && console.error("Segment snippet included twice.");
    else {
      analytics.invoked = !0;
      analytics.methods = "METHODS".split(" ");
      analytics.factory = function (e) {
        return function () {
          if (window[i].initialized) return window[i][e].apply(window[i], arguments);
          var n = Array.prototype.slice.call(arguments);
          if (["track", "screen", "alias", "group", "page", "identify"].indexOf(e) > -1) {
            var c = document.querySelector("link[rel='canonical']");
            n.push({
              __t: "bpc", c: c && c.getAttribute("href") || void 0, p: location.pathname, u: location.href,
              s: location.search, t: document.title, r: document.referrer
            });
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
        t.src = "HOST/analytics.js/v1/" + key + "/analytics.min.js";
        var r = document.getElementsByTagName("script")[0];
        r.parentNode.insertBefore(t, r);
        analytics._loadOptions = n;
      };
      analytics._writeKey = "KEY";
      analytics.SNIPPET_VERSION = "5.2.0";
      LOAD
    }
}();
"""


def snippet(host: str, key: str, options: str = "{}", name: str = "analytics") -> str:
    """Return the snippet.

    Args:
        host: Where the script comes from, with scheme.
        key: Write key.
        options: JavaScript object, second argument of ``analytics.load``.
        name: Of the global variable.
    """
    load = f'analytics.load("{key}", {options}); analytics.page();'
    parts = {"GLOBAL": name, "METHODS": METHODS, "HOST": host, "KEY": key, "LOAD": load}
    text = SNIPPET
    for gap, filling in parts.items():
        text = text.replace(gap, filling)
    return text


class Site:
    """A web server with pages that a test sets."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[bytes, dict[str, str]]] = {}
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content, headers = pages.get(self.path.partition("?")[0], (b"<!doctype html><title>Shop</title>", {}))
                self.send_response(200)
                for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: Any) -> None:
                del arguments

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def address(self, path: str = "/", host: str = "www.shop.example") -> str:
        """Return the address of a page."""
        return f"http://{host}:{self._server.server_port}{path}"

    def put(self, path: str, html: str, headers: dict[str, str] | None = None) -> None:
        """Set what is at a path."""
        self._pages[path] = (html.encode(), headers or {})

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
