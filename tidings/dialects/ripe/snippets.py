"""What to paste so that a program sends to a source: plain HTTP, as the vendor documents it."""

import json
import shlex
from collections.abc import Mapping

from tidings.tenants.model import Snippet, Trust

_BODY = '{"userId":"u-42","event":"Clicked Book a Demo","properties":{"from":"header"}}'
_PYTHON = """\
import base64
import json
import urllib.request
import uuid
from datetime import datetime, timezone

BASE = $BASE
API_KEY = $KEY


def send(call, **message):
    \"\"\"Send one event; the call is identify, track, page or group.\"\"\"
    message["messageId"] = str(uuid.uuid4())  # a retry has to send the same one
    message["timestamp"] = datetime.now(timezone.utc).isoformat()
    headers = {
        "Authorization": "Basic " + base64.b64encode(API_KEY.encode()).decode(),
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{BASE}/{call}", json.dumps(message).encode(), headers)
    urllib.request.urlopen(request, timeout=10).close()


send("identify", userId="u-42", traits={"email": "ana@example.org"})
send("track", userId="u-42", event="Clicked Book a Demo", properties={"from": "header"})
"""
_NODE = """\
const BASE = $BASE
const API_KEY = $KEY

// Sends one event; the call is identify, track, page or group.
async function send (call, message) {
  const answer = await fetch(`${BASE}/${call}`, {
    method: "POST",
    headers: { "Authorization": `Basic ${btoa(API_KEY)}`, "Content-Type": "application/json" },
    // A retry has to send the same messageId.
    body: JSON.stringify({ messageId: crypto.randomUUID(), timestamp: new Date(), ...message })
  })
  if (!answer.ok) throw new Error((await answer.json()).message)
}

await send("identify", { userId: "u-42", traits: { email: "ana@example.org" } })
await send("track", { userId: "u-42", event: "Clicked Book a Demo", properties: { from: "header" } })
"""
_NODE_HINT = {
    "server": "Node.js 20 or newer. Keep the key out of web pages: this source trusts it like a server.",
    "browser": "Node.js 20 or newer, or a module script in a page that came by https.",
}


def all_of(url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
    """Return the snippets; `tidings.dialects.contract.Dialect` says what the arguments are."""
    base, key = f"{url}/event", credentials["api_key"]
    address, user = shlex.quote(f"{base}/track"), shlex.quote(f"{key}:")
    curl = f"curl -u {user} {address} -H 'Content-Type: application/json' -d '{_BODY}'"
    python, node = (_filled(text, base, key) for text in (_PYTHON, _NODE))
    return (
        Snippet(name="curl", title="curl", text=curl),
        Snippet(name="python", title="Python", text=python),
        Snippet(name="node", title="JavaScript", text=node, hint=_NODE_HINT[trust]),
    )


def _filled(text: str, base: str, key: str) -> str:
    # The key first: the address stands before it, so that neither can be taken for a gap.
    quoted = (json.dumps(value, ensure_ascii=False) for value in (key, base))
    return text.replace("$KEY", next(quoted), 1).replace("$BASE", next(quoted), 1)
