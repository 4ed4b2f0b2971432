"""The overview: what comes in, where from, and whether all is well."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import msgspec
from litestar import Response, get
from litestar.response import Template

from tidings.db import Database, Tx
from tidings.events import figures_store
from tidings.events.figures_api import History, Span, history_of, names_of
from tidings.events.service import stats_of, stored
from tidings.events.store import get_source_counts
from tidings.kit import clock
from tidings.kit.digest import digest
from tidings.kit.times import parse
from tidings.tenants import store as tenants

TOP = 10
DAY = 24 * 60  # minutes
SPANS = (("hour", "60 minutes"), ("day", "24 hours"), ("week", "7 days"))
# A first event, for each dialect: the line of its documentation.
FIRST = {
    "segment": """curl -u YOUR_WRITE_KEY: {origin}/v1/track \\
  -d '{{"userId": "u-42", "event": "Hello"}}'""",
    "ripe": """curl -u YOUR_API_KEY: {origin}/event/track \\
  -H 'Content-Type: application/json' -d '{{"userId": "u-42", "event": "Hello"}}'""",
    "reamaze_data": """curl -u YOUR_API_KEY: {origin}/data/events -H 'Content-Type: application/json' \\
  -d '{{"user": {{"id": "u-42"}}, "event": {{"name": "Hello"}}}}'""",
    "remarkety": """curl {origin}/webhooks -H 'x-api-key: YOUR_API_KEY' -H 'x-event-type: hello' \\
  -d '{{"customerId": "u-42"}}'""",
    "ray": """curl {origin}/oauth/token -u CLIENT_ID:CLIENT_SECRET \
  -d 'grant_type=password&username=USERNAME&password=PASSWORD'
curl {origin}/events/interaction -H 'Authorization: Bearer ACCESS_TOKEN' -H 'Content-Type: application/json' \
  -d '[{{"type": "HELLO", "storeId": YOUR_STORE_ID, "timestamp": "2024-03-01T10:00:00Z",
        "user": {{"email": "ana@example.org"}}}}]'""",
}
_encode = msgspec.json.Encoder().encode


@runtime_checkable
class Condition(Protocol):
    """What knows whether the server is well."""

    free_mib: int

    def troubles(self) -> list[str]:
        """Return what keeps it from storing and processing, in words."""
        ...


class Share(NamedTuple):
    """One line of "by source" or "by name".

    Args:
        title: Of the source or the name; "" for events without a name.
        mark: The source's id, or the verb.
        events: Stored, ever.
        today: In the last 24 hours; None where it is not known.
        share: Percent of all.
        further: Stands for all names that are not counted apart.
    """

    title: str
    mark: Any
    events: int
    today: int | None
    share: float
    further: bool = False


@get("/")
async def show_overview(
    database: Database, workspace_id: int, appended: int, health: Condition, span: Span = "hour"
) -> Template:
    """Show the figures of the workspace."""
    context = await _context(database, workspace_id, appended, health, span)
    return Template("events/overview.html", context=context)


@get("/overview")
async def refresh_overview(
    *, database: Database, workspace_id: int, appended: int, health: Condition, span: Span = "hour", seen: str = ""
) -> Response[Any]:
    """Return the figures anew, nothing if they are what the page shows already."""
    context = await _context(database, workspace_id, appended, health, span)
    if seen == context["mark"]:
        return Response(None, status_code=204)
    return Template("events/figures.html", context=context)


ROUTES = (show_overview, refresh_overview)


async def _context(
    database: Database, workspace_id: int, appended: int, health: Condition, span: Span
) -> dict[str, Any]:
    now = clock.now()
    figures = await database.read(_figures, workspace_id, appended, span, now)
    figures |= {"troubles": health.troubles(), "free": size(health.free_mib), "span": span}
    return figures | {"mark": digest(_encode(figures).decode()), "spans": SPANS, "first": FIRST}


def size(mib: int) -> int:
    """Return free space as bytes, no more exactly than it is shown: the page is not sent again for every megabyte."""
    return (mib // 1024 * 1024 if mib >= 1024 else mib) * 1024 * 1024


def _figures(tx: Tx, workspace_id: int, appended: int, span: Span, now: int) -> dict[str, Any]:
    sources = tenants.list_sources(tx, workspace_id)
    stats = stats_of(tx, workspace_id, appended)
    history = history_of(tx, workspace_id, span, None, now)
    since = now // figures_store.MINUTE - DAY + 1
    today = figures_store.sum_sources(tx, workspace_id, [figures_store.ALL], since).get(figures_store.ALL, (0, 0))
    return {
        "stats": stats,
        "today": today,
        **drawn(history, now),
        "sources": _by_source(tx, workspace_id, {source.id: source.name for source in sources}, since),
        "more_sources": max(0, len(sources) - TOP),
        "names": _by_name(tx, workspace_id),
        "dialects": sorted({source.dialect for source in sources}),
    }


def _by_source(tx: Tx, workspace_id: int, titles: dict[int, str], since: int) -> list[Share]:
    counts = {source_id: stored(found) for source_id, found in get_source_counts(tx, workspace_id).items()}
    total = sum(counts.values())
    top = sorted(titles, key=lambda one: (-counts.get(one, 0), one))[:TOP]
    today = figures_store.sum_sources(tx, workspace_id, top, since)
    return [
        Share(titles[one], one, counts.get(one, 0), today.get(one, (0, 0))[0], _percent(counts.get(one, 0), total))
        for one in top
    ]


def _by_name(tx: Tx, workspace_id: int) -> list[Share]:
    found = names_of(tx, workspace_id, None, TOP)
    return [
        Share(one.name or "", one.verb, one.events, None, _percent(one.events, found.events), one.further)
        for one in found.items
    ]


def drawn(history: History, now: int) -> dict[str, Any]:
    """Return the steps for the chart and for the table that says the same.

    Args:
        history: Its last step is not over yet: the rate is that of the minutes begun so far.
        now: UTC milliseconds.

    Returns:
        ``chart``: seconds, events per minute, refusals per minute. ``table``, newest first: (begin in UTC
        milliseconds, events, events per minute, refused).
    """
    table, seconds, rates, refusals = [], [], [], []
    for item in history.items:
        begin = parse(item.at) or 0
        begun = max(1, min(history.step, (now - begin) // figures_store.MINUTE + 1))
        seconds.append(begin // 1000)
        rates.append(_rounded(item.events / begun))
        refusals.append(_rounded(item.refused / begun))
        table.append((begin, item.events, rates[-1], item.refused))
    return {"chart": [seconds, rates, refusals], "table": table[::-1]}


def _rounded(rate: float) -> float:
    return int(rate) if rate == int(rate) or rate >= 100 else round(rate, 1)


def _percent(part: int, total: int) -> float:
    return round(100 * part / total, 1) if total else 0.0
