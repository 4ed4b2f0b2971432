"""What to paste so that a program sends to a source: lines for curl, and programs of a server."""

import json
import shlex
from collections.abc import Mapping

from tidings.dialects.remarkety.keys import address_of
from tidings.tenants.model import Snippet, Trust

_CUSTOMER = (
    '{"id": "u-42", "email": "ana@example.org", "first_name": "Ana", "accepts_marketing": true, '
    '"updated_at": "2024-03-01T10:00:00+00:00"}'
)
_BOOKED = '{"customerId": "u-42", "nights": 3, "hotel": {"name": "Sea View"}}'
_PYTHON = """\
import json
import urllib.request

ADDRESS = $ADDRESS
API_KEY = $KEY


def send(event_type, event):
    \"\"\"Send one event, for example "orders/create" with the order.\"\"\"
    headers = {
        "Content-Type": "application/json; charset=UTF-8",
        "x-event-type": event_type,
        "x-api-key": API_KEY,
    }
    request = urllib.request.Request(ADDRESS, json.dumps(event).encode(), headers)
    urllib.request.urlopen(request, timeout=10).close()


send("customers/update", {"id": "u-42", "email": "ana@example.org", "first_name": "Ana", "accepts_marketing": True})
send("room-booked", {"customerId": "u-42", "nights": 3, "hotel": {"name": "Sea View"}})
"""
_NODE = """\
const ADDRESS = $ADDRESS
const API_KEY = $KEY

// Sends one event, for example "orders/create" with the order.
async function send (eventType, event) {
  const answer = await fetch(ADDRESS, {
    method: "POST",
    headers: { "Content-Type": "application/json", "x-event-type": eventType, "x-api-key": API_KEY },
    body: JSON.stringify(event)
  })
  if (!answer.ok) throw new Error(await answer.text())
}

await send("customers/update", { id: "u-42", email: "ana@example.org", first_name: "Ana", accepts_marketing: true })
await send("room-booked", { customerId: "u-42", nights: 3, hotel: { name: "Sea View" } })
"""
_HINT = "For a server: everybody can read what stands in a page."


def line(url: str, credentials: Mapping[str, str], event_type: str, content: str) -> str:
    """Return a line for the shell that sends one event.

    Args:
        url: Where the server answers.
        credentials: ``store_id`` and ``api_key``.
        event_type: For example ``orders/create``.
        content: The event, JSON without ``'``.
    """
    address = shlex.quote(address_of(url, credentials["store_id"]))
    key = shlex.quote(f"x-api-key: {credentials['api_key']}")
    kind = "-H 'Content-Type: application/json'"
    return f"curl {address} -H 'x-event-type: {event_type}' -H {key} {kind} -d '{content}'"


def all_of(url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
    """Return the snippets; `tidings.dialects.contract.Dialect` says what the arguments are."""
    del trust  # the key belongs to servers in any case
    lines = [
        line(url, credentials, event_type, content)
        for event_type, content in (("customers/update", _CUSTOMER), ("room-booked", _BOOKED))
    ]
    address, key = address_of(url, credentials["store_id"]), credentials["api_key"]
    python, node = (_filled(text, address, key) for text in (_PYTHON, _NODE))
    return (
        Snippet(name="curl", title="curl", text="\n".join(lines)),
        Snippet(name="python", title="Python", text=python, hint=_HINT),
        Snippet(name="node", title="JavaScript, Node.js", text=node, hint=f"Node.js 18 or newer. {_HINT}"),
    )


def _filled(text: str, address: str, key: str) -> str:
    # The key first: the address stands before it, so that neither can be taken for a gap.
    quoted = (json.dumps(value, ensure_ascii=False) for value in (key, address))
    return text.replace("$KEY", next(quoted), 1).replace("$ADDRESS", next(quoted), 1)
