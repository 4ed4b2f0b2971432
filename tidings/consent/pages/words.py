"""What the pages of consent call things."""

from tidings.consent import rules
from tidings.consent.model import KINDS, Act, Effect, Kind, State
from tidings.events.reports import Channel

CHANNELS: dict[Channel, str] = {"email": "Email", "sms": "SMS"}
TYPES: dict[Kind, str] = {kind: kind.replace("_", " ").capitalize() for kind in KINDS}
TYPES |= {"pending_opt_in": "Waiting for confirmation", "deleted": "Deleted by the shop"}
BY_HAND: list[Kind] = [kind for kind in KINDS if kind != "pending_opt_in"]  # that people may add
STATES: dict[State, tuple[str, str]] = {"yes": ("yes", "ok"), "no": ("no", "error"), "unknown": ("unknown", "")}
ACTS: dict[Act, str] = {
    "yes": "a record says so",
    "no": "a record says so",
    "subscribe": "subscribed",
    "unsubscribe": "unsubscribed",
    "confirm": "confirmed by double opt-in",
}
EFFECTS: dict[Effect, str] = {
    "made": "",
    "same": "known already",
    "late": "older than what was known",
    "held": "held: it could not be confirmed",
}
_CHANGES = {
    "pending": "signed up, to be confirmed",
    "confirmed": "sign-up confirmed",
    "withdrawn": "sign-up withdrawn",
    "replaced": "sign-up needs no confirmation any more",
    "expired": "sign-up expired",
}


def change(subject: str, change: str) -> str:
    """Return what a line of the history says, in words."""
    if subject == "preference":
        return "wants it" if change == "yes" else "does not want it"
    if subject == "opt_in":
        return _CHANGES.get(change, change)
    name = next((text for kind, text in TYPES.items() if kind == subject), subject)
    return f"suppression {change}: {name[:1].lower()}{name[1:]}"


def may_be_lifted(kind: Kind) -> bool:
    """Tell whether people may lift suppressions of a type."""
    return kind not in rules.NO_LIFTING
