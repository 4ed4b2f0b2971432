"""Which route answers a path: at the root, below the name of its dialect, and below a source's own prefix."""

from collections.abc import Iterable
from typing import Protocol

from tidings.dialects.contract import Dialect, Rejected, Route, Sources
from tidings.kit.signing import Signer
from tidings.tenants.model import Declared, Source

Routes = dict[str, tuple[Dialect, Route]]  # by method
Parameters = dict[str, str]


class Owners(Sources, Protocol):
    """The sources, by their prefixes too."""

    def below(self, prefix: str) -> Source | None:
        """Return the source that has this prefix, enabled or not."""
        ...


class Paths:
    """The routes of all dialects.

    Args:
        dialects: Whose routes; the first answers where nobody else is meant.
        sources: Whose prefixes.
    """

    def __init__(self, dialects: Iterable[Dialect], sources: Owners) -> None:
        self._dialects = {dialect.name: dialect for dialect in dialects}
        self._sources = sources
        self._root = Table()
        self._below = {name: Table() for name in self._dialects}
        self._first_parts = dict(self._dialects)
        for dialect in self._dialects.values():
            for route in dialect.routes:
                self._below[dialect.name].add(route.path, dialect, route)
                self._root.add(f"/{dialect.name}{route.path}", dialect, route)
                if not route.prefixed:
                    self._root.add(route.path, dialect, route)
                    self._first_parts.setdefault(route.path.split("/")[1], dialect)
        self._exact = self._root.exact
        self.plain = self._root.plain()

    def find(self, path: str) -> tuple[Routes, Parameters, Source | None]:
        """Return the routes of a path by method, its parameters, and the source whose prefix it begins with.

        Args:
            path: Decoded, without a trailing slash.
        """
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}, None
        routes, parameters = self._root.match(path)
        if routes:
            return routes, parameters, None
        return self._find_below(path)

    def _find_below(self, path: str) -> tuple[Routes, Parameters, Source | None]:
        first, _, rest = path.removeprefix("/").partition("/")
        source = self._sources.below(first)
        table = None if source is None else self._below.get(source.dialect)
        if table is None:
            return {}, {}, None
        return *table.match("/" + rest), source

    def dialect(self, path: str, routes: Routes, source: Source | None) -> Dialect:
        """Return the dialect in which to say that there is nothing at a path, or nothing of that method.

        Args:
            path: As for `find`.
            routes: What `find` returned.
            source: What `find` returned.
        """
        if routes:
            return next(iter(routes.values()))[0]
        first = path.removeprefix("/").partition("/")[0]
        named = self._first_parts.get(first) if source is None else self._dialects.get(source.dialect)
        return named or next(iter(self._dialects.values()))


class Table:
    """Paths below one place."""

    def __init__(self) -> None:
        self.exact: dict[str, Routes] = {}
        self._patterns: list[tuple[list[str], Dialect, Route]] = []

    def add(self, path: str, dialect: Dialect, route: Route) -> None:
        """Add a route at a path, which may have ``{name}`` parts."""
        if "{" in path:
            self._patterns.append((path.split("/"), dialect, route))
        else:
            self.exact.setdefault(path, {})[route.method] = (dialect, route)

    def plain(self) -> dict[bytes, tuple[str, Dialect, Route]]:
        """Return path, dialect and route of each path without parameters that only takes a POST in, by its bytes."""
        posts = ((path, routes["POST"]) for path, routes in self.exact.items() if "POST" in routes)
        return {path.encode(): (path, *found) for path, found in posts if not found[1].access}

    def match(self, path: str) -> tuple[Routes, Parameters]:
        """Return the routes of a path by method, and its parameters."""
        exact = self.exact.get(path)
        if exact is not None:
            return exact, {}
        parts = path.split("/")
        routes: Routes = {}
        parameters: Parameters = {}
        for pattern, dialect, route in self._patterns:
            if len(pattern) != len(parts):
                continue
            pairs = list(zip(pattern, parts, strict=True))
            if all(want == have or want[:1] == "{" for want, have in pairs):
                parameters |= {want[1:-1]: have for want, have in pairs if want[:1] == "{"}
                routes.setdefault(route.method, (dialect, route))
        return routes, parameters


class Own:
    """The sources as a request sees them that came below a source's prefix: that one and no other.

    Args:
        sources: All of them.
        source: Whose prefix.
    """

    def __init__(self, sources: Sources, source: Source) -> None:
        self._sources = sources
        self._source = source

    def find(self, dialect: str, credential: str, secret: str) -> Source | None:
        """Return the source, if the secret is its own.

        Raises:
            Rejected: 401, the secret is another source's.
        """
        found = self._sources.find(dialect, credential, secret)
        if found is not None and found.id != self._source.id:
            message = f"the key belongs to another source than the prefix /{self._source.settings.prefix} of the path"
            raise Rejected(401, "another_source", message, self._source)
        return found

    def values(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return all present values of a readable credential of a source."""
        return self._sources.values(source, credential)

    def only(self, dialect: str) -> Source | None:
        """Return the source, if it is enabled and speaks this dialect."""
        return self._source if self._source.enabled and self._source.dialect == dialect else None

    def of_brand(self, dialect: str, key: str) -> tuple[Source, ...] | None:
        """Return the source, if it belongs to a brand; None if there is no such brand."""
        found = self._sources.of_brand(dialect, key)
        return None if found is None else tuple(source for source in found if source.id == self._source.id)

    def source(self, source_id: int) -> Source | None:
        """Return the source, if this is its number."""
        return self._source if self._source.id == source_id else None

    def marks(self, source: Source, credential: str) -> tuple[str, ...]:
        """Return the hashes of all present values of a credential of a source."""
        return self._sources.marks(source, credential)

    def declared(self, source: Source, kind: str, subtype: str) -> Declared | None:
        """Return what the operator has declared of a type of events."""
        return self._sources.declared(source, kind, subtype)

    @property
    def signer(self) -> Signer:
        """What signs tokens that the dialect hands out."""
        return self._sources.signer
