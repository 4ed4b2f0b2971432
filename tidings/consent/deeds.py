"""Transaction scripts of ``service`` with their rows in the audit log: what command line, API and console call.

The audit log never names an address: forgetting does not reach in there. The room's own history does.
"""

from collections.abc import Sequence

import msgspec

from tidings.consent import own, rules, service, store
from tidings.consent.model import ConsentSettings, Said
from tidings.consent.service import Suppressing
from tidings.db import Tx
from tidings.events.reports import Statement
from tidings.kit import ids
from tidings.tenants import audit
from tidings.tenants.model import Actor
from tidings.tenants.service import Invalid


def change_settings(tx: Tx, actor: Actor, workspace_id: int, chosen: ConsentSettings, now: int) -> None:
    """Decide about consent in a workspace.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: The wall.
        chosen: All settings.
        now: UTC milliseconds.
    """
    store.set_settings(tx, workspace_id, chosen)
    audit.record(tx, actor, workspace_id, "consent.set", now, **msgspec.structs.asdict(chosen))


def state_wish(
    tx: Tx, actor: Actor, workspace_id: int, profile_id: int, statement: Statement, now: int, key: bytes
) -> None:
    """Record what a customer has told somebody of the workspace: the only way for staff to lift ``unsubscribed``.

    Args:
        tx: The transaction.
        actor: Who records it.
        workspace_id: The wall.
        profile_id: The customer.
        statement: What they wish; its reason says how they told it. ``confirm`` asks for a double opt-in.
        now: UTC milliseconds.
        key: The installation's.

    Raises:
        Invalid: There is no such customer, the address is not theirs, or it is not said how they told it.
    """
    if statement.wish is None or statement.deleted is not None:
        raise Invalid("say what the customer wishes: yes, no, subscribe or unsubscribe", "wish")
    if statement.address:
        address = service.address_in(statement.channel, statement.address)
        statement = msgspec.structs.replace(statement, address=address)
    if statement.wish == "subscribe" and not rules.clean(statement.reason, rules.WORDS):
        raise Invalid("say how the customer told you: on the telephone, on paper, in a message of which date", "reason")
    if statement.confirm is None:  # they have heard it themselves: what was asked before need not be asked again
        statement = msgspec.structs.replace(statement, confirm=False)
    said = msgspec.structs.replace(_said(actor, workspace_id, now), profile=profile_id, statements=[statement])
    service.state_wish(tx, said, key)
    detail = {"channel": statement.channel, "wish": statement.wish}
    audit.record(tx, actor, workspace_id, "consent.stated", now, f"profile:{profile_id}", **detail)


def add_suppressions(
    tx: Tx, actor: Actor, workspace_id: int, wanted: Sequence[Suppressing], now: int, key: bytes
) -> int:
    """Add suppressions and return how many are new.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: The wall.
        wanted: Of any type but ``pending_opt_in``, which comes with a sign-up.
        now: UTC milliseconds.
        key: The installation's.

    Raises:
        Invalid: An address is none, or the type comes with a sign-up only.
    """
    if any(one.type == "pending_opt_in" for one in wanted):
        raise Invalid("pending_opt_in comes with a sign-up that is to be confirmed: it cannot be added by hand", "type")
    added = service.suppress(tx, _said(actor, workspace_id, now), wanted, key, add=True, ip=actor.ip)
    _audit(tx, actor, workspace_id, "suppression.added", now, wanted, added)
    return added


def lift_suppressions(
    tx: Tx, actor: Actor, workspace_id: int, wanted: Sequence[Suppressing], now: int, key: bytes
) -> int:
    """Lift suppressions and return how many did hold.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: The wall.
        wanted: Of any type that is not the customer's to lift, each with its reason.
        now: UTC milliseconds.
        key: The installation's.

    Raises:
        Invalid: An address is none, only the customer may lift that type, or it is not said why.
    """
    for one in wanted:
        if one.type in rules.NO_LIFTING:
            raise Invalid(rules.NO_LIFTING[one.type], "type")
        if not rules.clean(one.reason, rules.WORDS):
            raise Invalid("say why it is lifted", "reason")
    lifted = service.suppress(tx, _said(actor, workspace_id, now), wanted, key, add=False, ip=actor.ip)
    _audit(tx, actor, workspace_id, "suppression.lifted", now, wanted, lifted)
    return lifted


def exported(tx: Tx, actor: Actor, workspace_id: int, now: int) -> None:
    """Write down that the list of suppressions was taken out.

    Args:
        tx: The transaction.
        actor: Who.
        workspace_id: The wall.
        now: UTC milliseconds.
    """
    audit.record(tx, actor, workspace_id, "suppression.exported", now)


def _audit(
    tx: Tx, actor: Actor, workspace_id: int, action: str, now: int, wanted: Sequence[Suppressing], changed: int
) -> None:
    if changed:
        types = sorted({f"{one.channel}/{one.type}" for one in wanted})
        audit.record(tx, actor, workspace_id, action, now, types=types, addresses=changed)


def _said(actor: Actor, workspace_id: int, now: int) -> Said:
    message_id = f"deed-{ids.uuid7()}"
    return Said(workspace_id, own.SOURCE, 0, message_id, now, now, server=True, profile=0, by=actor.name)
