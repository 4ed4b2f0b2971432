"""What is read for the pages of sources, in one transaction each."""

from collections.abc import Mapping
from typing import Any

from tidings.db import Tx
from tidings.kit.pages import Form
from tidings.tenants import handshakes, store, vocabulary, vocabulary_store
from tidings.tenants.api import source_of
from tidings.tenants.arrivals import Around, Miss
from tidings.tenants.model import Person, Source
from tidings.tenants.pages.source_forms import spoken

MISSED = 3  # refused requests that are shown beside what arrived
STRANGE = 10 * 60 * 1000  # milliseconds for which a request with an unknown key may be somebody's first attempt


def listed(tx: Tx, workspace_id: int, around: Around, now: int) -> dict[str, Any]:
    """Return what the list of sources shows."""
    sources = store.list_sources(tx, workspace_id)
    return {
        "sources": sources,
        "brands": {brand["id"]: brand["name"] for brand in store.list_brands(tx, workspace_id)},
        "sent": around.arrivals.sent(tx, workspace_id, [source.id for source in sources], now),
        "titles": around.titles(),
    }


def one(tx: Tx, person: Person, source_id: int, around: Around, now: int) -> dict[str, Any]:
    """Return what the page of a source shows."""
    source = source_of(tx, person.workspace_id, source_id)
    keys = store.list_credentials(tx, source.workspace_id, source.id)
    mine = around.kinds[source.dialect]
    stand_ins = {name: stand_in(name) for name in mine.names}
    stand_ins |= {key["name"]: key["hint"] for key in keys if key["name"] in mine.shown}
    brands = store.list_brands(tx, source.workspace_id)
    return {
        "source": source,
        "brand": next((brand["name"] for brand in brands if brand["id"] == source.brand_id), ""),
        "titles": around.titles(),
        "install": handshakes.window_of(tx, source, now) if source.dialect == handshakes.DIALECT else None,
        "types": vocabulary_store.count_declared(tx, source.workspace_id) if _has_types(source) else None,
        "sent": around.arrivals.sent(tx, source.workspace_id, [source.id], now)[source.id],
        "keys": [{**key, "spoken": spoken(key["name"]), "label": key["name"] in mine.shown} for key in keys],
        "kinds": [(name, spoken(name)) for name in mine.names],
        "usual": mine.usual,
        "base": around.base_of(source),
        **pasted(around, source, stand_ins),
        "form": Form({"name": [mine.usual]}),
    } | panel(tx, person, source, around, now)


def _has_types(source: Source) -> bool:
    return source.dialect == vocabulary.DIALECT


def panel(tx: Tx, person: Person, source: Source, around: Around, now: int) -> dict[str, Any]:
    """Return what has arrived from a source, or why nothing has.

    ``seen`` names this state of it, so that a browser that has it already is told nothing.
    """
    last = around.arrivals.last(tx, source.workspace_id, source.id)
    missed = around.arrivals.missed(tx, source.workspace_id, source.id, MISSED)
    missed = [miss for miss in missed if last is None or miss.received > last.received]
    strange: list[Miss] = []
    if last is None and person.user.role == "owner":  # they may be anybody's of the installation
        strange = around.arrivals.strange(tx, now - STRANGE, 1)
    newest = [item.id if item else 0 for item in (last, next(iter(missed), None), next(iter(strange), None))]
    return {
        "source": source,
        "last": last,
        "missed": missed,
        "strange": strange,
        "seen": "-".join(str(number) for number in (*newest, int(source.enabled))),
    }


def arrived(tx: Tx, person: Person, source_id: int, around: Around, now: int) -> dict[str, Any]:
    """Return the panel of a source by its number."""
    return panel(tx, person, source_of(tx, person.workspace_id, source_id), around, now)


def once(
    tx: Tx, person: Person, source: Source, secrets: Mapping[str, str], around: Around, now: int
) -> dict[str, Any]:
    """Return what is shown of credentials, this once, with what to do with them.

    Args:
        tx: The transaction.
        person: Who asked for them.
        source: Whose they are.
        secrets: By name; those that are not among them are stood in for.
        around: What is known beyond the database.
        now: UTC milliseconds.
    """
    kinds = around.kinds[source.dialect]
    given = {name: secrets.get(name, stand_in(name)) for name in kinds.names}
    return {
        "secrets": [(spoken(name), value) for name, value in secrets.items() if name not in kinds.shown],
        "labels": [(spoken(name), value) for name, value in secrets.items() if name in kinds.shown],
        "base": around.base_of(source),
        **pasted(around, source, given),
        "titles": around.titles(),
    } | panel(tx, person, source, around, now)


def pasted(around: Around, source: Source, credentials: Mapping[str, str]) -> dict[str, Any]:
    """Return the snippets of a source, and which words in them stand in for keys.

    Args:
        around: What is known beyond the database.
        source: Whose.
        credentials: By name, or what stands in for them.
    """
    snippets = around.snippets(source, credentials)
    words = [stand_in(name) for name, value in credentials.items() if value == stand_in(name)]
    return {"snippets": snippets, "stand_ins": [word for word in words if any(word in one.text for one in snippets)]}


def stand_in(credential: str) -> str:
    """Return what stands in a snippet for a credential that is not known any more."""
    return f"YOUR_{credential.upper()}"
