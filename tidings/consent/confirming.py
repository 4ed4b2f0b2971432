"""Double opt-in: the link to a sign-up, and its confirmation."""

import msgspec

from tidings.consent import own, rules, store
from tidings.consent.loading import later, opened, written
from tidings.consent.model import NAMED, Said, SignUp
from tidings.db import Tx
from tidings.kit.signing import Signer
from tidings.profiles import store as profiles

PURPOSE = "confirm"  # of signatures
PATH = "/tidings/confirm/"


def link_to(signer: Signer, number: int) -> str:
    """Return the path of the page on which a sign-up is confirmed."""
    return f"{PATH}{number}.{signer.sign(PURPOSE, str(number))}"


def number_in(signer: Signer, token: str) -> int | None:
    """Return the number of the sign-up that a link is about, None if the link is not ours.

    Args:
        signer: What signs links.
        token: The last part of the link's path; hostile.
    """
    text, _, signature = token.partition(".")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        return None
    return int(text) if signer.is_signed(PURPOSE, text, signature) else None


def find_opt_in(tx: Tx, number: int, now: int) -> SignUp | None:
    """Return a sign-up, as expired if its link has; None if it is gone, with whom it was about.

    Args:
        tx: The transaction.
        number: From a link that is ours.
        now: UTC milliseconds.
    """
    found = store.find_opt_in(tx, number)
    if found is not None and found.stage == "pending" and now - found.asked_at > rules.LINK_LASTS:
        return msgspec.structs.replace(found, stage="expired")
    return found


def confirm(tx: Tx, number: int, ip: str | None, now: int, key: bytes) -> SignUp | None:
    """Take the confirmation of a sign-up: it is pending no more, nor unsubscribed, and the preference is yes.

    Args:
        tx: The transaction.
        number: From a link that is ours.
        ip: Address of who confirms.
        now: UTC milliseconds.
        key: The installation's.

    Returns:
        The sign-up as it is now, confirmed or not; None if there is none.
    """
    found = find_opt_in(tx, number, now)
    if found is None or found.stage != "pending":
        return found
    # The condition wins the race of two who click at once; the loser finds it confirmed.
    if not store.close_pending(tx, found.workspace_id, number, "confirmed", now, ip):
        return find_opt_in(tx, number, now)
    wall, channel, address = found.workspace_id, found.channel, found.address
    profile = found.profile_id or profiles.root_by(tx, wall, NAMED[channel], address) or 0
    said = Said(wall, own.SOURCE, 0, f"confirm-{number}", now, now, server=True, profile=profile)
    book = opened(tx, [said], key, [(wall, channel, address)])
    said = later(said, book, channel, address)
    confirmed = msgspec.structs.replace(found, stage="confirmed", closed_at=now, closed_ip=ip)
    book.confirm(said, confirmed)
    written(tx, book)
    return confirmed
