"""The paths of the Segment HTTP Tracking API and of its close relatives."""

from tidings.dialects.contract import Reply, Route
from tidings.dialects.segment import intake, pixel, replies, settings
from tidings.events.model import VERBS, Verb

_SHORT: dict[str, Verb] = {verb[0]: verb for verb in VERBS}
_BATCHES = ("/v1/batch", "/v1/import", "/v1/b", "/beacon/v1/batch")


class SegmentDialect:
    """The Segment HTTP Tracking API; `tidings.dialects.contract.Dialect` says what the members are."""

    name: str = "segment"
    credentials: tuple[str, ...] = ("write_key",)
    routes: tuple[Route, ...] = (
        *(Route("POST", f"/v1/{verb}", intake.single(verb)) for verb in VERBS),
        *(Route("POST", f"/v1/{letter}", intake.single(verb)) for letter, verb in _SHORT.items()),
        *(Route("POST", path, intake.take_batch) for path in _BATCHES),
        Route("POST", "/v1/m", intake.take_nothing),
        Route("GET", "/v1/pixel/{call}", pixel.take),
        Route("GET", "/v1/projects/{writeKey}/settings", settings.project),
        Route("GET", "/sourceConfig", settings.source_config),
    )

    def error(self, status: int, code: str, message: str) -> Reply:
        """Return the answer for an error of any layer.

        Args:
            status: HTTP status; 413 becomes the documented 400.
            code: Stable short name of the reason.
            message: The reason in a sentence.
        """
        return replies.error(status, code, message)
