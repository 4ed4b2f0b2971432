"""Sources and tokens by their secrets, in memory, refreshed within a second of any change by any process."""

from collections.abc import Iterable

import msgspec

from tidings.db import Database, Tx
from tidings.kit.crypto import fingerprint
from tidings.kit.signing import Signer
from tidings.tenants import store, vocabulary_store
from tidings.tenants.model import Declared, Source, Token

REFRESH_SECONDS = 0.6
SEEN = 10_000  # secrets whose hash is remembered


class Keys:
    """The table that the hot path looks into.

    Args:
        database: Where the truth is.
        signer: Signs what dialects hand out.
    """

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self.signer = signer
        self._revision = -1
        self._loaded = Loaded()
        self._fingerprints: dict[str, str] = {}

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return the source of ``dialect`` whose ``credential`` has this secret, enabled or not."""
        return self._loaded.by_key.get((dialect, credential, self._fingerprint(secret)))

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return all present values of a readable credential of a source, oldest first."""
        return self._loaded.values.get((source.id, credential), ())

    def only(self, dialect: str) -> Source | None:
        """Return the only enabled source of a dialect, None if there are none or several."""
        return self._loaded.only.get(dialect)

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        """Return the sources of a dialect in the brand of this key, enabled or not; None if there is no such brand."""
        if key not in self._loaded.brands:
            return None
        return self._loaded.by_brand.get((dialect, key), ())

    def marks(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return the hashes of all present values of a credential of a source, oldest first."""
        return self._loaded.marks.get((source.id, credential), ())

    def declared(self, source: Source, kind: str, subtype: str) -> Declared | None:
        """Return what is declared of a type of events; a subtype that is not declared itself is what its type is."""
        known = self._loaded.declared
        exact = known.get((source.workspace_id, kind, subtype))
        return exact or known.get((source.workspace_id, kind, ""))

    def below(self, prefix: str) -> Source | None:
        """Return the source that has this prefix, enabled or not."""
        return self._loaded.by_prefix.get(prefix)

    def token(self, secret: str) -> Token | None:
        """Return the token of the own API that has this secret."""
        return self._loaded.tokens.get(fingerprint(secret))

    def source(self, source_id: int) -> Source | None:
        """Return a source by its number."""
        return self._loaded.sources.get(source_id)

    def refresh_now(self) -> None:
        """Read what has changed since the last call."""
        self._take(self._database.read_now(load, self._revision))

    async def refresh(self) -> None:
        """Read what has changed since the last call, off the event loop."""
        self._take(await self._database.read(load, self._revision))

    def _take(self, loaded: "Loaded | None") -> None:
        if loaded is not None:
            self._loaded = loaded
            self._revision = loaded.revision

    def _fingerprint(self, secret: str) -> str:
        # Looking up the SHA-256 instead of comparing secrets leaves nothing to time.
        known = self._fingerprints.get(secret)
        if known is None:
            known = fingerprint(secret)
            if len(secret) <= 200:
                if len(self._fingerprints) >= SEEN:
                    self._fingerprints.clear()
                self._fingerprints[secret] = known
        return known


class Loaded(msgspec.Struct, kw_only=True):
    """All sources and tokens, by what they are looked up by.

    Args:
        revision: Of which state.
        sources: By id.
        by_key: By dialect, name of the credential, and hash of its value.
        values: Of readable credentials, by id of the source and name of the credential.
        marks: Hashes of the values of credentials, by id of the source and name of the credential.
        declared: By workspace, type and subtype.
        only: By dialect, where it has one enabled source only.
        brands: Keys of all brands.
        by_brand: By dialect and brand key.
        by_prefix: By prefix, those that have one.
        tokens: By hash.
    """

    revision: int = -1
    sources: dict[int, Source] = {}
    by_key: dict[tuple[str, str, str], Source] = {}
    values: dict[tuple[int, str], tuple[str, ...]] = {}
    marks: dict[tuple[int, str], tuple[str, ...]] = {}
    declared: dict[tuple[int, str, str], Declared] = {}
    only: dict[str, Source] = {}
    brands: set[str] = set()
    by_brand: dict[tuple[str, str], tuple[Source, ...]] = {}
    by_prefix: dict[str, Source] = {}
    tokens: dict[str, Token] = {}


def load(tx: Tx, known: int) -> Loaded | None:
    """Return all sources and tokens if the revision is another than ``known``."""
    revision = store.revision(tx)
    if revision == known:
        return None
    sources = store.load_sources(tx)
    brand_keys = store.load_brand_keys(tx)
    loaded = Loaded(
        revision=revision, sources=sources, brands=set(brand_keys.values()), tokens=dict(store.load_tokens(tx))
    )
    for dialect, name, mark, source_id, value in store.load_credentials(tx):
        loaded.by_key[dialect, name, mark] = sources[source_id]
        loaded.marks[source_id, name] = (*loaded.marks.get((source_id, name), ()), mark)
        if value is not None:
            loaded.values[source_id, name] = (*loaded.values.get((source_id, name), ()), value)
    for kind in vocabulary_store.load_declared(tx):
        loaded.declared[kind.workspace_id, kind.type, kind.subtype] = kind
    loaded.only = only_ones(sources.values())
    for source in sources.values():
        place = (source.dialect, brand_keys[source.brand_id])
        loaded.by_brand[place] = (*loaded.by_brand.get(place, ()), source)
        if source.settings.prefix:
            loaded.by_prefix.setdefault(source.settings.prefix, source)
    return loaded


def only_ones(sources: Iterable[Source]) -> dict[str, Source]:
    """Return the source of each dialect that has one enabled source only."""
    found: dict[str, list[Source]] = {}
    for source in sources:
        if source.enabled:
            found.setdefault(source.dialect, []).append(source)
    return {dialect: enabled[0] for dialect, enabled in found.items() if len(enabled) == 1}
