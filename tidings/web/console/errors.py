"""What went wrong, as a page that says what to do."""

from typing import Any
from urllib.parse import quote

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from tidings.db.engine import is_environment
from tidings.tenants.passwords import Busy
from tidings.web.console.guard import SIGN_IN, GoElsewhere, TooOld
from tidings.web.console.rendering import Pages
from tidings.web.console.visit import Visit

TITLES = {
    400: "This request cannot be read",
    403: "You may not do this",
    404: "There is nothing here",
    405: "This address does not take that",
    409: "This cannot be done now",
    413: "This is too large",
    415: "This kind of content is not taken",
    429: "Too many attempts",
    500: "This is our mistake",
    503: "Not available at this moment",
}
ADVICE = {
    400: "Go back and try it again from the page. If you followed a link, it may be incomplete.",
    403: "An owner of the workspace can give you another role, on the page Users.",
    404: "It may have been removed, or the link belongs to another workspace. Look for it from the overview.",
    405: "Go back and use the buttons of the page.",
    409: "Reload the page to see what it is like now.",
    413: "Send less at once: a form may have 64 KiB, with a list to be imported 16 MiB.",
    415: "Go back and use the form of the page.",
    429: "Wait a moment, then try again.",
    500: "Nothing was changed. Try it again; if it happens again, the server's log says more.",
    503: "Try again in a few seconds. /readyz says what is wrong.",
}
STALE = "Go back, reload the page and send the form again. Nothing was changed."
logger = structlog.get_logger()


class Errors:
    """Makes the pages.

    Args:
        pages: The template engine.
    """

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self.handlers: Any = {
            GoElsewhere: self.on_elsewhere,
            TooOld: self.on_stale,
            HTTPException: self.on_http,
            Busy: self.on_busy,
            Exception: self.on_failure,
        }

    def page(self, visit: Visit, status: int, text: str, advice: str = "", here: str = "") -> bytes:
        """Return a page for an error.

        Args:
            visit: Whose.
            status: HTTP's.
            text: What is wrong, "" for no more than the title.
            advice: What to do, "" for the usual of this status.
            here: Path of the request.
        """
        shown = status if status in TITLES else 400 if status < 500 else 500
        context = {"status": status, "title": TITLES[shown], "text": text, "advice": advice or ADVICE[shown]}
        return self._pages.page("error.html", visit, here, **context)

    def answer(
        self, request: Request[Any, Any, Any], status: int, text: str, advice: str = "", **headers: str
    ) -> Response[bytes]:
        """Return the answer with the page."""
        if request.headers.get("hx-request"):  # shown beside the page that asked
            words = text or TITLES.get(status, "This did not work")
            return Response(words.encode(), status_code=status, media_type="text/plain", headers=headers)
        body = self.page(request.scope["auth"], status, text, advice, request.scope["path"])
        return Response(body, status_code=status, media_type="text/html; charset=utf-8", headers=headers)

    def on_elsewhere(self, request: Request[Any, Any, Any], error: GoElsewhere) -> Response[bytes]:
        """Send the visitor elsewhere: to sign in, or to set up."""
        if request.headers.get("hx-request"):
            return Response(b"", status_code=401, media_type="text/plain", headers={"hx-redirect": error.path})
        if request.method != "GET" and error.path.startswith(SIGN_IN):
            visit: Visit = request.scope["auth"]
            visit.welcome()  # the note is theirs alone
            visit.notes.say("Your session had ended: what you sent was not saved.", "warning")
        return Response(b"", status_code=303, media_type="text/plain", headers={"location": error.path})

    def on_stale(self, request: Request[Any, Any, Any], error: TooOld) -> Response[bytes]:
        """Answer a form that is not ours or too old."""
        return self.answer(request, 403, error.detail, STALE)

    def on_http(self, request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        """Answer what the framework or a route refuses."""
        status = error.status_code
        if status >= 500 and status != 503:
            return self.on_failure(request, error)
        text = "" if status in (404, 405) and type(error).__module__.startswith("litestar") else error.detail
        if status == 404 and error.detail != "Not Found":
            text = error.detail
        if isinstance(error, ValidationException):
            faults = [extra for extra in error.extra or [] if isinstance(extra, dict)]
            text = "; ".join(f"{fault.get('key', '')}: {fault.get('message', '')}" for fault in faults) or text
        return self.answer(request, status, text, **dict(error.headers or {}))

    def on_busy(self, request: Request[Any, Any, Any], error: Busy) -> Response[bytes]:
        """Answer where too many passwords are being checked."""
        return self.answer(request, 503, str(error), **{"retry-after": "5"})

    def on_failure(self, request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        """Answer a failure of ours, without its particulars; they are in the log."""
        path = quote(request.scope["path"])
        if is_environment(error):
            logger.error("the console cannot reach its data", path=path, error=str(error))
            text = "The data cannot be read or written at this moment."
            return self.answer(request, 503, text, **{"retry-after": "5"})
        logger.error("a page of the console failed", path=path, exc_info=error)
        return self.answer(request, 500, "")
