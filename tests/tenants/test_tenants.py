"""Workspaces, brands, sources, keys and tokens: secrets are shown once, walls hold."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fresh import migrated
from tidings.db import Database
from tidings.kit.crypto import fingerprint
from tidings.kit.signing import Signer
from tidings.tenants import service, store
from tidings.tenants.keys import SEEN, Keys
from tidings.tenants.model import Kinds, Source, SourceSettings
from tidings.tenants.service import Invalid, hint


class Place:
    """Two workspaces, Alice's and the stranger's, each with a brand."""

    def __init__(self, path: Path) -> None:
        migrated(path, 1)
        self.database = Database(path)
        self.alice = self.database.write_now(service.first_workspace, 1)
        self.stranger = self.database.write_now(service.create_workspace, "stranger", "UTC", 1)
        self.database.write_now(service.create_brand, self.stranger, "theirs", "Theirs", "gbp", 1)

    def source(self, workspace_id: int, name: str = "web", key: str | None = None) -> tuple[Source, str]:
        draft = Source(
            id=0,
            workspace_id=workspace_id,
            brand_id=0,
            brand_currency="",
            dialect="segment",
            name=name,
            trust="server",
            enabled=True,
            settings=SourceSettings(),
        )
        made, secrets = self.database.write_now(service.create_source, draft, None, {"write_key": key}, 1)
        return made, secrets["write_key"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path / "tidings.db")
    yield found
    found.database.close()


@pytest.fixture
def keys(place: Place) -> Keys:
    return Keys(place.database, Signer(b"a key"))


def test_the_first_workspace_is_made_once(place: Place) -> None:
    assert place.database.write_now(service.first_workspace, 2) == place.alice
    assert [brand["key"] for brand in place.database.read_now(store.list_brands, place.alice)] == ["main"]


def test_a_source_takes_the_currency_of_its_brand(place: Place) -> None:
    assert place.source(place.alice)[0].brand_currency == "USD"
    assert place.source(place.stranger)[0].brand_currency == "GBP"


def test_a_key_finds_its_source_after_a_refresh(place: Place, keys: Keys) -> None:
    made, secret = place.source(place.alice)
    assert keys.find("segment", "write_key", secret) is None
    keys.refresh_now()
    found = keys.find("segment", "write_key", secret)
    assert found == made
    assert keys.source(made.id) == made
    assert keys.source(4711) is None
    for other in (("ray", "write_key", secret), ("segment", "api_key", secret), ("segment", "write_key", secret + "x")):
        assert keys.find(*other) is None
    assert keys.find("segment", "write_key", fingerprint(secret)) is None  # what is stored is no key


def test_strange_secrets_find_nothing(place: Place, keys: Keys) -> None:
    place.source(place.alice)
    keys.refresh_now()
    for secret in ("", "\ud800", "\0", "x" * 100_000, "é"):
        assert keys.find("segment", "write_key", secret) is None
        assert keys.token(secret) is None


def test_what_callers_send_does_not_fill_memory(keys: Keys) -> None:
    for number in range(SEEN + 100):
        keys.find("segment", "write_key", f"guess {number}")
    keys.find("segment", "write_key", "x" * 201)
    assert len(keys._fingerprints) <= SEEN
    assert "x" * 201 not in keys._fingerprints


def test_a_refresh_reads_only_what_changed(place: Place, keys: Keys) -> None:
    place.source(place.alice)
    keys.refresh_now()
    before = keys._loaded
    asyncio.run(keys.refresh())
    assert keys._loaded is before
    place.source(place.alice, "app")
    asyncio.run(keys.refresh())
    assert keys._loaded is not before


def test_a_revoked_key_is_useless_and_the_others_go_on(place: Place, keys: Keys) -> None:
    made, first = place.source(place.alice)
    second = place.database.write_now(service.add_credential, made, "write_key", None, 2)
    rows = place.database.read_now(store.list_credentials, place.alice, made.id)
    assert [row["hint"] for row in rows] == [hint(first), hint(second)]
    place.database.write_now(service.revoke_credential, place.alice, made.id, rows[0]["id"])
    keys.refresh_now()
    assert keys.find("segment", "write_key", first) is None
    assert keys.find("segment", "write_key", second) == made
    with pytest.raises(Invalid, match="no credential"):
        place.database.write_now(service.revoke_credential, place.alice, made.id, rows[0]["id"])


def test_a_revoked_key_may_be_given_again(place: Place, keys: Keys) -> None:
    made, secret = place.source(place.alice, key="pinned-to-this-value")
    (row,) = place.database.read_now(store.list_credentials, place.alice, made.id)
    place.database.write_now(service.revoke_credential, place.alice, made.id, row["id"])
    other, _ = place.source(place.stranger, key=secret)
    keys.refresh_now()
    assert keys.find("segment", "write_key", secret) == other


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("", "…"), ("short", "…"), ("eleven char", "…"), ("twelve chars", "…hars"), ("x" * 32, "…xxxx")],
)
def test_a_hint_gives_nothing_away(secret: str, shown: str) -> None:
    assert hint(secret) == shown


def test_a_pinned_key_is_taken_as_it_is(place: Place, keys: Keys) -> None:
    made, secret = place.source(place.alice, key="  shop:key/1 é ")
    assert secret == "shop:key/1 é"
    keys.refresh_now()
    assert keys.find("segment", "write_key", secret) == made


@pytest.mark.parametrize("key", ["", "   ", "x" * 1001])
def test_a_pinned_key_that_cannot_be_is_refused_and_leaves_no_source(place: Place, key: str) -> None:
    with pytest.raises(Invalid, match="1 to 1000 characters"):
        place.source(place.alice, key=key)
    assert place.database.read_now(store.list_sources, place.alice) == []


def test_a_key_names_one_source_in_the_whole_installation(place: Place) -> None:
    place.source(place.alice, key="the-same-key")
    with pytest.raises(Invalid, match="another source has this write_key"):
        place.source(place.stranger, key="the-same-key")
    assert place.database.read_now(store.list_sources, place.stranger) == []


def test_names_are_taken_within_their_wall(place: Place) -> None:
    place.source(place.alice)
    place.source(place.stranger)
    with pytest.raises(Invalid, match="choose another name"):
        place.source(place.alice)
    with pytest.raises(Invalid, match="already"):
        place.database.write_now(service.create_workspace, "stranger", "UTC", 1)
    with pytest.raises(Invalid, match="unique in the installation"):
        place.database.write_now(service.create_brand, place.alice, "theirs", "Mine", "USD", 1)


@pytest.mark.parametrize("key", ["", "UPPER", "under_score", "dot.ted", "ünï", "a b"])
def test_a_brand_key_is_a_host_label(place: Place, key: str) -> None:
    with pytest.raises(Invalid, match="lower-case"):
        place.database.write_now(service.create_brand, place.alice, key, "x", "USD", 1)


def test_a_brand_of_another_workspace_cannot_be_named(place: Place) -> None:
    made, _ = place.source(place.alice)
    with pytest.raises(Invalid, match="there are: main"):
        place.database.write_now(service.create_source, made, "theirs", {}, 1)


def test_walls(place: Place, keys: Keys) -> None:
    """Whoever knows another workspace's ids can do nothing with them."""
    mine, secret = place.source(place.alice)
    database, stranger = place.database, place.stranger
    (row,) = database.read_now(store.list_credentials, place.alice, mine.id)
    token, bearer = database.write_now(service.create_token, place.alice, "t", ("read",), 1)

    assert database.read_now(store.get_source, stranger, mine.id) is None
    assert database.read_now(store.list_sources, stranger) == []
    assert database.read_now(store.list_credentials, stranger, mine.id) == []
    assert database.read_now(store.list_tokens, stranger) == []
    assert [b["key"] for b in database.read_now(store.list_brands, stranger)] == ["theirs"]
    assert database.read_now(store.brand_id, stranger, "main") is None
    for script, arguments in (
        (service.revoke_credential, (stranger, mine.id, row["id"])),
        (service.revoke_token, (stranger, token.id)),
    ):
        with pytest.raises(Invalid):
            database.write_now(script, *arguments)
    for enabled, settings in ((False, None), (None, SourceSettings(rate=9))):
        with pytest.raises(Invalid, match="no source"):
            database.write_now(service.change_source, stranger, mine.id, enabled=enabled, settings=settings)

    keys.refresh_now()
    assert keys.find("segment", "write_key", secret) == mine
    found = keys.token(bearer)
    assert found is not None
    assert (found.workspace_id, found.scopes) == (place.alice, ("read",))


def test_a_token_is_found_until_it_is_revoked(place: Place, keys: Keys) -> None:
    token, secret = place.database.write_now(service.create_token, place.alice, "cli", ("read", "write"), 5)
    assert secret.startswith("tid_")
    keys.refresh_now()
    assert keys.token(secret) == token
    (row,) = place.database.read_now(store.list_tokens, place.alice)
    assert row == {"id": token.id, "name": "cli", "hint": hint(secret), "scopes": ["read", "write"], "created_at": 5}
    place.database.write_now(service.revoke_token, place.alice, token.id)
    keys.refresh_now()
    assert keys.token(secret) is None


def test_a_changed_source_is_seen_after_a_refresh(place: Place, keys: Keys) -> None:
    made, secret = place.source(place.alice)
    settings = SourceSettings(rate=7, origins=["https://a.example"], id_space="crm")
    place.database.write_now(service.change_source, place.alice, made.id, enabled=False, settings=settings)
    keys.refresh_now()
    found = keys.find("segment", "write_key", secret)
    assert found is not None
    assert (found.enabled, found.settings) == (False, settings)


def test_secrets_are_in_no_file(place: Place, tmp_path: Path) -> None:
    made, first = place.source(place.alice)
    secrets = [first, place.source(place.stranger, key="a-pinned-secret-value")[1]]
    secrets.append(place.database.write_now(service.add_credential, made, "write_key", None, 2))
    secrets.append(place.database.write_now(service.create_token, place.alice, "t", ("admin",), 1)[1])
    contents = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"stranger" in contents  # what is looked into is what was written
    assert [secret for secret in secrets if secret.encode() in contents] == []
    assert all(fingerprint(secret).encode() in contents for secret in secrets)


HELPDESK = Kinds(names=("account", "api_key", "sso_secret"), readable=("api_key", "sso_secret"), labels=("account",))


def helpdesk(place: Place, workspace_id: int, name: str = "desk", **pinned: str) -> tuple[Source, dict[str, str]]:
    """Make a source of a dialect with a name and two readable secrets."""
    draft = Source(
        id=0,
        workspace_id=workspace_id,
        brand_id=0,
        brand_currency="",
        dialect="desk",
        name=name,
        trust="server",
        enabled=True,
        settings=SourceSettings(),
    )
    wanted = {credential: pinned.get(credential) for credential in HELPDESK.names}
    return place.database.write_now(service.create_source, draft, None, wanted, 1, HELPDESK)


def test_a_further_key_is_a_secret_unless_another_is_named() -> None:
    assert HELPDESK.usual == "api_key"
    assert Kinds(names=("write_key",)).usual == "write_key"
    assert Kinds(names=("store",), labels=("store",)).usual == "store"


def test_a_name_is_made_of_what_is_there(place: Place) -> None:
    assert helpdesk(place, place.stranger)[1]["account"] == "theirs"  # key of the brand
    assert helpdesk(place, place.stranger, "Help  Desk, EU!")[1]["account"] == "help-desk-eu"
    assert helpdesk(place, place.alice, "help desk eu")[1]["account"] == "main"
    taken = helpdesk(place, place.stranger, "Help Desk (EU)")[1]["account"]
    assert len(taken) == 12
    assert taken == taken.lower()
    assert len(helpdesk(place, place.alice, "ü")[1]["account"]) == 12
    assert helpdesk(place, place.alice, "x" * 100)[1]["account"] == "x" * 63


def test_a_name_is_a_host_label_and_unique(place: Place) -> None:
    assert helpdesk(place, place.alice, account=" Acme-1 ")[1]["account"] == "acme-1"
    with pytest.raises(Invalid, match="another source has this account"):
        helpdesk(place, place.stranger, account="ACME-1")
    for wrong in ("a.b", "a_b", "ü", "x" * 64, "a b"):
        with pytest.raises(Invalid, match="letters, digits"):
            helpdesk(place, place.stranger, account=wrong)
    assert place.database.read_now(store.list_sources, place.stranger) == []


def test_a_list_shows_names_in_full_and_no_secret(place: Place) -> None:
    made, secrets = helpdesk(place, place.alice, account="acme")
    rows = place.database.read_now(store.list_credentials, place.alice, made.id)
    assert [(row["name"], row["hint"]) for row in rows] == [
        ("account", "acme"),
        ("api_key", hint(secrets["api_key"])),
        ("sso_secret", hint(secrets["sso_secret"])),
    ]
    assert all(secrets[name] not in str(rows) for name in HELPDESK.readable)


def test_readable_secrets_can_be_read_while_they_hold(place: Place, keys: Keys) -> None:
    made, secrets = helpdesk(place, place.alice)
    other, _ = helpdesk(place, place.stranger, api_key="theirs-alone")
    plain, _ = place.source(place.alice)
    arguments = (made, "api_key", "the-second", 2, HELPDESK)
    place.database.write_now(service.add_credential, *arguments)
    keys.refresh_now()
    assert keys.values(made, "api_key") == (secrets["api_key"], "the-second")
    assert keys.values(made, "sso_secret") == (secrets["sso_secret"],)
    assert keys.values(made, "account") == keys.values(plain, "write_key") == ()  # not kept
    assert keys.values(other, "api_key") == ("theirs-alone",)
    rows = place.database.read_now(store.list_credentials, place.alice, made.id)
    place.database.write_now(service.revoke_credential, place.alice, made.id, rows[1]["id"])
    keys.refresh_now()
    assert keys.values(made, "api_key") == ("the-second",)


def test_the_only_source_of_a_dialect(place: Place, keys: Keys) -> None:
    assert keys.only("desk") is None
    made, _ = helpdesk(place, place.alice)
    place.source(place.alice)
    keys.refresh_now()
    assert keys.only("desk") == made
    other, _ = helpdesk(place, place.stranger)
    keys.refresh_now()
    assert keys.only("desk") is None
    place.database.write_now(service.change_source, place.alice, made.id, enabled=False, settings=None)
    keys.refresh_now()
    assert keys.only("desk") == other


def test_sources_of_a_brand(place: Place, keys: Keys) -> None:
    made, _ = helpdesk(place, place.alice)
    keys.refresh_now()
    assert keys.of_brand("desk", "main") == (made,)
    assert keys.of_brand("segment", "main") == keys.of_brand("desk", "theirs") == ()
    assert keys.of_brand("desk", "later") is None
    place.database.write_now(service.create_brand, place.alice, "later", "Later", "USD", 2)
    keys.refresh_now()
    assert keys.of_brand("desk", "later") == ()


def test_a_prefix_names_one_source_in_the_whole_installation(place: Place, keys: Keys) -> None:
    mine, theirs = place.source(place.alice)[0], place.source(place.stranger)[0]
    change = service.change_source
    place.database.write_now(change, place.alice, mine.id, enabled=None, settings=SourceSettings(prefix="shop"))
    place.database.write_now(change, place.alice, mine.id, enabled=False, settings=SourceSettings(prefix="shop"))
    with pytest.raises(Invalid, match="another source has the prefix"):
        place.database.write_now(
            change, place.stranger, theirs.id, enabled=None, settings=SourceSettings(prefix="shop")
        )
    keys.refresh_now()
    found = keys.below("shop")
    assert found is not None
    assert (found.id, found.enabled) == (mine.id, False)
    for prefix in ("", "Shop", "shop/", "other", "\ud800"):
        assert keys.below(prefix) is None
    place.database.write_now(change, place.alice, mine.id, enabled=None, settings=SourceSettings())
    place.database.write_now(change, place.stranger, theirs.id, enabled=None, settings=SourceSettings(prefix="shop"))
    keys.refresh_now()
    moved = keys.below("shop")
    assert moved is not None
    assert moved.id == theirs.id
