"""Real names of columns, and what an operator says about others."""

from pathlib import Path

import pytest

from tidings.imports import kinds
from tidings.imports.columns import Columns, assigned, demand, plain
from tidings.imports.model import Unusable

ALIASES = {"id": ("id", "customer_id"), "email": ("email", "e_mail")}


def members(columns: Columns) -> dict[str, str]:
    return {member: columns.names[place] for member, place in columns.places.items()}


@pytest.mark.parametrize("name", ["Customer ID", "customer_id", "CUSTOMER-ID", " customer id "])
def test_case_and_signs_do_not_count(name: str) -> None:
    assert members(assigned([name.strip()], ALIASES, {})) == {"id": name.strip()}


def test_the_better_name_wins_and_the_other_is_kept() -> None:
    found = assigned(["customer_id", "id", "note", ""], ALIASES, {})
    assert members(found) == {"id": "id"}
    assert found.rest == {"customer_id": 0, "note": 2}


def test_an_operator_says_otherwise() -> None:
    found = assigned(["id", "Kunde", "E-Mail"], ALIASES, {"kunde": "id", "id": ""})
    assert members(found) == {"id": "Kunde", "email": "E-Mail"}
    assert found.rest == {}


@pytest.mark.parametrize(
    ("given", "what"), [({"nope": "id"}, "no column 'nope'"), ({"id": "nope"}, "no member 'nope'")]
)
def test_what_does_not_exist_is_named_with_what_does(given: dict[str, str], what: str) -> None:
    with pytest.raises(Unusable, match=rf"{what} \(there are: id"):
        assigned(["id"], ALIASES, given)


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(Unusable, match="two columns"):
        assigned(["id", "ID"], ALIASES, {})


def test_what_a_file_cannot_do_without() -> None:
    found = assigned(["name"], ALIASES, {})
    with pytest.raises(Unusable, match=r"no column for id or email \(there are: name\); --map COLUMN=id"):
        demand(found, [("id", "email")])


def test_names_of_columns_are_unambiguous_and_in_plain_form() -> None:
    for kind in kinds.CSV.values():
        spellings = [spelling for each in kind.aliases.values() for spelling in each]
        assert sorted(set(spellings)) == sorted(spellings)
        assert [plain(spelling) for spelling in spellings] == spellings
        assert {member for group in kind.required for member in group} <= kind.aliases.keys()


def test_every_member_and_name_of_a_column_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs/importing.md").read_text("utf-8")
    for name, kind in kinds.CSV.items():
        for member, spellings in kind.aliases.items():
            row = f"| `{member}` | {', '.join(f'`{one}`' for one in spellings)} |"
            assert row in text, f"{name}: {row}"
    for name in kinds.KINDS:
        assert f"`tidings import {name}" in text or f"tidings import {name} " in text
