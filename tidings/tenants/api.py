"""The own API's routes of sources, their keys, and bearer tokens."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import delete, get, patch, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import Parameter
from msgspec import UNSET, Meta, Struct, UnsetType

from tidings.db import Database, Tx
from tidings.kit import clock
from tidings.kit.times import iso
from tidings.tenants import deeds, service, store
from tidings.tenants.keys import Keys
from tidings.tenants.model import Actor, Kinds, Scope, Source, SourceSettings, Token, Trust
from tidings.tenants.rules import LONGEST_PREFIX, prefix_fault

LARGEST = 2**53 - 1  # of an id: what every reader of JSON keeps exact
# One line without control characters; "$" alone would let a line break at the end through.
LINE = r"^[^\x00-\x1f\x7f]+(?!\n)$"
SECRET = r"^[!-~]+(?!\n)$"  # noqa: S105 -- the characters of a secret, not one

Credentials = dict[str, Kinds]  # by dialect, what a source of it is known by
Parts = frozenset[str]  # first parts of the paths of all dialects
Id = Annotated[int, Meta(description="Number of the object in this installation.", examples=[1])]
Time = Annotated[
    str,
    Meta(
        description="UTC, ISO 8601 with milliseconds.",
        examples=["2026-03-01T10:00:00.000Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE, examples=["shop"])]
SecretIn = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=SECRET,
        description="Pins the credential to this value, so that clients need not change.",
    ),
]
SourceId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a source.")]
KeyId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a key.")]
TokenId = Annotated[int, Parameter(ge=1, le=LARGEST, description="Number of a token.")]


class Settings(Struct, kw_only=True):
    """What an operator has set for a source."""

    currency: Annotated[str | None, Meta(description="Currency of amounts that name none; null is the brand's.")]
    country: Annotated[str | None, Meta(description="ISO 3166 country by which phones without + are read.")]
    id_space: Annotated[str, Meta(description='Id space of the user ids; "" shares the workspace\'s.')]
    correct_time: Annotated[bool, Meta(description="Whether the error of the client's clock is taken out.")]
    origins: Annotated[list[str], Meta(description="Origins that browsers may send from; empty allows all.")]
    rate: Annotated[int, Meta(description="Requests per second for each key; 0 is no limit.")]
    prefix: Annotated[str, Meta(description='First part of paths that are this source\'s own; "" for none.')]
    browser_orders: Annotated[bool, Meta(description="Remarkety: whether orders that come without a key are counted.")]
    keyless_contacts: Annotated[bool, Meta(description="Remarkety: whether contacts may be made without a key.")]


class SettingsIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """Settings of a source to be changed; what is left out stays."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", max_length=3, examples=["EUR"])] | UnsetType | None = UNSET
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$", max_length=2, examples=["DE"])] | UnsetType | None = UNSET
    id_space: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]*(?!\n)$", max_length=64)] | UnsetType = UNSET
    correct_time: bool | UnsetType = UNSET
    origins: Annotated[list[Annotated[str, Meta(pattern=SECRET, max_length=300)]], Meta(max_length=100)] | UnsetType = (
        UNSET
    )
    rate: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType = UNSET
    prefix: Annotated[str, Meta(pattern=r"^[a-z0-9-]*(?!\n)$", max_length=LONGEST_PREFIX)] | UnsetType = UNSET
    browser_orders: bool | UnsetType = UNSET
    keyless_contacts: bool | UnsetType = UNSET


class SourceOut(Struct, kw_only=True):
    """Where events come from: a dialect, a brand and a trust level."""

    id: Id
    name: Annotated[str, Meta(description="What operators call it.", examples=["shop"])]
    dialect: Annotated[str, Meta(description="The wire format that it speaks.", examples=["segment"])]
    trust: Annotated[Trust, Meta(description="server: its key is secret. browser: its key is public.")]
    enabled: Annotated[bool, Meta(description="Whether what it sends is taken.")]
    brand_id: Id
    brand_currency: Annotated[str, Meta(description="Currency of its brand, ISO 4217.", examples=["EUR"])]
    settings: Settings


class SourceList(Struct, kw_only=True):
    """All sources of the workspace."""

    items: list[SourceOut]


class SourceIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A source to be made."""

    dialect: Annotated[str, Meta(max_length=50, pattern=LINE, examples=["segment"])]
    name: Annotated[Name, Meta(description="Default: the dialect.")] | UnsetType = UNSET
    brand: Annotated[Name, Meta(description="Key of its brand. Default: the first.")] | UnsetType = UNSET
    trust: Trust = "server"
    settings: SettingsIn = msgspec.field(default_factory=SettingsIn)
    credentials: Annotated[
        dict[Annotated[str, Meta(max_length=50)], SecretIn],
        Meta(max_length=10, description="Credentials to pin, by name; the others are made."),
    ] = {}


class SourceMade(Struct, kw_only=True):
    """A new source with its credentials, which are shown this once."""

    source: SourceOut
    credentials: Annotated[dict[str, str], Meta(examples=[{"write_key": "Xk3…"}])]


class SourceChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a source; what is left out stays."""

    name: Annotated[Name, Meta(description="What operators call it.")] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    settings: SettingsIn | UnsetType = UNSET


class KeyOut(Struct, kw_only=True):
    """A key of a source, without its secret."""

    id: Id
    name: Annotated[str, Meta(description="Name of the credential.", examples=["write_key"])]
    hint: Annotated[
        str, Meta(description="The last characters of a secret, or all of what is a name.", examples=["…9fQa"])
    ]
    created: Time


class KeyList(Struct, kw_only=True):
    """All keys of a source."""

    items: list[KeyOut]


class KeyIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A further key of a source; the present ones go on working."""

    name: (
        Annotated[Name, Meta(description="Name of the credential. Default: the dialect's first secret.")] | UnsetType
    ) = UNSET
    value: SecretIn | UnsetType = UNSET


class KeyMade(Struct, kw_only=True):
    """A new key with its secret, which is shown this once."""

    key: KeyOut
    secret: str


class TokenOut(Struct, kw_only=True):
    """A bearer token of this API, without its secret."""

    id: Id
    name: Annotated[str, Meta(description="What it is for.", examples=["reports"])]
    hint: Annotated[str, Meta(description="The last characters of the secret.", examples=["…9fQa"])]
    scopes: list[Scope]
    created: Time


class TokenList(Struct, kw_only=True):
    """All tokens of the workspace."""

    items: list[TokenOut]


class TokenIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A token to be made."""

    name: Annotated[Name, Meta(description="What it is for.")]
    scopes: Annotated[
        list[Scope],
        Meta(min_length=1, max_length=3, description="admin may also write, write may also read.", examples=[["read"]]),
    ]


class TokenMade(Struct, kw_only=True):
    """A new token with its secret, which is shown this once."""

    token: TokenOut
    secret: Annotated[str, Meta(examples=["tid_Xk3…"])]


def bad(field: str, message: str) -> ValidationException:
    """Return the error of a caller whose parameter or member cannot be taken.

    Args:
        field: Name of the parameter, or path of the member.
        message: What is wrong with it, and what to do.
    """
    return ValidationException(message, extra=[{"key": field, "message": message}])


def source_of(tx: Tx, workspace_id: int, source_id: int) -> Source:
    """Return a source of the workspace.

    Raises:
        NotFoundException: There is none of this id.
    """
    found = store.get_source(tx, workspace_id, source_id)
    if found is None:
        raise NotFoundException(f"there is no source {source_id} in this workspace")
    return found


def check_prefix(settings: SettingsIn, parts: Parts) -> None:
    """Raise where a prefix is the first part of a path that is answered anyway.

    Raises:
        ValidationException: It is.
    """
    fault = None if settings.prefix is UNSET else prefix_fault(settings.prefix, parts)
    if fault:
        raise bad("settings.prefix", fault)


@get("/sources", summary="List sources")
async def list_sources(database: Database, token: Token) -> SourceList:
    """Return all sources of the workspace, oldest first."""
    found = await database.read(store.list_sources, token.workspace_id)
    return SourceList(items=[shown(source) for source in found])


@get("/sources/{source_id:int}", summary="Show a source")
async def get_source(database: Database, token: Token, source_id: SourceId) -> SourceOut:
    """Return one source."""
    return shown(await database.read(source_of, token.workspace_id, source_id))


@post("/sources", summary="Make a source", opt={"scope": "admin"})
async def create_source(
    *,
    database: Database,
    token: Token,
    who: Actor,
    keys: Keys,
    credentials: Credentials,
    parts: Parts,
    data: SourceIn,
) -> SourceMade:
    """Make a source and return its credentials, which are shown this once."""
    if data.dialect not in credentials:
        raise bad("dialect", f"there is no dialect {data.dialect!r} (there are: {', '.join(sorted(credentials))})")
    kinds = credentials[data.dialect]
    for name in data.credentials:
        if name not in kinds.names:
            raise bad(f"credentials.{name}", f"{data.dialect} has {', '.join(kinds.names)}")
    check_prefix(data.settings, parts)
    source, secrets = await database.write(_create, who, token.workspace_id, data, kinds, clock.now())
    await keys.refresh()
    return SourceMade(source=shown(source), credentials=secrets)


@patch("/sources/{source_id:int}", summary="Change a source", opt={"scope": "admin"})
async def change_source(
    *, database: Database, token: Token, who: Actor, keys: Keys, parts: Parts, source_id: SourceId, data: SourceChange
) -> SourceOut:
    """Switch a source on or off, rename it, or change some of its settings; in force when this is answered."""
    if data.settings is not UNSET:
        check_prefix(data.settings, parts)
    changed = await database.write(_change, who, token.workspace_id, source_id, data)
    await keys.refresh()
    return shown(changed)


@get("/sources/{source_id:int}/keys", summary="List the keys of a source", opt={"scope": "admin"})
async def list_keys(database: Database, token: Token, source_id: SourceId) -> KeyList:
    """Return which keys a source has, by their last characters."""
    return KeyList(items=await database.read(_keys, token.workspace_id, source_id))


@post("/sources/{source_id:int}/keys", summary="Add a key to a source", opt={"scope": "admin"})
async def create_key(
    *,
    database: Database,
    token: Token,
    who: Actor,
    keys: Keys,
    credentials: Credentials,
    source_id: SourceId,
    data: KeyIn,
) -> KeyMade:
    """Add a key, for rotation without a gap; its secret is shown this once."""
    made = await database.write(_add_key, who, token.workspace_id, source_id, data, credentials)
    await keys.refresh()
    return made


@delete("/sources/{source_id:int}/keys/{key_id:int}", summary="Revoke a key", opt={"scope": "admin"})
async def revoke_key(
    *, database: Database, token: Token, who: Actor, keys: Keys, source_id: SourceId, key_id: KeyId
) -> None:
    """Make a key useless; in force when this is answered."""
    await database.write(_revoke_key, who, token.workspace_id, source_id, key_id)
    await keys.refresh()


@get("/tokens", summary="List tokens", opt={"scope": "admin"})
async def list_tokens(database: Database, token: Token) -> TokenList:
    """Return the bearer tokens of the workspace, by their last characters."""
    rows = await database.read(store.list_tokens, token.workspace_id)
    return TokenList(items=[_token(row) for row in rows])


@post("/tokens", summary="Make a token", opt={"scope": "admin"})
async def create_token(database: Database, token: Token, who: Actor, keys: Keys, data: TokenIn) -> TokenMade:
    """Make a bearer token for this workspace; its secret is shown this once."""
    scopes = tuple(dict.fromkeys(data.scopes))
    made, secret = await database.write(deeds.create_token, who, token.workspace_id, data.name, scopes, clock.now())
    await keys.refresh()
    row = msgspec.structs.asdict(made) | {"hint": service.hint(secret)}
    return TokenMade(token=_token(row), secret=secret)


@delete("/tokens/{token_id:int}", summary="Revoke a token", opt={"scope": "admin"})
async def revoke_token(database: Database, token: Token, who: Actor, keys: Keys, token_id: TokenId) -> None:
    """Make a token useless; in force when this is answered."""
    await database.write(_revoke_token, who, token.workspace_id, token_id)
    await keys.refresh()


ROUTES = (
    list_sources,
    get_source,
    create_source,
    change_source,
    list_keys,
    create_key,
    revoke_key,
    list_tokens,
    create_token,
    revoke_token,
)


def shown(source: Source) -> SourceOut:
    """Return a source as the API shows it."""
    members: dict[str, Any] = msgspec.structs.asdict(source)
    members["settings"] = Settings(**msgspec.structs.asdict(source.settings))
    del members["workspace_id"]
    return SourceOut(**members)


def _create(
    tx: Tx, who: Actor, workspace_id: int, data: SourceIn, kinds: Kinds, now: int
) -> tuple[Source, dict[str, str]]:
    brand = None if data.brand is UNSET else data.brand
    if not store.list_brands(tx, workspace_id):
        raise bad("brand", "this workspace has no brand yet (tidings brand create)")
    if brand is not None and store.brand_id(tx, workspace_id, brand) is None:
        raise bad("brand", f"there is no brand {brand!r} in this workspace")
    draft = Source(
        id=0,
        workspace_id=workspace_id,
        brand_id=0,
        brand_currency="",
        dialect=data.dialect,
        name=data.dialect if data.name is UNSET else data.name,
        trust=data.trust,
        enabled=True,
        settings=_merged(SourceSettings(), data.settings),
    )
    pinned: Mapping[str, str | None] = {name: data.credentials.get(name) for name in kinds.names}
    return deeds.create_source(tx, who, draft, brand, pinned, now, kinds)


def _change(tx: Tx, who: Actor, workspace_id: int, source_id: int, data: SourceChange) -> Source:
    present = source_of(tx, workspace_id, source_id)
    enabled = None if data.enabled is UNSET else data.enabled
    settings = None if data.settings is UNSET else _merged(present.settings, data.settings)
    now = clock.now()
    if data.name is not UNSET:
        deeds.rename_source(tx, who, workspace_id, source_id, data.name, now)
    return deeds.change_source(tx, who, workspace_id, source_id, enabled=enabled, settings=settings, now=now)


def _merged(present: SourceSettings, changes: SettingsIn) -> SourceSettings:
    given = {name: value for name, value in msgspec.structs.asdict(changes).items() if value is not UNSET}
    return msgspec.structs.replace(present, **given)


def _keys(tx: Tx, workspace_id: int, source_id: int) -> list[KeyOut]:
    source_of(tx, workspace_id, source_id)
    return [_key(row) for row in store.list_credentials(tx, workspace_id, source_id)]


def _add_key(tx: Tx, who: Actor, workspace_id: int, source_id: int, data: KeyIn, credentials: Credentials) -> KeyMade:
    source = source_of(tx, workspace_id, source_id)
    kinds = credentials[source.dialect]
    name = kinds.usual if data.name is UNSET else data.name
    if name not in kinds.names:
        raise bad("name", f"{source.dialect} has {', '.join(kinds.names)}")
    value = None if data.value is UNSET else data.value
    secret = deeds.add_credential(tx, who, source, name, value, clock.now(), kinds)
    newest = store.list_credentials(tx, workspace_id, source_id)[-1]
    return KeyMade(key=_key(newest), secret=secret)


def _revoke_key(tx: Tx, who: Actor, workspace_id: int, source_id: int, key_id: int) -> None:
    source_of(tx, workspace_id, source_id)
    try:
        deeds.revoke_credential(tx, who, workspace_id, source_id, key_id, clock.now())
    except service.Invalid as error:
        raise NotFoundException(str(error)) from None


def _revoke_token(tx: Tx, who: Actor, workspace_id: int, token_id: int) -> None:
    try:
        deeds.revoke_token(tx, who, workspace_id, token_id, clock.now())
    except service.Invalid as error:
        raise NotFoundException(str(error)) from None


def _key(row: dict[str, Any]) -> KeyOut:
    return KeyOut(id=row["id"], name=row["name"], hint=row["hint"], created=iso(row["created_at"]))


def _token(row: dict[str, Any]) -> TokenOut:
    return TokenOut(
        id=row["id"], name=row["name"], hint=row["hint"], scopes=list(row["scopes"]), created=iso(row["created_at"])
    )
