"""From a request's body to the object in it: JSON, whatever the content type says."""

from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tidings.events.model import Members
from tidings.kit import jsontext

BODY_LIMIT = 1_048_576
_PAIRS = 100  # of a query or a form

_decode = msgspec.json.Decoder(Members, float_hook=jsontext.number).decode
_decode_any = msgspec.json.Decoder(float_hook=jsontext.number).decode


def read(body: bytes) -> Members | None:
    """Decode a body; None is JSON's null, with which Magento's page says that there is no cart.

    Args:
        body: A JSON object, or a JSON text that holds one, as the vendor's samples for pages make it.

    Raises:
        jsontext.Unreadable: It is no JSON, or no object.
        jsontext.TooDeep: It nests too deeply.
    """
    try:
        if jsontext.is_plain(body) or jsontext.is_plain_throughout(body):
            return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    value: Any = jsontext.decode(body, _decode_any)
    if type(value) is str:
        value = jsontext.decode(value.encode(), _decode_any)
    if value is not None and type(value) is not dict:
        raise jsontext.Unreadable("it must be an object")
    return value


def pairs(text: bytes) -> dict[str, str]:
    """Decode a query or a form; of a repeated name the last counts, and what is no UTF-8 becomes U+FFFD.

    Args:
        text: ``a=1&b=2``.
    """
    decoded = text.decode("ascii", "replace")
    try:
        found = parse_qsl(decoded, keep_blank_values=True, max_num_fields=_PAIRS, errors="replace")
    except ValueError:  # more pairs than anybody sends
        return {}
    return {name: value.replace("\0", "") for name, value in found}


def header(value: bytes) -> str:
    """Decode the value of a header: UTF-8 where it is that, else one character for each byte."""
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        return value.decode("latin-1").strip()
