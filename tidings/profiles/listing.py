"""Customers in a list: the newest ones, or those that somebody searches for."""

from decimal import Decimal

import msgspec

from tidings.db import Tx
from tidings.kit import email as emails
from tidings.kit import phone as phones
from tidings.profiles import service, store
from tidings.profiles.model import Identifier
from tidings.tenants import store as tenants
from tidings.tenants.paging import Page, cursor_of

SEARCHED = 1_000  # the first matches of a search, which its pages are cut from
IDENTIFIERS = 10  # of a profile in a list
LARGEST = 2**53 - 1  # of an id
LONGEST_NUMBER = 40  # characters of what is looked at as a phone number
_SIGNS = set("0123456789+()-./ \N{NO-BREAK SPACE}")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Brief(msgspec.Struct, kw_only=True):
    """A customer in a list.

    Args:
        id: Number of the profile that survives.
        name: The trait name, else first and last name.
        identifiers: The first ten, anonymous ids last.
        lifetime_value: Exact sum by currency, as decimal text.
        event_count: Events, with those of profiles merged into it.
        first_seen: UTC milliseconds.
        last_seen: UTC milliseconds, None if never active.
    """

    id: int
    name: str | None
    identifiers: list[Identifier]
    lifetime_value: dict[str, str]
    event_count: int
    first_seen: int
    last_seen: int | None


def listed(tx: Tx, workspace_id: int, search: str | None, page: Page) -> tuple[list[Brief], str | None]:
    """Return a page of customers and the cursor of the next.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        search: Beginning of an identifier or a name, a whole address or number in any form, a profile's number; None
            lists the newest.
        page: Which part of the list.

    Raises:
        ValidationException: The cursor is none of this list.
    """
    if search is None:
        key = page.key("profiles", 1)
        ids = store.list_profiles(tx, workspace_id, key[0] if key else None, page.limit + 1)
        following = cursor_of("profiles", ids[page.limit - 1]) if len(ids) > page.limit else None
        return briefs(tx, workspace_id, ids[: page.limit]), following
    key = page.key("search", 1)
    offset = max(0, key[0]) if key else 0
    # Always the same number is searched for: with another one the order of what is found would change.
    ids = found(tx, workspace_id, search)
    upto = offset + page.limit
    following = cursor_of("search", upto) if len(ids) > upto else None
    return briefs(tx, workspace_id, ids[offset:upto]), following


def found(tx: Tx, workspace_id: int, text: str) -> list[int]:
    """Return the profiles that a search finds: what it names wholly first, then what begins so."""
    text = text.strip()
    if not text:
        return []
    exact = [Identifier("user_id", text)]
    if address := emails.normalise(text):
        exact.append(Identifier("email", address))
    exact += [Identifier("phone", number) for number in _numbers(tx, workspace_id, text)]
    roots = [store.root_by(tx, workspace_id, *identifier) for identifier in exact]
    if text.isascii() and text.isdigit() and int(text) <= LARGEST:
        roots.append(store.root_of(tx, workspace_id, int(text)))
    first = dict.fromkeys(root for root in roots if root is not None)
    return list(first | dict.fromkeys(store.search(tx, workspace_id, text, SEARCHED)))[:SEARCHED]


def briefs(tx: Tx, workspace_id: int, roots: list[int]) -> list[Brief]:
    """Return some customers as a list shows them.

    Args:
        tx: The transaction.
        workspace_id: The wall.
        roots: Profiles that are not part of another, in the order of the list.
    """
    if not roots:
        return []
    figures = {row["root_id"]: row for row in store.brief_figures(tx, workspace_id, roots)}
    names = _by_root(store.brief_names(tx, workspace_id, roots))
    known = _by_root(store.brief_identifiers(tx, workspace_id, roots, IDENTIFIERS))
    values = _by_root(store.brief_values(tx, workspace_id, roots))
    return [
        Brief(
            id=root,
            name=name_of(service.newest(names.get(root, []))),
            identifiers=[Identifier(row["kind"], row["value"]) for row in known.get(root, [])],
            lifetime_value=service.total(values.get(root, [])),
            event_count=int(figures[root]["event_count"]),
            first_seen=figures[root]["first_seen"],
            last_seen=figures[root]["last_seen"],
        )
        for root in roots
    ]


def name_of(traits: dict[str, store.Row]) -> str | None:
    """Return what a customer is called: the trait name, else first and last name."""
    present = {name: _decode(row["value"]) for name, row in traits.items() if row["value"] is not None}
    return service.called(present)


def _numbers(tx: Tx, workspace_id: int, text: str) -> list[str]:
    """Return what may be meant as a phone number, by the countries of the workspace's sources."""
    if len(text) > LONGEST_NUMBER or not _SIGNS.issuperset(text) or sum(sign.isdigit() for sign in text) < 6:
        return []
    countries = {source.settings.country for source in tenants.list_sources(tx, workspace_id)} - {None}
    forms = [(text, None), (f"+{text}", None), *[(text, country) for country in sorted(map(str, countries))]]
    return list(dict.fromkeys(number for form in forms if (number := phones.normalise(*form))))


def _by_root(rows: list[store.Row]) -> dict[int, list[store.Row]]:
    sorted_: dict[int, list[store.Row]] = {}
    for row in rows:
        sorted_.setdefault(row["root_id"], []).append(row)
    return sorted_
