"""The own API's routes of consent: customers' preferences, suppressions, sign-ups that wait, and the settings."""

from typing import Annotated

import msgspec
from litestar import get, patch, post
from litestar.exceptions import NotFoundException
from litestar.params import Parameter
from msgspec import UNSET

from tidings.consent import confirming, deeds, paged, rules, service, shapes
from tidings.consent.listing import Which
from tidings.consent.model import ConsentSettings, Kind, Purpose
from tidings.consent.service import Suppressing
from tidings.consent.shapes import (
    Changed,
    ConsentOut,
    ConsentSettingsIn,
    ConsentSettingsOut,
    DecisionOut,
    HistoryPage,
    SuppressionPage,
    SuppressionsIn,
    WaitingOut,
    WaitingPage,
    WishIn,
)
from tidings.db import Database, Tx
from tidings.events.reports import Channel, Statement
from tidings.kit import clock
from tidings.kit.signing import Signer
from tidings.profiles.api import ProfileId
from tidings.tenants.api import bad
from tidings.tenants.model import Actor, Token
from tidings.tenants.paging import Page
from tidings.tenants.service import Invalid


@get("/profiles/{profile_id:int}/consent", summary="Show consent of a profile")
async def get_consent(database: Database, token: Token, secret: bytes, profile_id: ProfileId) -> ConsentOut:
    """Return what a customer wants to receive, what may be sent now and why, and how it came about."""
    return await database.read(_consent, token.workspace_id, profile_id, secret)


@post(
    "/profiles/{profile_id:int}/consent",
    summary="Record a wish",
    status_code=200,
    opt={"scope": "write"},
)
async def state_wish(
    database: Database, token: Token, who: Actor, secret: bytes, profile_id: ProfileId, data: WishIn
) -> ConsentOut:
    """Record what a customer has told somebody, and return their consent as it is now."""

    def state(tx: Tx) -> ConsentOut:
        _consent(tx, token.workspace_id, profile_id, secret)  # that there is one comes first
        statement = Statement(
            channel=data.channel,
            wish=data.wish,
            address="" if data.address is UNSET else data.address,
            reason=None if data.reason is UNSET else data.reason,
            confirm=None if data.confirm is UNSET else data.confirm,
            ip=who.ip,
        )
        try:
            deeds.state_wish(tx, who, token.workspace_id, profile_id, statement, clock.now(), secret)
        except Invalid as error:
            raise bad(error.field or "wish", str(error)) from None
        return _consent(tx, token.workspace_id, profile_id, secret)

    return await database.write(state)


@get("/profiles/{profile_id:int}/consent/history", summary="Show the consent history of a profile")
async def list_history(database: Database, token: Token, page: Page, profile_id: ProfileId) -> HistoryPage:
    """Return every change of a customer's preferences, suppressions and sign-ups, newest first."""
    found = await database.read(paged.history, token.workspace_id, profile_id, page)
    if found is None:
        raise _nobody(profile_id)
    return HistoryPage(items=[shapes.entry(row) for row in found[0]], next=found[1])


@get("/profiles/{profile_id:int}/may-send", summary="May it be sent?")
async def may_send(
    *,
    database: Database,
    token: Token,
    secret: bytes,
    profile_id: ProfileId,
    channel: Annotated[Channel, Parameter(description="On which way.")] = "email",
    purpose: Annotated[
        Purpose,
        Parameter(description="marketing, or transactional for what belongs to something that the customer does."),
    ] = "marketing",
) -> DecisionOut:
    """Tell whether something may be sent to a customer now, and why."""
    where = (token.workspace_id, profile_id, channel, purpose)
    found = await database.read(service.may_send, *where, clock.now(), secret)
    if found.reason == "no_profile":
        raise _nobody(profile_id)
    return shapes.decision(found)


@get("/suppressions", summary="List suppressions")
async def list_suppressions(
    *,
    database: Database,
    token: Token,
    page: Page,
    search: Annotated[
        str | None,
        Parameter(min_length=1, max_length=shapes.LONGEST, description="Beginning of an address, or of a number."),
    ] = None,
    channel: Annotated[Channel | None, Parameter(description="Only those of this channel.")] = None,
    type: Annotated[Kind | None, Parameter(description="Only those of this type.")] = None,  # noqa: A002 -- the member's name
    active: Annotated[bool, Parameter(description="True: what holds. False: what was lifted.")] = True,
) -> SuppressionPage:
    """Return suppressions by channel, address and type, without those of forgotten customers."""
    which = Which(search or "", channel, type, active)
    rows, following = await database.read(paged.suppressions, token.workspace_id, which, page)
    return SuppressionPage(items=[shapes.suppression(row) for row in rows], next=following)


@post("/suppressions", summary="Add suppressions", status_code=200, opt={"scope": "write", "conflicts": True})
async def add_suppressions(
    database: Database, token: Token, who: Actor, secret: bytes, data: SuppressionsIn
) -> Changed:
    """Add suppressions of any type but pending_opt_in, which comes with a sign-up."""
    return Changed(changed=await database.write(_change, who, token.workspace_id, data, secret, add=True))


@post("/suppressions/lift", summary="Lift suppressions", status_code=200, opt={"scope": "write", "conflicts": True})
async def lift_suppressions(
    database: Database, token: Token, who: Actor, secret: bytes, data: SuppressionsIn
) -> Changed:
    """Lift suppressions, each with a reason; unsubscribed and pending_opt_in only the customer can lift."""
    return Changed(changed=await database.write(_change, who, token.workspace_id, data, secret, add=False))


@get("/consent/waiting", summary="List sign-ups that wait", opt={"scope": "write"})
async def list_waiting(database: Database, token: Token, signer: Signer, page: Page) -> WaitingPage:
    """Return sign-ups that are to be confirmed, each with its link, newest first."""
    rows, following = await database.read(paged.waiting, token.workspace_id, page)
    items = [
        WaitingOut(**msgspec.structs.asdict(shapes.sign_up(row)), link=confirming.link_to(signer, row.id))
        for row in rows
    ]
    return WaitingPage(items=items, next=following)


@get("/consent/settings", summary="Show consent settings")
async def get_settings(database: Database, token: Token) -> ConsentSettingsOut:
    """Return what the workspace decides about consent."""
    return _settings(await database.read(service.settings_of, token.workspace_id))


@patch("/consent/settings", summary="Change consent settings", opt={"scope": "admin"})
async def change_settings(database: Database, token: Token, who: Actor, data: ConsentSettingsIn) -> ConsentSettingsOut:
    """Change some of the settings, and return all of them."""

    def change(tx: Tx) -> ConsentSettings:
        present = service.settings_of(tx, token.workspace_id)
        given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
        chosen = msgspec.structs.replace(present, **given)
        if chosen != present:
            deeds.change_settings(tx, who, token.workspace_id, chosen, clock.now())
        return chosen

    return _settings(await database.write(change))


ROUTES = (
    get_consent,
    state_wish,
    list_history,
    may_send,
    list_suppressions,
    add_suppressions,
    lift_suppressions,
    list_waiting,
    get_settings,
    change_settings,
)


def _nobody(profile_id: int) -> NotFoundException:
    return NotFoundException(f"there is no profile {profile_id} in this workspace")


def _consent(tx: Tx, workspace_id: int, profile_id: int, key: bytes) -> ConsentOut:
    found = service.view(tx, workspace_id, profile_id, clock.now(), key)
    if found is None:
        raise _nobody(profile_id)
    return ConsentOut(
        profile_id=profile_id,
        channels=[shapes.channel_view(one) for one in found.channels],
        opt_ins=[shapes.sign_up(one) for one in found.opt_ins],
        history=[shapes.entry(row) for row in found.history],
    )


def _change(tx: Tx, who: Actor, workspace_id: int, data: SuppressionsIn, key: bytes, *, add: bool) -> int:
    wanted = []
    for number, one in enumerate(data.items):
        try:
            service.address_in(one.channel, one.address)
        except Invalid as error:
            raise bad(f"items[{number}].address", str(error)) from None
        reason = None if one.reason is UNSET else one.reason
        if not add and not rules.clean(reason, rules.WORDS):
            raise bad(f"items[{number}].reason", "say why it is lifted")
        wanted.append(Suppressing(channel=one.channel, address=one.address, type=one.type, reason=reason))
    change = deeds.add_suppressions if add else deeds.lift_suppressions
    return change(tx, who, workspace_id, wanted, clock.now(), key)


def _settings(found: ConsentSettings) -> ConsentSettingsOut:
    return ConsentSettingsOut(**msgspec.structs.asdict(found))
