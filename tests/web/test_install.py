"""Whether a plugin of a shop can register its token with a source, and letting it."""

from tests.web.conftest import World


def test_a_plugin_is_let_in(world: World) -> None:
    number = world.admin.make("/sources", {"dialect": "remarkety", "name": "plugged"})["source"]["id"]
    path = f"/sources/{number}/install"
    assert world.reader.get(path) == {"state": "never", "until": None, "plugin_ended": None}
    assert world.reader("POST", path).status == 403
    made = world.admin("POST", path).json()
    assert set(made) == {"password", "until"}
    assert world.reader.get(path) == {"state": "open", "until": made["until"], "plugin_ended": None}
    deed = world.admin.get("/audit?action=install.opened")["items"][0]
    assert (deed["subject"], deed["actor"][:6]) == (f"source:{number}", "token:")
    assert made["password"] not in str(deed)


def test_other_dialects_have_no_such_thing(world: World) -> None:
    answer = world.admin("POST", f"/sources/{world.source_id}/install")
    assert answer.status == 400
    assert "speaks segment" in str(answer.json())
