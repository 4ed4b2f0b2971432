"""What to paste so that a program sends to a source: the vendor's own lines for curl, and programs of a server."""

import json
import shlex
from collections.abc import Mapping

from tidings.tenants.model import Snippet, Trust

_USER = '{"user":{"id": "1", "email": "bob@example.com", "data":{"foo":"bar"}}}'
_EVENT = '{"user":{"id": "1"}, "event":{"name": "purchase", "value": 49.9, "data":{"foo":"bar"}}}'
_PYTHON = """\
import base64
import hashlib
import json
import urllib.request

BASE = $BASE
API_KEY = $KEY


def authkey(user_id):
    \"\"\"Return the proof that a page shows for its signed-in user.\"\"\"
    return hashlib.sha256(f"{user_id}:{API_KEY}".encode()).hexdigest()


def send(what, **message):
    \"\"\"Send a user ("users") or what one did ("events").\"\"\"
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{API_KEY}:".encode()).decode(),
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{BASE}/{what}", json.dumps(message).encode(), headers)
    urllib.request.urlopen(request, timeout=10).close()


bob = {"id": "1", "authkey": authkey("1")}
send("users", user={**bob, "email": "bob@example.com", "data": {"plan": "pro"}})
send("events", user=bob, event={"name": "purchase", "value": 49.9})
"""
_NODE = """\
import { createHash } from "node:crypto"

const BASE = $BASE
const API_KEY = $KEY

// The proof that a page shows for its signed-in user.
const authkey = id => createHash("sha256").update(`${id}:${API_KEY}`).digest("hex")

// Sends a user ("users") or what one did ("events").
async function send (what, message) {
  const key = Buffer.from(`${API_KEY}:`).toString("base64")
  const answer = await fetch(`${BASE}/${what}`, {
    method: "POST",
    headers: { "Authorization": `Basic ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(message)
  })
  if (!answer.ok) throw new Error(await answer.text())
}

const bob = { id: "1", authkey: authkey("1") }
await send("users", { user: { ...bob, email: "bob@example.com", data: { plan: "pro" } } })
await send("events", { user: bob, event: { name: "purchase", value: 49.9 } })
"""
_HINT = "For a server. Pages get the authkey of their user from there, and never the API key."


def all_of(url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
    """Return the snippets; `tidings.dialects.contract.Dialect` says what the arguments are."""
    del trust  # the key belongs to servers in any case
    base, key = f"{url}/data", credentials["api_key"]
    user = shlex.quote(f"{key}:")
    lines = [
        f"curl {shlex.quote(f'{base}/{what}')} -u {user} -H 'Content-type: application/json' -X POST -d '{body}'"
        for what, body in (("users", _USER), ("events", _EVENT))
    ]
    python, node = (_filled(text, base, key) for text in (_PYTHON, _NODE))
    return (
        Snippet(name="curl", title="curl", text="\n".join(lines)),
        Snippet(name="python", title="Python", text=python, hint=_HINT),
        Snippet(name="node", title="JavaScript, Node.js", text=node, hint=f"Node.js 18 or newer. {_HINT}"),
    )


def _filled(text: str, base: str, key: str) -> str:
    # The key first: the address stands before it, so that neither can be taken for a gap.
    quoted = (json.dumps(value, ensure_ascii=False) for value in (key, base))
    return text.replace("$KEY", next(quoted), 1).replace("$BASE", next(quoted), 1)
