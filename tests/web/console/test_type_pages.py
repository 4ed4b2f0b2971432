"""Declared types of events: declare, change and remove them on the console."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import Browse
from tests.web.console.accessible import assert_accessible
from tests.web.console.conftest import BOB, Console
from tests.web.console.hostile import HOSTILE, HOSTILE_LINES, assert_harmless
from tests.web.console.test_browser import LOOKS, assert_fits, signed_in
from tests.web.console.test_source_pages import make
from tests.web.console.visitor import Page, Visitor

PATH = "/console/types"


def declare(visitor: Visitor, name: str, rows: list[tuple[str, str]], **fields: Any) -> Page:
    """Send the form of a new type."""
    names, kinds = [name for name, _ in rows], [kind for _, kind in rows]
    return visitor.post(PATH, {"type": name, "property": names, "kind": kinds, **fields})


def declared(console: Console, name: str) -> dict[str, Any]:
    """Return what is declared, as the command line says it."""
    return next((one for one in console.server.cli("types", "list") if one["type"] == name), {})


def test_a_type_is_declared_changed_and_removed(console: Console) -> None:
    rows = [("amount", "number"), ("", "text"), (" table ", "text"), ("", "date")]
    page = declare(console.editor, "purchase", rows, subtype="Delivery", required=["0", "1"])
    assert "PURCHASE/DELIVERY is declared." in console.editor.follow(page).said
    found = declared(console, "PURCHASE")
    amount, table = {"kind": "number", "required": True}, {"kind": "text", "required": False}
    assert (found["subtype"], found["properties"]) == ("DELIVERY", {"amount": amount, "table": table})

    path = f"{PATH}/{found['id']}"
    form = console.editor.get(path).text
    assert re.findall(r'name="property" value="([^"]*)"', form) == ["amount", "table"] + [""] * 5
    assert re.findall(r'name="required" value="(\d)"[^>]* checked', form) == ["0"]
    fields = {"type": "PURCHASE", "property": ["", "table"], "kind": ["number", "date"], "required": ["1"]}
    assert console.editor.follow(console.editor.post(path, fields)).said == [
        "PURCHASE was changed. This is in force now."
    ]
    found = declared(console, "PURCHASE")
    assert (found["subtype"], found["properties"]) == ("", {"table": {"kind": "date", "required": True}})

    assert console.editor.follow(console.editor.post(f"{path}/remove")).said == ["PURCHASE is not declared any more."]
    assert declared(console, "PURCHASE") == {}
    assert console.editor.get(path).status == console.editor.post(path, fields).status == 404
    log = console.owner.get("/console/audit?action=type").text
    assert log.count(BOB) >= 3
    rows_of = console.query("SELECT action FROM audit WHERE subject = ? ORDER BY id", f"type:{path.rpartition('/')[2]}")
    assert rows_of == [("type.declared",), ("type.changed",), ("type.withdrawn",)]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"type": ""}, "Fill this in"),
        ({"type": "x" * 101}, "Use at most 100 characters"),
        ({"type": "a\nb"}, "Use 1 to 100 characters"),
        ({"subtype": "x" * 101}, "Use at most 100 characters"),
        ({"type": "taken"}, "TAKEN is declared already: change that one"),
        ({"property": ["a", "a"], "kind": ["text", "text"]}, "A is there twice"),
        ({"property": ["a"], "kind": ["colour"]}, "A: choose one of the kinds"),
        ({"property": ["x" * 101], "kind": ["text"]}, "A property&#39;s name has 1 to 100 characters"),
        (
            {"property": [f"p{n}" for n in range(101)], "kind": ["text"] * 101},
            "A type has at most 100 properties",
        ),
    ],
)
def test_what_cannot_be_declared(console: Console, fields: dict[str, Any], fault: str) -> None:
    if not declared(console, "TAKEN"):
        declare(console.editor, "taken", [])
    before = console.query("SELECT * FROM declared_types")
    page = console.editor.post(PATH, {"type": "new"} | fields)
    assert page.status == 422
    assert fault in page.text
    assert console.query("SELECT * FROM declared_types") == before


def test_more_rows_change_nothing(console: Console) -> None:
    rows = [(f"p{n}", "boolean") for n in range(5)]
    before = console.query("SELECT count(*) FROM declared_types")
    page = declare(console.editor, "growing", rows, required=["4"], more="on")
    assert page.status == 200
    assert console.query("SELECT count(*) FROM declared_types") == before
    assert page.text.count('name="property"') == 10
    assert 'value="growing"' in page.text
    assert re.findall(r'name="required" value="(\d)"[^>]* checked', page.text) == ["4"]


def test_a_source_leads_there(console: Console) -> None:
    ray, _ = make(console.owner, "restaurant", dialect="ray")
    other, _ = make(console.owner, "no restaurant")
    assert PATH in console.viewer.get(f"/console/sources/{ray}").text
    assert PATH not in console.viewer.get(f"/console/sources/{other}").text
    assert f"/console/sources/{ray}" in console.viewer.get(PATH).text


def test_viewers_look(console: Console) -> None:
    declare(console.editor, "looked at", [("amount", "number")])
    number = declared(console, "LOOKED AT")["id"]
    for visitor, may in ((console.viewer, False), (console.editor, True), (console.owner, True)):
        text = visitor.get(PATH).text
        assert "LOOKED AT" in text
        assert (f"{PATH}/{number}" in text) == (f"{PATH}/new" in text) == may
    assert "LOOKED AT" not in console.stranger.get(PATH).text


def test_nothing_hostile_comes_to_life(console: Console) -> None:
    for text in HOSTILE_LINES:
        page = declare(console.editor, f"t{text}"[:100], [(text, "text")], subtype=text)
        assert page.status in (303, 422), page.text
        assert_harmless(page.text)
    for text in HOSTILE:
        for fields in ({"type": text}, {"property": [text], "kind": [text]}, {"property": text, "required": text}):
            assert_harmless(console.editor.post(PATH, {"type": "", **fields}).text)
    listed = console.editor.get(PATH)
    assert_harmless(listed.text)
    for number in re.findall(rf'href="{PATH}/(\d+)"', listed.text):
        assert_harmless(console.editor.get(f"{PATH}/{number}").text)


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_are_for_everybody(console: Console, browse: Browse, look: str) -> None:
    page = signed_in(browse, console.editor, LOOKS[look])
    page.goto(f"{console.server.url}{PATH}/new")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_label("Type", exact=True).fill(f"seen {look}")
    page.get_by_label("Name of property 1").fill("amount")
    page.get_by_label("Kind of property 1").select_option("number")
    page.get_by_label("Property 1 is required").check()
    page.get_by_label("Name of property 1").press("Enter")  # saves, and does not ask for more rows
    expect(page.get_by_role("status")).to_contain_text(f"SEEN {look.upper()} is declared.")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("link", name=f"Change SEEN {look.upper()}", exact=True).click()
    expect(page.get_by_label("Name of property 1")).to_have_value("amount")
    page.get_by_role("button", name="Remove").click()
    assert_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("status")).to_contain_text("is not declared any more.")
