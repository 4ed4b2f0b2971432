"""How far an import is, is written down with what it hands over."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection

from tests.fresh import migrated
from tests.imports.files import NOW, STARTED, draft
from tidings.db.engine import make_engine
from tidings.events import pending_store
from tidings.imports import service, store
from tidings.imports.model import Import, Refused, Round
from tidings.tenants import service as tenants
from tidings.tenants.audit import CLI
from tidings.tenants.service import Invalid


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Connection]:
    """A transaction over an empty, migrated database with its first workspace."""
    path = tmp_path / "tidings.db"
    migrated(path, NOW)
    engine = make_engine(path, mode="write")
    with engine.connect() as connection, connection.begin():
        tenants.first_workspace(connection, NOW)
        yield connection
    engine.dispose()


def begun(tx: Connection, options: str = "{}") -> Import:
    return service.begin(tx, CLI, msgspec.structs.replace(draft("orders"), options=options), NOW)


def a_round(lines: int, *, ended: bool = False) -> Round:
    refused = [Refused(lines, "why", "x")]
    return Round(payloads=["{}"], lines=lines, taken=2, refused=refused, totals={"EUR": Decimal("0.1")}, ended=ended)


def test_it_is_found_again_where_it_stopped(tx: Connection) -> None:
    first = service.advance(tx, begun(tx), a_round(10), NOW)
    again = begun(tx)
    assert again == first
    last = service.advance(tx, again, a_round(20, ended=True), NOW + 5)
    assert (last.lines, last.taken, last.refused, last.totals) == (20, 4, 2, {"EUR": Decimal("0.2")})
    assert (last.started_at, last.finished_at) == (STARTED, NOW + 5)
    assert begun(tx) == last
    own = pending_store.oldest(tx, 10)[0]
    assert [one.payload for one in own] == ["{}", "{}"]
    assert last.waiting == own[-1].id


def test_only_one_process_goes_on(tx: Connection) -> None:
    first = begun(tx)
    service.advance(tx, first, a_round(10), NOW)
    with pytest.raises(Invalid, match="another process"):
        service.advance(tx, first, a_round(12), NOW)


def test_lines_that_were_done_before_do_not_count_again(tx: Connection) -> None:
    first = service.advance(tx, begun(tx), a_round(10), NOW)
    old = [Refused(number, "why", "x") for number in (1, 10)]
    second = service.advance(tx, first, Round(lines=12, refused=[*old, Refused(11, "why", "x")]), NOW)
    assert second.refused == 2


def test_another_way_of_reading_begins_anew(tx: Connection) -> None:
    first = service.advance(tx, begun(tx), a_round(10, ended=True), NOW)
    again = begun(tx, '{"currency":"USD"}')
    assert (again.id, again.lines, again.taken, again.refused, again.totals) == (first.id, 0, 0, 0, {})
    assert (again.finished_at, again.started_at, again.waiting) == (None, first.started_at, first.waiting)
    assert begun(tx, '{"currency":"USD"}') == again


@pytest.mark.parametrize("members", [{"workspace_id": 2}, {"brand_id": 3}, {"kind": "cdnow"}, {"hash": "cd"}])
def test_place_kind_and_content_make_an_import(tx: Connection, members: dict[str, object]) -> None:
    first = begun(tx)
    other = service.begin(tx, CLI, msgspec.structs.replace(draft("orders"), **members), NOW)
    assert other.id != first.id
    assert store.find(tx, 1, 2, "orders", first.hash) == first
    assert store.find(tx, 9, 2, "orders", first.hash) is None


def test_a_brand_is_named_or_the_first_one(tx: Connection) -> None:
    assert service.brand_of(tx, 1, None) == service.brand_of(tx, 1, "main")
    with pytest.raises(Invalid, match="no brand 'x' in this workspace"):
        service.brand_of(tx, 1, "x")
    with pytest.raises(Invalid, match="no brand yet"):
        service.brand_of(tx, 2, None)
