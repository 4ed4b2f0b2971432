"""Declared types of events: theirs is a workspace's own, in memory at once, and in the audit log."""

from pathlib import Path

import msgspec
import pytest

from tests.tenants.test_tenants import Place
from tidings.kit.signing import Signer
from tidings.tenants import people_store, vocabulary, vocabulary_store
from tidings.tenants.audit import CLI
from tidings.tenants.keys import Keys
from tidings.tenants.model import Declared, Property
from tidings.tenants.service import Invalid

DRAFT = Declared(
    id=0,
    workspace_id=1,
    type=" purchase ",
    subtype="Delivery",
    properties={"amount": Property(kind="number", required=True)},
    created_at=5,
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "tidings.db")


def declare(place: Place, **members: object) -> Declared:
    return place.database.write_now(vocabulary.declare, CLI, msgspec.structs.replace(DRAFT, **members))


def test_a_type_is_declared_and_known_to_the_workspace_alone(place: Place) -> None:
    made = declare(place)
    assert (made.type, made.subtype, made.title) == ("PURCHASE", "DELIVERY", "PURCHASE/DELIVERY")
    general = declare(place, subtype="", properties={})
    keys = Keys(place.database, Signer(b"a key"))
    keys.refresh_now()
    mine, theirs = place.source(place.alice)[0], place.source(place.stranger)[0]
    assert keys.declared(mine, "PURCHASE", "DELIVERY") == made
    assert keys.declared(mine, "PURCHASE", "OTHER") == keys.declared(mine, "PURCHASE", "") == general
    assert keys.declared(mine, "VISIT", "") is None
    assert keys.declared(theirs, "PURCHASE", "DELIVERY") is None
    assert place.database.read_now(vocabulary_store.list_declared, place.stranger) == []


def test_declaring_anew_replaces(place: Place) -> None:
    keys = Keys(place.database, Signer(b"a key"))
    keys.refresh_now()
    source = place.source(place.alice)[0]
    declare(place)
    again = declare(place, properties={})
    keys.refresh_now()
    assert keys.declared(source, "PURCHASE", "DELIVERY") == again
    assert place.database.read_now(vocabulary_store.list_declared, place.alice) == [again]
    with pytest.raises(Invalid, match="no declared type"):
        place.database.write_now(vocabulary.withdraw, CLI, place.stranger, again.id, 6)
    place.database.write_now(vocabulary.withdraw, CLI, place.alice, again.id, 6)
    keys.refresh_now()
    assert keys.declared(source, "PURCHASE", "DELIVERY") is None
    listed = place.database.read_now(
        people_store.list_deeds, place.alice, actor=None, action=None, before=None, limit=9
    )
    actions = [(deed.action, deed.detail["type"]) for deed in listed if deed.action.startswith("type.")]
    assert actions == [("type.withdrawn", "PURCHASE"), ("type.declared", "PURCHASE"), ("type.declared", "PURCHASE")]


def test_a_present_one_is_not_replaced_unawares(place: Place) -> None:
    made = declare(place)
    with pytest.raises(Invalid, match="PURCHASE/DELIVERY is declared already"):
        place.database.write_now(vocabulary.declare, CLI, DRAFT, anew=False)
    assert place.database.read_now(vocabulary_store.list_declared, place.alice) == [made]


def test_a_change_keeps_the_number(place: Place) -> None:
    made, other = declare(place), declare(place, type="visit", subtype="")
    keys = Keys(place.database, Signer(b"a key"))
    source = place.source(place.alice)[0]
    wanted = msgspec.structs.replace(made, subtype=" pick-up ", properties={"table": Property(kind="text")})
    changed = place.database.write_now(vocabulary.change, CLI, wanted, 7)
    assert (changed.id, changed.title, list(changed.properties)) == (made.id, "PURCHASE/PICK-UP", ["table"])
    assert place.database.write_now(vocabulary.change, CLI, changed, 8) == changed  # no news
    keys.refresh_now()
    assert keys.declared(source, "PURCHASE", "PICK-UP") == changed
    assert keys.declared(source, "PURCHASE", "DELIVERY") is None
    with pytest.raises(Invalid, match="VISIT is declared already"):
        place.database.write_now(vocabulary.change, CLI, msgspec.structs.replace(changed, type="visit", subtype=""), 9)
    for stranger in ({"workspace_id": place.stranger}, {"id": 99}):
        with pytest.raises(Invalid, match="no declared type"):
            place.database.write_now(vocabulary.change, CLI, msgspec.structs.replace(changed, **stranger), 9)
    assert place.database.read_now(vocabulary_store.list_declared, place.alice) == [changed, other]
    deeds = place.database.read_now(
        people_store.list_deeds, place.alice, actor=None, action="type.changed", before=None, limit=9
    )
    assert [(deed.at, deed.subject, deed.detail["before"]) for deed in deeds] == [
        (7, f"type:{made.id}", "PURCHASE/DELIVERY")
    ]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"type": " "}, "type: use 1 to 100 characters"),
        ({"type": "x" * 101}, "type: use 1 to 100 characters"),
        ({"type": "a\nb"}, "type: use 1 to 100 characters"),
        ({"subtype": "x" * 101}, "subtype: use 1 to 100 characters"),
        ({"properties": {" ": Property(kind="text")}}, "a property's name has 1 to 100 characters"),
        ({"properties": {f"p{n}": Property(kind="text") for n in range(101)}}, "at most 100 properties"),
    ],
)
def test_what_cannot_be_declared(place: Place, members: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        declare(place, **members)


def test_marks_are_those_of_present_credentials(place: Place) -> None:
    keys = Keys(place.database, Signer(b"a key"))
    source, _ = place.source(place.alice, key="first")
    keys.refresh_now()
    assert len(keys.marks(source, "write_key")) == 1
    assert keys.marks(source, "password") == ()
