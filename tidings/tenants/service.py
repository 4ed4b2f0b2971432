"""Transaction scripts of the tenants room: what the command line and the API call."""

from collections.abc import Mapping

from tidings.db import Tx
from tidings.kit import crypto
from tidings.tenants import store
from tidings.tenants.model import Kinds, Scope, Source, SourceSettings, Token

WORKSPACE = "default"
BRAND = "main"
CURRENCY = "USD"
SECRETS = Kinds()  # nothing but secrets of which a hash is kept
LONGEST_LABEL = 63  # RFC 1035
LONGEST_SECRET = 1_000  # a shop's own token may be a signed one
NUMBER_DIGITS = 15  # what every reader of JSON keeps exact


class Invalid(Exception):  # noqa: N818
    """What was asked for cannot be; the text says why and what to do.

    Args:
        text: Why, and what to do.
        field: What of it is wrong, by the name that it has as an argument; "" where it is all or unknown.
    """

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def first_workspace(tx: Tx, now: int) -> int:
    """Return the id of the workspace that a new installation begins with, made on first use."""
    found = store.workspace_id(tx, WORKSPACE)
    if found is not None:
        return found
    made = store.add_workspace(tx, WORKSPACE, "UTC", now)
    store.add_brand(tx, made, BRAND, "Main", CURRENCY, now)
    return made


def create_workspace(tx: Tx, name: str, time_zone: str, now: int) -> int:
    """Make a workspace.

    Raises:
        Invalid: The name is taken.
    """
    if store.workspace_id(tx, name) is not None:
        raise Invalid(f"there is a workspace {name!r} already")
    return store.add_workspace(tx, name, time_zone, now)


def create_brand(tx: Tx, workspace_id: int, key: str, name: str, currency: str, now: int) -> int:
    """Make a brand.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        key: First label of the hosts that name this brand; lower case, unique in the installation.
        name: What people call it.
        currency: ISO 4217.
        now: UTC milliseconds.

    Raises:
        Invalid: The key is taken or not a host label.
    """
    if not is_label(key):
        raise Invalid(f"brand key {key!r}: use lower-case letters, digits and '-'")
    if store.brand_exists(tx, key):
        raise Invalid(f"brand key {key!r} is taken: keys are unique in the installation")
    made = store.add_brand(tx, workspace_id, key, name, currency.upper(), now)
    store.raise_revision(tx)  # a host's first label names it from now on
    return made


def create_source(
    tx: Tx, draft: Source, brand: str | None, credentials: Mapping[str, str | None], now: int, kinds: Kinds = SECRETS
) -> tuple[Source, dict[str, str]]:
    """Make a source with its credentials.

    Args:
        tx: The transaction.
        draft: The source; ``id``, ``brand_id`` and ``brand_currency`` are filled in.
        brand: Key of its brand; None takes the workspace's first.
        credentials: Names of the dialect's credentials; a value pins one, None makes one.
        now: UTC milliseconds.
        kinds: What these credentials are.

    Returns:
        The source, and its secrets, to be shown once.

    Raises:
        Invalid: The brand is unknown, the name, the prefix or a pinned credential is taken.
    """
    brands = store.list_brands(tx, draft.workspace_id)
    chosen = [b for b in brands if brand is None or b["key"] == brand]
    if not chosen:
        known = ", ".join(b["key"] for b in brands) or "none yet"
        wanted = "no brand yet" if brand is None else f"no brand {brand!r}"
        raise Invalid(f"{wanted} in this workspace (there are: {known}; 'tidings brand create' makes one)", "brand")
    check_name(tx, draft.workspace_id, 0, draft.name)
    source = _with(draft, 0, chosen[0]["id"], chosen[0]["currency"])
    check_prefix(tx, 0, source.settings)
    source = _with(source, store.add_source(tx, source, now), source.brand_id, source.brand_currency)
    secrets = {name: add_credential(tx, source, name, value, now, kinds) for name, value in credentials.items()}
    store.raise_revision(tx)
    return source, secrets


def add_credential(tx: Tx, source: Source, name: str, value: str | None, now: int, kinds: Kinds = SECRETS) -> str:
    """Add a credential to a source and return the secret, to be shown once.

    Args:
        tx: The transaction.
        source: Whose it is.
        name: Name of the credential.
        value: Pins it; None makes one.
        now: UTC milliseconds.
        kinds: What the credentials of the dialect are.

    Raises:
        Invalid: The value is empty or no host label where it must be one, or another source has it.
    """
    named = name in kinds.labels
    if value is None and name in kinds.public:
        secret = free_id(tx, source, name)
    elif value is None and name in kinds.numbers:
        secret = free_number(tx, source, name)
    elif value is None:
        secret = free_label(tx, source, name) if named else crypto.secret()
    else:
        secret = value.strip().lower() if named else value.strip()
    if not secret or len(secret) > LONGEST_SECRET:
        raise Invalid(f"{name} must have 1 to {LONGEST_SECRET} characters", name)
    if named and not is_label(secret):
        raise Invalid(f"{name} {secret!r}: use letters, digits and '-', as in the first part of a host's name", name)
    if name in kinds.numbers and not is_number(secret):
        text = f"{name} {secret!r}: use digits without a leading zero, at most {NUMBER_DIGITS} of them"
        raise Invalid(text, name)
    fingerprint = crypto.fingerprint(secret)
    if store.credential_taken(tx, source.dialect, name, fingerprint):
        raise Invalid(f"another source has this {name} already: a key names one source", name)
    kept = secret if name in kinds.readable else None
    shown = secret if name in kinds.shown else hint(secret)
    store.add_credential(tx, source, name, fingerprint, shown, now, kept)
    store.raise_revision(tx)
    return secret


def free_label(tx: Tx, source: Source, name: str) -> str:
    """Return a label for a source: its brand's key, else its own name as one, else a random one."""
    brands = store.list_brands(tx, source.workspace_id)
    key = next((brand["key"] for brand in brands if brand["id"] == source.brand_id), "")
    own = "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in source.name.lower()).split())
    for label in (key, own[:LONGEST_LABEL].strip("-")):
        if is_label(label) and not store.credential_taken(tx, source.dialect, name, crypto.fingerprint(label)):
            return label
    return crypto.secret(12).lower()


def free_id(tx: Tx, source: Source, name: str) -> str:
    """Return an id that no source of the dialect has, like ``KQM2XV``."""
    while True:
        made = crypto.public_id()
        if not store.credential_taken(tx, source.dialect, name, crypto.fingerprint(made)):
            return made


def free_number(tx: Tx, source: Source, name: str) -> str:
    """Return the number that follows the largest one of the dialect."""
    return str(max(map(int, store.list_shown(tx, source.dialect, name)), default=0) + 1)


def is_number(text: str) -> bool:
    """Tell whether a text can be the number of a shop."""
    plain = text.isascii() and text.isdecimal() and len(text) <= NUMBER_DIGITS
    return plain and text != "0" and str(int(text)) == text


def is_label(text: str) -> bool:
    """Tell whether a text can be the first part of a host's name."""
    plain = all(c.isascii() and (c.isalnum() or c == "-") for c in text)
    return plain and 0 < len(text) <= LONGEST_LABEL and text == text.lower()


def revoke_credential(tx: Tx, workspace_id: int, source_id: int, credential_id: int) -> None:
    """Make a credential useless at once.

    Raises:
        Invalid: There is none of this id.
    """
    if not store.revoke_credential(tx, workspace_id, source_id, credential_id):
        raise Invalid(f"source {source_id} has no credential {credential_id}")
    store.raise_revision(tx)


def rename_source(tx: Tx, workspace_id: int, source_id: int, name: str) -> None:
    """Call a source something else.

    Raises:
        Invalid: There is none of this id, or another one has the name.
    """
    check_name(tx, workspace_id, source_id, name)
    if not store.rename_source(tx, workspace_id, source_id, name):
        raise Invalid(f"there is no source {source_id} in this workspace")
    store.raise_revision(tx)


def change_source(
    tx: Tx, workspace_id: int, source_id: int, *, enabled: bool | None, settings: SourceSettings | None
) -> Source:
    """Switch a source on or off, or replace its settings.

    Raises:
        Invalid: There is none of this id, or another source has the prefix.
    """
    if enabled is not None:
        store.set_enabled(tx, workspace_id, source_id, enabled)
    if settings is not None:
        check_prefix(tx, source_id, settings)
        store.set_settings(tx, workspace_id, source_id, settings)
    source = store.get_source(tx, workspace_id, source_id)
    if source is None:
        raise Invalid(f"there is no source {source_id} in this workspace")
    store.raise_revision(tx)
    return source


def check_name(tx: Tx, workspace_id: int, source_id: int, name: str) -> None:
    """Raise where another source of the workspace has the name.

    Raises:
        Invalid: It is taken.
    """
    if any(source.name == name and source.id != source_id for source in store.list_sources(tx, workspace_id)):
        raise Invalid(f"there is a source {name!r} already: choose another name", "name")


def check_prefix(tx: Tx, source_id: int, settings: SourceSettings) -> None:
    """Raise where another source has the prefix; `tidings.tenants.rules.prefix_fault` says what can be one at all.

    Raises:
        Invalid: It is taken.
    """
    if settings.prefix and store.prefix_taken(tx, settings.prefix, source_id):
        text = f"another source has the prefix {settings.prefix!r}: prefixes are unique in the installation"
        raise Invalid(text, "prefix")


def create_token(tx: Tx, workspace_id: int, name: str, scopes: tuple[Scope, ...], now: int) -> tuple[Token, str]:
    """Make a bearer token of the own API; the secret is shown once."""
    secret = "tid_" + crypto.secret()
    draft = Token(id=0, workspace_id=workspace_id, name=name, scopes=scopes, created_at=now)
    made = store.add_token(tx, draft, crypto.fingerprint(secret), hint(secret))
    store.raise_revision(tx)
    return Token(id=made, workspace_id=workspace_id, name=name, scopes=scopes, created_at=now), secret


def revoke_token(tx: Tx, workspace_id: int, token_id: int) -> None:
    """Make a token useless at once.

    Raises:
        Invalid: There is none of this id.
    """
    if not store.revoke_token(tx, workspace_id, token_id):
        raise Invalid(f"there is no token {token_id} in this workspace")
    store.raise_revision(tx)


def hint(secret: str) -> str:
    """Return as much of a secret as tells it from another without giving it away."""
    return "…" + secret[-4:] if len(secret) >= 12 else "…"


def _with(source: Source, source_id: int, brand_id: int, brand_currency: str) -> Source:
    return Source(
        id=source_id,
        workspace_id=source.workspace_id,
        brand_id=brand_id,
        brand_currency=brand_currency,
        dialect=source.dialect,
        name=source.name,
        trust=source.trust,
        enabled=source.enabled,
        settings=source.settings,
    )
