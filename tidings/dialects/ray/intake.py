"""The paths that take: a login, and interactions, of which one request stores all or none."""

from typing import Any

import msgspec

from tidings.dialects.contract import Intake, Rejected, Request, Sources
from tidings.dialects.ray import adapter, keys, replies, tokens
from tidings.dialects.ray.adapter import Interaction, Sender
from tidings.events.model import Refusal
from tidings.kit import jsontext
from tidings.tenants.model import Source

BODY_LIMIT = 1_048_576  # bytes
MOST = 1_000  # interactions of one request

_REFUSED_LIMIT = 65_536  # bytes that are kept of what was not taken
_TOLD = 10  # faults of one request
_decode = msgspec.json.Decoder(float_hook=jsontext.number).decode


def take_login(request: Request, sources: Sources) -> Intake:
    """Turn a login into an intake that stores nothing and answers with an access token.

    Args:
        request: The request.
        sources: Where to look for the client.

    Raises:
        Rejected: With the codes of RFC 6749 section 5.2.
    """
    source, login = keys.login(request, sources)
    return Intake(source=source, reply=replies.token(tokens.issue(source, login, sources, request.received)))


def take_interactions(request: Request, sources: Sources) -> Intake:
    """Turn interactions into an intake.

    Args:
        request: A list of interactions, or one of them.
        sources: Where to look for the token's source and its stores.

    Raises:
        Rejected: 401 and 403 token, 400 no JSON, 413 too many.
    """
    source = keys.bearer(request, sources)
    listed = _listed(request.body, source)
    sender = Sender(source=source, received=request.received, declared=sources.declared)
    faults: list[str] = []
    found = [adapter.read(stated, f"events[{index}]", sender, faults) for index, stated in enumerate(listed)]
    if faults:
        more = f"; and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
        return _refused(request, source, 400, "invalid", "; ".join(faults[:_TOLD]) + more)
    interactions = [one for one in found if one is not None]
    if message := _foreign(interactions, source, sources):
        return _refused(request, source, 403, "another_store", message)
    return Intake(source=source, events=adapter.events_of(interactions, sender), reply=replies.TAKEN)


def _listed(body: bytes, source: Source) -> list[Any]:
    try:
        content = jsontext.decode(body, _decode)
    except (jsontext.Unreadable, jsontext.TooDeep) as problem:
        message = f"the body cannot be read as JSON: {problem}"
        raise Rejected(400, "bad_request", message, source, body[:_REFUSED_LIMIT]) from problem
    if type(content) is dict:
        content = [content]
    if type(content) is not list:
        raise Rejected(400, "bad_request", "the body must be a list of events", source, body[:_REFUSED_LIMIT])
    if len(content) > MOST:
        message = f"{len(content)} events in one request: send at most {MOST}"
        raise Rejected(413, "too_large", message, source)
    return content


def _foreign(interactions: list[Interaction], source: Source, sources: Sources) -> str:
    """Return what to say of the first store that is none of the account's, "" if there is none."""
    known: dict[str, bool] = {}
    for interaction in interactions:
        store = interaction.store
        if store not in known:
            known[store] = keys.owns(source, store, sources)
        if not known[store]:
            return f"{interaction.place}.storeId: the store {store} does not belong to this account"
    return ""


def _refused(request: Request, source: Source, status: int, code: str, message: str) -> Intake:
    refusal = Refusal(code=code, message=message, body=request.body[:_REFUSED_LIMIT])
    return Intake(source=source, refused=[refusal], reply=replies.error(status, code, message))
