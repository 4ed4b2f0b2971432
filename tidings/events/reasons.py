"""What refusals and notes mean, in words, and what to do about them."""

import re
from typing import NamedTuple


class Reason(NamedTuple):
    """An explanation for an operator.

    Args:
        means: What happened.
        advice: What to do.
    """

    means: str
    advice: str


SHAPE = "Correct it where the call is made; the body below shows what came. Events of this kind are lost until then."
REFUSED = {
    "bad_request": Reason(
        "The request or the event could not be read.",
        "Look at the message and the body. Usually it is no valid JSON, cut off, nested too deeply, or above the limit"
        " of 32 KB for an event and 500 KB for a batch.",
    ),
    "invalid": Reason(
        "A value that must be there is missing, or one is not what it must be.",
        "The message names the field. " + SHAPE,
    ),
    "no_user_anon_id": Reason(
        "The event names nobody: neither userId nor anonymousId.",
        "Send one of the two. Placeholders such as null, undefined or 0 count as none; a note in the message says so.",
    ),
    "id_not_string": Reason("An id is neither text nor a number.", SHAPE),
    "id_required": Reason("An id that this call cannot do without is missing.", "The message names it. " + SHAPE),
    "event_not_defined": Reason(
        "A track call has no name of what happened.", 'Send the member "event", for example "Order Completed".'
    ),
    "event_not_string": Reason("The name of the event is not text.", SHAPE),
    "consent": Reason(
        "An event about consent does not say what was consented to.",
        "Send context.consent.categoryPreferences as an object of true and false.",
    ),
    "not_object": Reason("A part of the event must be an object and is not.", "The message names it. " + SHAPE),
    "not_string": Reason("A part of the event must be text and is not.", "The message names it. " + SHAPE),
    "too_large": Reason(
        "The request was larger than its dialect allows.",
        "Send smaller batches, and no files or whole documents in properties.",
    ),
    "unsupported_encoding": Reason(
        "The body was compressed in a way that is not supported.", "Send it with gzip, deflate, or uncompressed."
    ),
    "too_many_requests": Reason(
        "The source sent more than its rate allows. The sender was told when to try again.",
        "If this is its normal traffic, raise the rate of the source, or the setting rate of the server.",
    ),
    "origin_not_allowed": Reason(
        "A page of a site that is not on the source's list sent it.",
        "If the site is yours, add its origin to the source. Otherwise somebody else uses your key: rotate it.",
    ),
    "source_disabled": Reason(
        "The source is switched off.", "Switch it on, or take the key out of whatever still sends."
    ),
    "unknown_source": Reason(
        "The key, or what came in its place, belongs to no source.",
        "Compare the key in the sender with the source's page. A revoked key has to be replaced where it is used.",
    ),
    "wrong_key": Reason("The API key belongs to no account.", "Compare it with the key on the source's page."),
    "no_credentials": Reason("The request came without a key.", "Send the key as the message says."),
    "wrong_authkey": Reason(
        "The authkey does not fit the id that it came with.",
        "Compute it anew as the source's page says: SHA-256 of id, colon and key, or HMAC with the SSO secret.",
    ),
    "another_account": Reason(
        "The host or the body names another account than the key.", "Use the key of the account that is meant."
    ),
    "another_source": Reason(
        "The prefix in the address belongs to another source than the key.",
        "Use the key of the source whose prefix it is, or the address without a prefix.",
    ),
}
PIPELINE = Reason(
    "The event was acknowledged, but could not be applied when it was processed. The rest of its batch was.",
    "This is a mistake of Tidings rather than of the sender: please report it with the message; retry after an update.",
)
UNKNOWN = Reason("The message below says why.", "Correct what it names in the sender, then send it again.")
NOTES: tuple[tuple[re.Pattern[str], Reason], ...] = tuple(
    (re.compile(pattern), Reason(means, advice))
    for pattern, means, advice in (
        (
            r"blocked ",
            "The id is a placeholder that programs send for nobody; it counts as absent.",
            "Do not send the member when there is no id.",
        ),
        (
            r"no usable (email|phone|call|mobile|tel)",
            "This is no address or number that could identify a customer; it is kept as a trait only.",
            "Check the form it comes from. Phones need a country code, or the country in the source's settings.",
        ),
        (
            r"no usable (value|revenue|currency)|(value|revenue) names a currency",
            "The amount is kept with the event, but not added to the lifetime value.",
            "Send a plain number, and the currency as three letters of its own or in the source's settings.",
        ),
        (
            r"no usable ",
            "The value could not be read and is not used; it is kept with the event.",
            "Correct the value in the sender.",
        ),
        (
            r"external id",
            "An external id could not be used.",
            "Send type, id and encoding none; ids that have members of their own belong there.",
        ),
        (
            r"messageId ",
            "Without the sender's own message id a repeat of the event cannot be recognised.",
            "Send messageId as text, the same one when the event is sent again.",
        ),
        (
            r".* cannot be read, the time of receipt counts",
            "The client's time could not be read; the time of receipt counts.",
            "Send ISO 8601, like 2026-03-01T10:00:00Z.",
        ),
        (
            r".* is not an object|.* is nested too deeply",
            "This part of the event could not be used.",
            "Correct it where the call is made.",
        ),
    )
)
ODD = Reason("Something about the event was odd, but it was taken.", "Look at what was sent.")


def of_refusal(stage: str, code: str) -> Reason:
    """Return what a refusal means.

    Args:
        stage: ``edge`` or ``pipeline``.
        code: The refusal's; unknown ones get a general answer.
    """
    if stage == "pipeline":
        return PIPELINE
    if code in REFUSED:
        return REFUSED[code]
    for prefix, suffix in (("consent", ""), ("not_object", "_not_object"), ("not_string", "_not_string")):
        if code.endswith(suffix) if suffix else code.startswith(prefix):
            return REFUSED[prefix]
    return UNKNOWN


def of_note(note: str) -> Reason:
    """Return what a note on an event means."""
    return next((reason for pattern, reason in NOTES if pattern.match(note)), ODD)
