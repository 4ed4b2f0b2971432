"""What is known of the consent that some events speak of, and what they change of it: pure until it is written."""

from collections.abc import Mapping, Sequence

import msgspec

from tidings.consent import own, rules
from tidings.consent.model import (
    EXPLICIT,
    NAMED,
    Act,
    Claim,
    ConsentSettings,
    Effect,
    Entry,
    Kind,
    Order,
    Preference,
    Said,
    SignUp,
    Stage,
    Standing,
    State,
    Suppression,
)
from tidings.events.reports import Channel
from tidings.profiles.model import Identifier

Place = tuple[int, Channel, str]  # workspace, channel, address
Person = tuple[int, int, Channel]  # workspace, profile, channel
_NAMING = ("email", "phone", "user_id", "external", "anonymous_id")
_REASONS: dict[tuple[Kind, bool], str] = {
    ("unsubscribed", True): "Recipient unsubscribed",
    ("unsubscribed", False): "Customer re-subscribed",
    ("deleted", True): "Customer deleted",
    ("deleted", False): "Customer is there again",
    ("pending_opt_in", True): "Waiting for confirmation",
    ("pending_opt_in", False): "No longer waiting for confirmation",
}


class Known(msgspec.Struct, kw_only=True):
    """What is stored.

    Args:
        settings: Of each workspace.
        roots: Of each profile that is spoken of, by workspace and profile: the one that it is part of.
        preferences: Of all profiles of those clusters.
        names: Identifiers of those clusters, by root, where they may be needed.
        suppressions: Of all addresses that are spoken of, each with what its digest says.
        opt_ins: The pending ones of those addresses.
    """

    settings: Mapping[int, ConsentSettings]
    roots: Mapping[tuple[int, int], int] = {}
    preferences: Sequence[tuple[int, Preference]] = ()
    names: Mapping[int, Sequence[Identifier]] = {}
    suppressions: Sequence[Suppression] = ()
    opt_ins: Sequence[SignUp] = ()


class Book:
    """Takes what is said, in the order of arrival; the order of happening decides.

    Args:
        known: What is stored.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._mine: dict[Person, Preference] = {}  # of a profile by itself
        self._latest: dict[Person, Preference] = {}  # of a root, with all that were merged into it
        for root, row in known.preferences:
            self._mine[row.workspace_id, row.profile_id, row.channel] = row
            place = (row.workspace_id, root, row.channel)
            if place not in self._latest or row.order > self._latest[place].order:
                self._latest[place] = row
        self._suppressions: dict[Place, dict[Kind, Suppression]] = {}
        for one in known.suppressions:
            self._suppressions.setdefault((one.workspace_id, one.channel, one.address), {})[one.type] = one
        self._open: dict[Place, SignUp] = {(one.workspace_id, one.channel, one.address): one for one in known.opt_ins}
        self.preferences: dict[Person, Preference] = {}
        self.suppressions: dict[tuple[Place, Kind], Suppression] = {}
        self.opened: dict[Place, SignUp] = {}
        self.changed: dict[int, SignUp] = {}
        self.history: list[Entry] = []
        self.own: list[own.Own] = []

    def hear(self, said: Said) -> None:
        """Take what one event says."""
        settings = self._known.settings[said.workspace_id]
        for claim in rules.claims(said, settings, self._addresses(said)):
            # A browser may take somebody off a list, and nothing more: "deleted" stops order confirmations, too.
            if claim.deleted is not None and said.server and claim.address:
                self.suppress(said, claim, "deleted", add=claim.deleted)
            if claim.wish == "unsubscribe":
                if claim.address:
                    self.suppress(said, claim, "unsubscribed", add=True, note=True)
                    self._close(said, claim, "withdrawn")
                self._prefer(said, claim, "no", "unsubscribe")
            elif claim.wish == "no":
                self._prefer(said, claim, "no", "no")
            elif claim.wish is not None:
                self._agree(said, claim, settings)

    def suppress(self, said: Said, claim: Claim, kind: Kind, *, add: bool, note: bool = False) -> bool:
        """Add or lift a suppression, and tell whether it holds otherwise than before.

        Args:
            said: What caused it.
            claim: About which address.
            kind: Its type.
            add: Whether to add it, or to lift it.
            note: Whether it stands in the history, too, if that changes nothing.
        """
        place = (said.workspace_id, claim.channel, claim.address)
        rows = self._suppressions.setdefault(place, {})
        before = rows.get(kind) or Suppression(
            workspace_id=said.workspace_id, channel=claim.channel, address=claim.address, type=kind
        )
        reason = claim.reason or _REASONS.get((kind, add), "Added" if add else "Lifted")
        claim = msgspec.structs.replace(claim, reason=reason)
        after = rules.moved(before, said.order, claim, said.event_id, add=add)
        if after is not before:
            rows[kind] = self.suppressions[place, kind] = after
        if after.active != before.active:
            self._note(said, claim, kind, "added" if add else "lifted", "made")
            told = own.suppression(said, claim.channel, claim.address, kind, claim.ip, reason, add=add)
            self.own.append(told)
            return True
        same = before.added if add else before.lifted
        if note and said.order != same:
            last = rules.newest(before.added, before.lifted)
            late = last is not None and said.order < last
            self._note(said, claim, kind, "added" if add else "lifted", "late" if late else "same")
        return False

    def confirm(self, said: Said, opt_in: SignUp) -> None:
        """Take the confirmation of a sign-up.

        Args:
            said: When, by which customer; without statements.
            opt_in: Confirmed from where; it is pending no more.
        """
        claim = Claim(
            channel=opt_in.channel,
            address=opt_in.address,
            ip=opt_in.closed_ip,
            form=opt_in.form,
            reason="Confirmed by the customer",
        )
        self._open.pop((said.workspace_id, opt_in.channel, opt_in.address), None)
        self._note(said, claim, "opt_in", "confirmed", "made")
        self.suppress(said, claim, "pending_opt_in", add=False)
        self.suppress(said, claim, "unsubscribed", add=False)
        self._prefer(said, claim, "yes", "confirm", opt_in)

    def newest(self, workspace_id: int, channel: Channel, address: str) -> int:
        """Return the time of the newest that is known of an address, and of all customers that are spoken of."""
        rows = self._suppressions.get((workspace_id, channel, address), {}).values()
        orders = [order for one in rows for order in (one.added, one.lifted)]
        orders += [one.order for one in self._latest.values()]
        found = rules.newest(*orders)
        return 0 if found is None else found.time

    def _agree(self, said: Said, claim: Claim, settings: ConsentSettings) -> None:
        assert claim.wish is not None
        present = self._present(said, claim.channel)
        standing = Standing(
            state=present.state if present else "unknown",
            settled=present is not None and present.state == "yes" and present.address in ("", claim.address),
            unsubscribed=self._holds(said, claim, "unsubscribed"),
            pending=self._holds(said, claim, "pending_opt_in"),
            address=bool(claim.address),
        )
        verdict = rules.judge(claim.wish, claim.confirm, settings, standing, server=said.server)
        act: Act = "subscribe" if claim.wish == "subscribe" else "yes"
        if verdict == "ask":
            self._ask(said, claim, present)
        elif verdict == "hold":
            if act == "subscribe":
                self._note(said, claim, "preference", "yes", "held")
        else:
            if act == "subscribe" and said.server and claim.address:
                self.suppress(said, claim, "unsubscribed", add=False)
                if standing.pending:
                    self._close(said, claim, "replaced")
            self._prefer(said, claim, "yes", act)

    def _ask(self, said: Said, claim: Claim, present: Preference | None) -> None:
        """Open a sign-up that is to be confirmed, or renew it; one that comes late changes nothing."""
        place = (said.workspace_id, claim.channel, claim.address)
        rows = self._suppressions.get(place, {}).values()
        orders = [o for one in rows if one.type in ("unsubscribed", "pending_opt_in") for o in (one.added, one.lifted)]
        if present is not None and (present.act in EXPLICIT or present.state == "yes"):
            orders.append(present.order)
        last = rules.newest(*orders)
        if last is not None and said.order <= last:
            if said.order < last:
                self._note(said, claim, "opt_in", "pending", "late")
            return
        before = self._open.get(place)
        if before is not None and said.received - before.asked_at > rules.LINK_LASTS:
            self._keep(msgspec.structs.replace(before, stage="expired", closed_at=said.time))
            self._note(said, claim, "opt_in", "expired", "made")
            before = None
        asked = SignUp(
            id=before.id if before else 0,
            workspace_id=said.workspace_id,
            channel=claim.channel,
            address=claim.address,
            profile_id=said.profile or (before.profile_id if before else 0),
            time=said.time,
            message_id=said.message_id,
            source_id=said.source_id,
            event_id=said.event_id,
            asked_at=said.received,
            ip=claim.ip,
            form=claim.form,
        )
        self._keep(asked)
        self._note(said, claim, "opt_in", "pending", "made")
        self.suppress(said, claim, "pending_opt_in", add=True)

    def _close(self, said: Said, claim: Claim, stage: Stage) -> None:
        """End a sign-up that is older."""
        place = (said.workspace_id, claim.channel, claim.address)
        before = self._open.get(place)
        if before is not None and said.order > before.order:
            self._keep(msgspec.structs.replace(before, stage=stage, closed_at=said.time))
            self._note(said, claim, "opt_in", stage, "made")
        if self._holds(said, claim, "pending_opt_in"):
            lifting = msgspec.structs.replace(claim, reason=None)
            self.suppress(said, lifting, "pending_opt_in", add=False)

    def _keep(self, opt_in: SignUp) -> None:
        place = (opt_in.workspace_id, opt_in.channel, opt_in.address)
        if opt_in.id:
            self.changed[opt_in.id] = opt_in
        elif opt_in.stage == "pending":
            self.opened[place] = opt_in
        else:  # opened and ended by the same batch: it never had a link, and the history tells it
            del self.opened[place]
        if opt_in.stage == "pending":
            self._open[place] = opt_in
        else:
            self._open.pop(place, None)

    def _prefer(self, said: Said, claim: Claim, state: State, act: Act, opt_in: SignUp | None = None) -> None:
        """Take a preference; ``opt_in`` is the sign-up that this confirms."""
        if not said.profile or not claim.speaks:
            return
        workspace, channel, order = said.workspace_id, claim.channel, said.order
        root = self._root(said)
        mine, latest = self._mine.get((workspace, said.profile, channel)), self._latest.get((workspace, root, channel))
        if mine is not None and mine.order == order:
            return  # a repeat
        if mine is None or order > mine.order:
            row = _stated(said, claim, state, act, mine)
            self._mine[workspace, said.profile, channel] = row
            self.preferences[workspace, said.profile, channel] = row
        if latest is not None and order < latest.order:
            if act in EXPLICIT or state != latest.state:
                self._note(said, claim, "preference", state, "late")
            return
        self._latest[workspace, root, channel] = self._mine[workspace, said.profile, channel]
        elsewhere = opt_in is not None and latest is not None and latest.address not in ("", claim.address)
        if latest is None or latest.state != state or elsewhere:
            self._note(said, claim, "preference", state, "made")
            if state == "yes":
                self._tell(said, claim, opt_in)
        elif act in EXPLICIT:
            self._note(said, claim, "preference", state, "same")

    def _tell(self, said: Said, claim: Claim, opt_in: SignUp | None) -> None:
        more: dict[str, str | None] = {"signup_ip": claim.ip}
        if opt_in is not None:
            more = {
                "timestamp": own.moment(opt_in.time),
                "signup_ip": opt_in.ip,
                "optin_ip": opt_in.closed_ip,
                "optin_timestamp": own.moment(said.time),
            }
        told = own.subscribed(said, claim.channel, self._name(said, claim), claim.address, **more)
        if told is not None:
            self.own.append(told)

    def _name(self, said: Said, claim: Claim) -> Identifier | None:
        """Return what names the customer: the address itself, the event's own, or what was known before."""
        if claim.address:
            return Identifier(NAMED[claim.channel], claim.address)
        if said.email or said.phone:
            return Identifier("email", said.email) if said.email else Identifier("phone", said.phone or "")
        names = self._known.names.get(self._root(said), ())
        return min(names, key=_strength, default=None)

    def _addresses(self, said: Said) -> dict[Channel, list[str]]:
        names = self._known.names.get(self._root(said), ())
        return {channel: [value for kind, value in names if kind == NAMED[channel]] for channel in NAMED}

    def _root(self, said: Said) -> int:
        return self._known.roots.get((said.workspace_id, said.profile), said.profile)

    def _present(self, said: Said, channel: Channel) -> Preference | None:
        return self._latest.get((said.workspace_id, self._root(said), channel)) if said.profile else None

    def _holds(self, said: Said, claim: Claim, kind: Kind) -> bool:
        found = self._suppressions.get((said.workspace_id, claim.channel, claim.address), {}).get(kind)
        return found is not None and found.active

    def _note(self, said: Said, claim: Claim, subject: str, change: str, effect: Effect) -> None:
        self.history.append(
            Entry(
                workspace_id=said.workspace_id,
                profile_id=said.profile,
                channel=claim.channel,
                address=claim.address,
                subject=subject,
                change=change,
                effect=effect,
                time=said.time,
                received=said.received,
                source_id=said.source_id,
                event_id=said.event_id,
                by=said.by,
                ip=claim.ip,
                form=claim.form,
                reason=claim.reason,
            )
        )


def _strength(name: Identifier) -> tuple[int, Identifier]:
    return _NAMING.index(name.kind.partition(":")[0].partition("@")[0]), name


def _stated(said: Said, claim: Claim, state: State, act: Act, before: Preference | None) -> Preference:
    """Return the row of a preference: a record that says the same again is no better proof than the one before."""
    order: Order = said.order
    if before is not None and before.state == state and act not in EXPLICIT:
        return msgspec.structs.replace(before, time=order.time, message_id=order.message_id, source_id=order.source_id)
    return Preference(
        workspace_id=said.workspace_id,
        profile_id=said.profile,
        channel=claim.channel,
        state=state,
        time=order.time,
        message_id=order.message_id,
        source_id=order.source_id,
        address=claim.address,
        since=said.time,
        act=act,
        event_id=said.event_id,
        by_source_id=said.source_id,
        ip=claim.ip,
        form=claim.form,
        reason=claim.reason,
    )
