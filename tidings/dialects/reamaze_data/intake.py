"""The two paths: data of a user, and an event of a user."""

from collections.abc import Callable
from typing import Any

from tidings.dialects.contract import Intake, Rejected, Request, Sources
from tidings.dialects.reamaze_data import adapter, authkey, body, documented, keys, replies
from tidings.dialects.reamaze_data.adapter import Person, Sender
from tidings.dialects.reamaze_data.authkey import Proof
from tidings.dialects.reamaze_data.body import Sent
from tidings.events.model import Event, Members, Refusal
from tidings.kit import jsontext
from tidings.tenants.model import Source

REPEAT_LIMIT = 255  # characters of an Idempotency-Key

Errors = dict[str, list[str]]


def take_user(request: Request, sources: Sources) -> Intake:
    """Turn a request about a user into an intake with an identify event.

    Args:
        request: The request.
        sources: Where to look for its account.

    Raises:
        Rejected: 400 unreadable, 401 and 403 credentials, 413 too large, 415 a kind of body that is not read.
    """
    sent = _sent(request, sources, body.split_user)
    source, keyed = _source(request, sources, sent)
    errors: Errors = {field: ["must be an object"] for field in sent.misshapen}
    person = adapter.person_of(sent.user, errors, mailed=True)
    stated = _stated_authkey(sent.user, errors, keyed=keyed)
    if errors:
        return _invalid(request, source, errors)
    proof = _proof(request, source, sources, person, stated)
    event = adapter.identify(sent, person, _sender(request, source, keyed=keyed))
    return _intake(source, [event], proof, keyed=keyed)


def take_event(request: Request, sources: Sources) -> Intake:
    """Turn a request about an event into an intake: a track event, after an identify if it says more of the user.

    Args:
        request: The request.
        sources: Where to look for its account.

    Raises:
        Rejected: 400 unreadable, 401 and 403 credentials, 413 too large, 415 a kind of body that is not read.
    """
    intake = _take_documented(request, sources)
    if intake is not None:
        return intake
    sent = _sent(request, sources, body.split_event)
    source, keyed = _source(request, sources, sent)
    errors: Errors = {field: ["must be an object"] for field in sent.misshapen}
    person = adapter.person_of(sent.user, errors, mailed=False)
    name = adapter.name_of(sent.event or {}, errors)
    stated = _stated_authkey(sent.user, errors, keyed=keyed)
    if errors:
        return _invalid(request, source, errors, name)
    proof = _proof(request, source, sources, person, stated)
    events = adapter.happened(sent, person, name, _sender(request, source, keyed=keyed))
    return _intake(source, events, proof, keyed=keyed)


def _take_documented(request: Request, sources: Sources) -> Intake | None:
    """Turn a request that is as plain as documented into an intake; None leaves it to the general way.

    Raises:
        Rejected: 401 and 403 credentials; a wrong authkey is left to the general way too.
    """
    if b"idempotency-key" in request.headers or _is_multipart(request):
        return None
    found = documented.read(request.body, request.received)
    if found is None:
        return None
    event, stated = found
    source = keys.by_key(request, sources, "")
    keyed = source is not None
    if source is None:
        if not stated:
            return None
        source = keys.by_name(request, sources, "")
    if stated and not authkey.check(stated, event.user_id or "", "", sources.values(source, "api_key"), ()):
        return None
    if event.value is not None:
        event.currency = adapter.currency_of(source)
    customer = _customer(request, keyed=keyed)
    if customer:
        event.context["ip"] = customer
    return _intake(source, [event], None, keyed=keyed)


def _sent(request: Request, sources: Sources, split: Callable[[Members], Sent]) -> Sent:
    """Decode the body; what cannot be read is refused in the name of the key's source, if it comes with one."""
    if _is_multipart(request):
        raise _unreadable(request, sources, 415, "a multipart body is not read: send JSON")
    try:
        sent = split(body.read(request.body, request.headers.get(b"content-type", b"").lower()))
    except (jsontext.Unreadable, jsontext.TooDeep) as problem:
        raise _unreadable(request, sources, 400, f"the body cannot be read as JSON or form: {problem}") from problem
    if body.too_large(sent, len(request.body)):
        raise _unreadable(request, sources, 413, f"user and event have at most {body.EVENT_LIMIT} bytes each")
    return sent


def _is_multipart(request: Request) -> bool:
    return request.headers.get(b"content-type", b"").lower().startswith(b"multipart/")


def _unreadable(request: Request, sources: Sources, status: int, message: str) -> Rejected:
    try:
        source = keys.by_key(request, sources, "")
    except Rejected as unknown:
        source = unknown.source
    return Rejected(status, "bad_request", message, source, body.excerpt(request.body) if source else b"")


def _source(request: Request, sources: Sources, sent: Sent) -> tuple[Source, bool]:
    """Return whose request it is, and whether the account's key says so."""
    source = keys.by_key(request, sources, sent.account)
    if source is not None:
        return source, True
    if "authkey" not in sent.user:
        raise keys.unproven()
    return keys.by_name(request, sources, sent.account), False


def _stated_authkey(user: Members, errors: Errors, *, keyed: bool) -> str:
    """Return the authkey, "" where it need not be there and is not."""
    stated: Any = user.get("authkey")
    if body.is_blank(stated):
        if not keyed:
            errors["authkey"] = ["can't be blank"]
        return ""
    if not isinstance(stated, str):
        errors["authkey"] = ["must be text"]
        return ""
    return stated


def _proof(request: Request, source: Source, sources: Sources, person: Person, stated: str) -> Proof | None:
    """Return what the authkey proves, None where none was sent.

    Raises:
        Rejected: 403, it is wrong, whatever the header says.
    """
    if not stated:
        return None
    given = person.members.get("email")
    address = given if isinstance(given, str) and given.strip() else ""
    api_keys, secrets = sources.values(source, "api_key"), sources.values(source, "sso_secret")
    proof = authkey.check(stated, person.id, address, api_keys, secrets)
    if proof is None:
        message = authkey.fault(stated, person.id, address)
        raise Rejected(403, "wrong_authkey", message, source, body.excerpt(request.body))
    return proof


def _sender(request: Request, source: Source, *, keyed: bool) -> Sender:
    repeat = ""
    if b"idempotency-key" in request.headers:
        repeat = request.headers[b"idempotency-key"].decode("latin-1").strip().strip('"')
    return Sender(
        source=source,
        received=request.received,
        customer=_customer(request, keyed=keyed),
        repeat=repeat if len(repeat) <= REPEAT_LIMIT and repeat.isprintable() else "",
    )


def _customer(request: Request, *, keyed: bool) -> str:
    """Return the address of the caller where that is the customer's own, "" where it is not."""
    # A page that sends this itself has no API key and cannot hide that it is one.
    return request.client if not keyed and b"origin" in request.headers else ""


def _intake(source: Source, events: list[Event], proof: Proof | None, *, keyed: bool) -> Intake:
    """Return what is to be stored, with the trust that the request has shown (docs/decisions/0009)."""
    if keyed:
        return Intake(source=source, events=events, reply=replies.OK, located=True)
    vouched = proof == "id and email" and source.trust == "server"
    return Intake(
        source=source,
        events=events,
        reply=replies.OK,
        trust="browser",
        proven=vouched and all(event.phone is None and not event.external_ids for event in events),
        located=True,
    )


def _invalid(request: Request, source: Source, errors: Errors, name: str = "") -> Intake:
    message = "; ".join(f"{field} {fault}" for field, faults in errors.items() for fault in faults)
    refused = Refusal(code="invalid", message=message, body=body.excerpt(request.body), name=name or None)
    return Intake(source=source, refused=[refused], reply=replies.invalid(errors))
