"""Every error of the own API as one shape: a code, a sentence, and which fields it is about."""

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from msgspec import Meta, Struct

from tidings.db.engine import is_environment
from tidings.tenants.service import Invalid

HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
CODES = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_streams",
    500: "internal",
    503: "unavailable",
}
MESSAGES = {
    404: "there is nothing at this address (see /tidings/openapi.json)",
    413: "the body is larger than 64 KiB",
}
logger = structlog.get_logger()


class Fault(Struct, kw_only=True):
    """What is wrong with one field."""

    field: Annotated[str, Meta(description="Name of the parameter, or path of the member.", examples=["limit"])]
    message: Annotated[str, Meta(examples=["Expected `int` <= 200"])]


class Problem(Struct, kw_only=True, omit_defaults=True):
    """Why a request was not answered."""

    code: Annotated[str, Meta(description="Stable short name of the reason.", examples=["invalid"])]
    message: Annotated[str, Meta(description="The reason in a sentence.")]
    detail: Annotated[list[Fault], Meta(description="Which fields it is about.")] = []


def answer(status: int, problem: Problem, headers: dict[str, str] | None = None) -> Response[Any]:
    """Return an error as it goes out.

    Args:
        status: HTTP status.
        problem: What it says.
        headers: Further headers.
    """
    body = msgspec.json.encode(problem)
    return Response(body, status_code=status, media_type="application/json", headers=HEADERS | (headers or {}))


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer what the framework or a route refuses."""
    status = error.status_code
    if status >= 500 and status != 503:
        return on_failure(request, error)
    faults = [fault_of(extra) for extra in error.extra or [] if isinstance(extra, dict)]
    message = error.detail
    if faults:
        message = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
    elif status == 405 and error.headers:
        allowed = error.headers.get("allow", "").split(", ")
        message = f"use {', '.join(sorted(method for method in allowed if method != 'OPTIONS'))}"
    elif status in MESSAGES and message == HTTPStatus(status).phrase:
        message = MESSAGES[status]
    headers = dict(error.headers or {})
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return answer(status, Problem(code=CODES.get(status, "invalid"), message=message, detail=faults), headers)


def on_invalid(_: Request[Any, Any, Any], error: Invalid) -> Response[Any]:
    """Answer what contradicts what is there already."""
    return answer(409, Problem(code=CODES[409], message=str(error)))


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer a failure of ours, without its particulars; they are in the log."""
    if is_environment(error):
        logger.error("the API cannot reach its data", path=request.scope["path"], error=str(error))
        problem = Problem(code=CODES[503], message="the data cannot be read or written now: try again (see /readyz)")
        return answer(503, problem, {"retry-after": "5"})
    logger.error("an API request failed", path=request.scope["path"], exc_info=error)
    return answer(500, Problem(code=CODES[500], message="this is our mistake; the server's log says more"))


def fault_of(extra: dict[str, Any]) -> Fault:
    """Return what is wrong with one field, from the framework's form."""
    field = str(extra.get("key", "body"))
    message = str(extra["message"])
    return Fault(field=field, message="is missing" if message == repr(field) else message)


ON_ERROR: Any = {HTTPException: on_http, Invalid: on_invalid, Exception: on_failure}
