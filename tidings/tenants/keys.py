"""Sources and tokens by their secrets, in memory, refreshed within a second of any change by any process."""

from tidings.db import Database, Tx
from tidings.kit.crypto import fingerprint
from tidings.tenants import store
from tidings.tenants.model import Source, Token

REFRESH_SECONDS = 0.6
SEEN = 10_000  # secrets whose hash is remembered


class Keys:
    """The table that the hot path looks into.

    Args:
        database: Where the truth is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._revision = -1
        self._sources: dict[tuple[str, str, str], Source] = {}
        self._tokens: dict[str, Token] = {}
        self._fingerprints: dict[str, str] = {}

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return the source of ``dialect`` whose ``credential`` has this secret, enabled or not."""
        return self._sources.get((dialect, credential, self._fingerprint(secret)))

    def token(self, secret: str) -> Token | None:
        """Return the token of the own API that has this secret."""
        return self._tokens.get(fingerprint(secret))

    def source(self, source_id: int) -> Source | None:
        """Return a source by its number."""
        return next((source for source in self._sources.values() if source.id == source_id), None)

    def refresh_now(self) -> None:
        """Read what has changed since the last call."""
        self._take(self._database.read_now(load, self._revision))

    async def refresh(self) -> None:
        """Read what has changed since the last call, off the event loop."""
        self._take(await self._database.read(load, self._revision))

    def _take(self, loaded: "Loaded | None") -> None:
        if loaded is not None:
            self._revision, self._sources, self._tokens = loaded

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


Loaded = tuple[int, dict[tuple[str, str, str], Source], dict[str, Token]]


def load(tx: Tx, known: int) -> Loaded | None:
    """Return all sources and tokens if the revision is another than ``known``."""
    revision = store.revision(tx)
    if revision == known:
        return None
    sources = {(dialect, name, mark): source for dialect, name, mark, source in store.load_credentials(tx)}
    return revision, sources, dict(store.load_tokens(tx))
