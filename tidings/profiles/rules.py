"""Whose event is it? The identity table of docs/architecture.md, pure: no clock, no ids of its own, no I/O."""

from collections.abc import Callable

from tidings.profiles.model import Conflict, Identifier, Merge, Resolution

ANONYMOUS = "anonymous_id"


class Directory:
    """The identities that a batch of events touches, as they stand after the events so far.

    Args:
        owners: Profile that was given an identifier.
        roots: Profile that a profile is merged into; a profile that is absent is its own root.
        kinds: For a root, the identifiers of its whole cluster as (kind, value), needed only for roots that an event
            names together with something else (see ``contested``).
    """

    def __init__(self, owners: dict[Identifier, int], roots: dict[int, int], kinds: dict[int, set[Identifier]]) -> None:
        self.owners = owners
        self.roots = roots
        self.kinds = kinds
        self.changed = False

    def root(self, identifier: Identifier) -> int | None:
        """Return the root of the profile that an identifier names."""
        owner = self.owners.get(identifier)
        if owner is None:
            return None
        while (parent := self.roots.get(owner, owner)) != owner:
            owner = parent
        return owner

    def user_ids(self, root: int) -> set[Identifier]:
        """Return the user ids of a cluster, of all id spaces."""
        return {identifier for identifier in self.kinds.get(root, ()) if is_user_id(identifier)}

    def is_strong(self, root: int) -> bool:
        """Tell whether a cluster has anything but anonymous ids."""
        return any(identifier.kind != ANONYMOUS for identifier in self.kinds.get(root, ()))

    def give(self, identifier: Identifier, root: int) -> None:
        """Let an identifier name a profile from now on."""
        self.changed = self.changed or identifier in self.owners  # a new one changes nothing for those who know others
        before = self.root(identifier)
        if before is not None and before in self.kinds:
            self.kinds[before].discard(identifier)
        self.owners[identifier] = root
        self.kinds.setdefault(root, set()).add(identifier)

    def merge(self, child: int, parent: int) -> None:
        """Let a cluster become part of another."""
        self.changed = True
        self.roots[child] = parent
        self.kinds.setdefault(parent, set()).update(self.kinds.pop(child, set()))


def is_user_id(identifier: Identifier) -> bool:
    """Tell whether an identifier is a user id, of whatever id space."""
    return identifier.kind.startswith("user_id")


def contested(identifiers: list[Identifier], directory: Directory) -> bool:
    """Tell whether an event changes identities or may do so: else it simply belongs to the one root it names."""
    first = directory.root(identifiers[0])
    return first is None or any(directory.root(other) != first for other in identifiers[1:])


def resolve(
    identifiers: list[Identifier], directory: Directory, *, server: bool, new_id: Callable[[], int]
) -> Resolution:
    """Decide whose event it is and bring the directory up to date.

    Args:
        identifiers: What the event names, strongest first, without repetition.
        directory: Who is who; changed in place.
        server: Whether the source has server trust.
        new_id: Gives the id of a new profile.

    Returns:
        The profile and what changed. Implements section "Identity" of docs/architecture.md.
    """
    if not identifiers:
        return Resolution(0)
    anchor = directory.root(identifiers[0])
    if not contested(identifiers, directory):
        assert anchor is not None
        return Resolution(anchor)
    resolution = Resolution(0, joined=[], moved=[], merges=[], conflicts=[])
    if anchor is None:
        anchor = _anchor(identifiers, directory)
    if anchor is None:
        anchor = new_id()
        resolution.created = True
    for identifier in identifiers:
        other = directory.root(identifier)
        if other == anchor:
            continue
        if other is None:
            resolution.joined.append(identifier)
            directory.give(identifier, anchor)
        else:
            anchor = _meet(identifier, anchor, other, identifiers, directory, resolution, server)
    resolution.profile = anchor
    return resolution


def resolve_alias(
    user: Identifier, previous: str, directory: Directory, resolution: Resolution, *, server: bool
) -> None:
    """Let ``previous`` be another name of the customer who is ``user``.

    Args:
        user: User id of the alias call, which ``resolution`` has resolved already.
        previous: The id used so far: a user id or an anonymous id.
        directory: Who is who; changed in place.
        resolution: What the event did so far; changed in place.
        server: Whether the source has server trust.
    """
    as_user, as_anonymous = Identifier(user.kind, previous), Identifier(ANONYMOUS, previous)
    known = as_user if directory.root(as_user) is not None else as_anonymous
    anchor, other = resolution.profile, directory.root(known)
    if other is None:
        # Nobody was called so yet; later events with it arrive here. A browser may not reserve a user id.
        for identifier in (as_user, as_anonymous) if server else (as_anonymous,):
            resolution.joined.append(identifier)
            directory.give(identifier, anchor)
    elif other != anchor and (server or not directory.is_strong(other)):
        resolution.profile = _merge(known, anchor, other, directory, resolution)
    elif other != anchor:
        resolution.conflicts.append(Conflict(anchor, other, known, "browser trust does not merge"))


def _anchor(identifiers: list[Identifier], directory: Directory) -> int | None:
    """Return the root that an event with an unknown strongest identifier belongs to, if any.

    A new user id joins the profile that another identifier names, unless that one has a user id of the same space.
    """
    new_user = identifiers[0] if is_user_id(identifiers[0]) else None
    for identifier in identifiers[1:]:
        root = directory.root(identifier)
        if root is None:
            continue
        if new_user is None:
            return root
        if any(known.kind == new_user.kind for known in directory.user_ids(root)):
            continue
        return root
    return None


def _meet(
    identifier: Identifier,
    anchor: int,
    other: int,
    identifiers: list[Identifier],
    directory: Directory,
    resolution: Resolution,
    server: bool,
) -> int:
    """Settle that an event of ``anchor`` names ``other`` too; return the root of the event from here on."""
    if identifier.kind == ANONYMOUS:
        if not directory.is_strong(other):
            return _merge(identifier, anchor, other, directory, resolution)
        resolution.moved.append(identifier)  # shared device: later events with it are the anchor's
        directory.give(identifier, anchor)
        return anchor
    two_users = _two_users(anchor, other, directory)
    if not server and (two_users or directory.is_strong(anchor)):
        reason = "two user ids" if two_users else "browser trust does not merge"
        resolution.conflicts.append(Conflict(anchor, other, identifier, reason))
        return anchor
    if not two_users:
        return _merge(identifier, anchor, other, directory, resolution)
    if is_user_id(identifiers[0]) and identifier.kind in ("email", "phone"):
        resolution.moved.append(identifier)
        directory.give(identifier, anchor)
    else:
        resolution.conflicts.append(Conflict(anchor, other, identifier, "two user ids"))
    return anchor


def _two_users(one: int, other: int, directory: Directory) -> bool:
    """Tell whether two clusters have user ids of the same id space: they are two people by their shop's own word."""
    spaces = {identifier.kind for identifier in directory.user_ids(one)}
    return any(identifier.kind in spaces for identifier in directory.user_ids(other))


def _merge(cause: Identifier, one: int, other: int, directory: Directory, resolution: Resolution) -> int:
    parent, child = min(one, other), max(one, other)
    if resolution.created and child == one:
        # The event's own profile does not exist yet: it need not be made only to be merged.
        resolution.created = False
        directory.merge(child, parent)
        for identifier in [*resolution.joined, *resolution.moved]:
            directory.owners[identifier] = parent
        resolution.conflicts = [conflict._replace(profile=parent) for conflict in resolution.conflicts]
        return parent
    resolution.merges.append(Merge(child, parent, cause))
    directory.merge(child, parent)
    return parent
