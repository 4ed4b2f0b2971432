"""What goes wrong in every month: wrong keys, broken bodies, events of nobody. All of it is to be refused."""

from tidings.demo.calls import Brand, Call, Dialect
from tidings.demo.rhythm import HOUR

NOBODY = b'{"type":"track","userId":"null","event":"Product Viewed","properties":{"product_id":"k-101"}}'
NAMELESS = b'{"type":"track","userId":"c-10","properties":{"product_id":"k-101"}}'
BATCH = b'{"batch":[%b,%b]}' % (NOBODY, NAMELESS)
UNKNOWN = b'{"userId":"c-10","event":"Product Viewed"}'
ASKED = b'{"user":{"id":"c-10"},"event":{"name":"Question asked"}}'
SIGNED = b'{"user":{"id":"c-10","authkey":"%b"},"event":{"name":"Question asked"}}' % (b"0" * 64)

_TROUBLES: tuple[tuple[Brand, Dialect, str, bytes, int, bool], ...] = (
    ("shop", "segment", "/v1/track", UNKNOWN, 401, True),
    ("shop", "segment", "/v1/track", b'{"userId":"c-10","event":"Product Viewed",', 400, False),
    ("shop", "segment", "/v1/track", NOBODY, 400, False),
    ("shop", "segment", "/v1/batch", b'{"batch":{}}', 400, False),
    ("wholesale", "segment", "/v1/group", b'{"userId":"w-00","traits":{"name":"Acme Tableware"}}', 400, False),
    ("shop", "ripe", "/event/track", UNKNOWN, 401, True),
    ("shop", "ripe", "/event/track", b'{"userId":"c-10","properties":{"from":"footer"}}', 400, False),
    ("wholesale", "ripe", "/event/page", b'{"name":"Catalogue"}', 400, False),
    ("shop", "reamaze_data", "/data/events", ASKED, 401, True),
    ("shop", "reamaze_data", "/data/events", SIGNED, 403, False),
    ("shop", "reamaze_data", "/data/users", b'{"user":{"id":"c-10","name":"Ana"}}', 422, False),
    ("wholesale", "reamaze_data", "/data/events", b'{"user":{"id":"w-00"},"event":{"value":"12,50"}}', 422, False),
)


def happen(until: int) -> list[Call]:
    """Return what is sent in vain, to be sent after all else: the server does not know a refused repeat.

    Args:
        until: The present of the demo, UTC milliseconds.
    """
    found = [
        Call(
            at=until,
            brand=brand,
            dialect=dialect,
            path=path,
            body=body,
            events=0,
            refused=1,
            status=status,
            stranger=strange,
        )
        for brand, dialect, path, body, status, strange in _TROUBLES
        for _ in range(3)
    ]
    batches = [
        Call(at=until - HOUR, brand="shop", dialect="segment", path="/v1/batch", body=BATCH, events=0, refused=2)
        for _ in range(4)
    ]
    return [*batches, *found]
