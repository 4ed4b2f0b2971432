"""What to paste so that a program logs in and sends an interaction."""

import json
import re
import shlex
from collections.abc import Mapping

from tidings.tenants.model import Snippet, Trust

_EVENT = (
    '[{"type":"PURCHASE","subType":"DELIVERY","source":"OTHER","storeId":STORE,"timestamp":"2024-03-01T20:15:00.000Z",'
    '"customProps":{"amount":31.5},"user":{"email":"ana@example.org","name":"Ana"}}]'
)
_PYTHON = """\
import base64
import json
import urllib.parse
import urllib.request
from datetime import datetime, timezone

BASE = $BASE
CLIENT_ID, CLIENT_SECRET = $CLIENT_ID, $CLIENT_SECRET
USERNAME, PASSWORD = $USERNAME, $PASSWORD
STORE = $STORE


def post(path, body, authorization, kind):
    headers = {"Authorization": authorization, "Content-Type": kind}
    request = urllib.request.Request(f"{BASE}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def login():
    \"\"\"Return an access token, which holds for 12 hours.\"\"\"
    client = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    form = urllib.parse.urlencode({"grant_type": "password", "username": USERNAME, "password": PASSWORD})
    kind = "application/x-www-form-urlencoded"
    return post("/oauth/token", form.encode(), f"Basic {client}", kind)["access_token"]


def send(token, *events):
    \"\"\"Send interactions: all of them are stored, or none.\"\"\"
    post("/events/interaction", json.dumps(events).encode(), f"Bearer {token}", "application/json")


send(login(), {
    "type": "PURCHASE",
    "subType": "DELIVERY",
    "source": "OTHER",
    "storeId": STORE,
    "timestamp": datetime.now(timezone.utc).isoformat(),
    "customProps": {"amount": 31.5},
    "user": {"email": "ana@example.org", "name": "Ana"},
})
"""
_NODE = """\
const BASE = $BASE
const [CLIENT_ID, CLIENT_SECRET] = [$CLIENT_ID, $CLIENT_SECRET]
const [USERNAME, PASSWORD] = [$USERNAME, $PASSWORD]
const STORE = $STORE

async function post (path, body, headers) {
  const answer = await fetch(`${BASE}${path}`, { method: "POST", body, headers })
  const content = await answer.json()
  if (!answer.ok) throw new Error(content.message)
  return content
}

// Returns an access token, which holds for 12 hours.
async function login () {
  const client = Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64")
  const form = new URLSearchParams({ grant_type: "password", username: USERNAME, password: PASSWORD })
  return (await post("/oauth/token", form, { Authorization: `Basic ${client}` })).access_token
}

// Sends interactions: all of them are stored, or none.
async function send (token, ...events) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }
  await post("/events/interaction", JSON.stringify(events), headers)
}

await send(await login(), {
  type: "PURCHASE",
  subType: "DELIVERY",
  source: "OTHER",
  storeId: STORE,
  timestamp: new Date(),
  customProps: { amount: 31.5 },
  user: { email: "ana@example.org", name: "Ana" }
})
"""
_HINT = "For a server: whoever has these secrets can send in your name."
_GAP = re.compile(r"\$(BASE|CLIENT_ID|CLIENT_SECRET|USERNAME|PASSWORD|STORE)\b")


def all_of(url: str, credentials: Mapping[str, str], trust: Trust) -> tuple[Snippet, ...]:
    """Return the snippets; `tidings.dialects.contract.Dialect` says what the arguments are."""
    del trust  # the secrets belong to servers in any case
    gaps = {
        "BASE": url,
        "CLIENT_ID": credentials["client_id"],
        "CLIENT_SECRET": credentials["client_secret"],
        "USERNAME": credentials["username"],
        "PASSWORD": credentials["password"],
    }
    filled = {gap: json.dumps(value, ensure_ascii=False) for gap, value in gaps.items()}
    filled["STORE"] = store_of(credentials)
    python, node = (_GAP.sub(lambda gap: filled[gap[1]], text) for text in (_PYTHON, _NODE))
    return (
        Snippet(name="curl", title="curl", text=curl(url, credentials)),
        Snippet(name="python", title="Python", text=python, hint=_HINT),
        Snippet(name="node", title="JavaScript, Node.js", text=node, hint=f"Node.js 18 or newer. {_HINT}"),
    )


def curl(url: str, credentials: Mapping[str, str]) -> str:
    """Return two lines for the shell: a login, and an interaction.

    Args:
        url: Where the server answers; hostile.
        credentials: The source's own.
    """
    client = shlex.quote(f"{credentials['client_id']}:{credentials['client_secret']}")
    user, password = (shlex.quote(f"{name}={credentials[name]}") for name in ("username", "password"))
    form = f"-d grant_type=password --data-urlencode {user} --data-urlencode {password}"
    # The token is letters, digits and signs that need no quoting: cut out of the answer without a further program.
    cut = """sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'"""
    login = f"TOKEN=$(curl -s {shlex.quote(f'{url}/oauth/token')} -u {client} {form} | {cut})"
    body = _EVENT.replace("STORE", store_of(credentials))
    kind = "-H 'Content-Type: application/json'"
    address = shlex.quote(f"{url}/events/interaction")
    return f"{login}\ncurl {address} -H \"Authorization: Bearer $TOKEN\" {kind} -d '{body}'"


def store_of(credentials: Mapping[str, str]) -> str:
    """Return the number of the store, for a program's text: a word that stands in for it is no number.

    Args:
        credentials: The source's own.
    """
    stated = credentials["store_id"]
    return stated if stated.isascii() and stated.isdecimal() else "1"
