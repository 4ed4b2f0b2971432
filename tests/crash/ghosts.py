"""People who are forgotten, beside those who are not: what they send, and what must be left of it."""

import hmac
import json
import random
from base64 import b64encode
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.crash.reference import Accepted, Fold, Identifier, Source
from tests.crash.stored import rows
from tests.crash.traffic import Request, Sent, Writer, stamp
from tidings.kit.digest import digest

GHOSTS = 40


def user_of(number: int) -> str:
    return f"ghost{number:04}"


def email_of(number: int) -> str:
    return f"{user_of(number)}@grave.example"


class GhostWriter(Writer):
    """Makes events of people who share nothing with others: their traces are theirs alone. Ids are never used twice.

    Args:
        silent: Who does nothing new any more; may grow.
    """

    def __init__(self, name: str, chance: random.Random, sources: list[Source], silent: set[int]) -> None:
        super().__init__(name, chance, sources)
        self.source = sources[0]
        self.silent = silent

    def request(self, sent: Sent) -> Request:
        if sent.requests and self.chance.random() < 0.1:
            return self.chance.choice(sent.requests)  # perhaps long after they were forgotten
        events = [self.event(sent) for _ in range(self.chance.randint(1, 20))]
        made = Request(self.source, "/v1/batch", {"batch": events})
        with sent.lock:
            for event in events:
                sent.variants[event["context"]["nonce"]] = (self.source, event, None)
            sent.requests.append(made)
        return made

    def event(self, sent: Sent) -> dict[str, Any]:
        self.made += 1
        message = f"{self.name}-{self.made:06}"
        number = self.chance.choice([one for one in range(GHOSTS) if one not in self.silent])
        ago = timedelta(milliseconds=self.chance.choice((0, 5, 50, 500, 60_000)))
        event: dict[str, Any] = {"messageId": message, "context": {"nonce": message}}
        event["timestamp"] = stamp(datetime.now(UTC) - ago)
        device = f"{user_of(number)}-device-{self.chance.randrange(3)}"
        shape = self.chance.random()
        if shape < 0.8:
            event["userId"] = user_of(number)
        if shape > 0.5:
            event["anonymousId"] = device
        if self.chance.random() < 0.5:
            revenue = self.chance.choice(("19.90", 5, 0.1))
            return event | {"type": "track", "event": "Tip Given", "properties": {"revenue": revenue}}
        return event | {"type": "identify", "traits": self.traits_of(number)}

    def traits_of(self, number: int) -> dict[str, Any]:
        traits: dict[str, Any] = {"plan": self.chance.choice(("free", "pro", None))}
        if self.chance.random() < 0.5:
            traits["email"] = email_of(number)
        return traits


@dataclass
class Outcome:
    """What became of what was sent.

    Args:
        reference: After everything that was applied, and the forgetting in between.
        erased: Events that were stored and are no more.
        dropped: Events that came too late to be stored.
        at: When each ghost was forgotten.
    """

    reference: Fold
    erased: int = 0
    dropped: int = 0
    at: dict[int, int] = field(default_factory=dict)


def number_of(body: dict[str, Any]) -> int | None:
    """Return which ghost an event is about."""
    name = body.get("userId") or body.get("anonymousId") or ""
    return int(name[5:9]) if name.startswith("ghost") else None


def moments(data: Path) -> dict[int, int]:
    """Return when ghosts were forgotten, by the digests that are kept of them."""
    key = (data / "secret.key").read_bytes()
    found = {row["digest"]: row["at"] for row in rows(data / "tidings.db", "SELECT digest, at FROM forgotten")}

    def name(identifier: Identifier) -> str:
        return b64encode(hmac.digest(key, "\0".join(identifier).encode(), "sha256")).decode().rstrip("=")

    return {n: found[one] for n in range(GHOSTS) if (one := name(("user_id", user_of(n)))) in found}


def replay(data: Path, sent: Sent) -> Outcome:
    """Apply everything that was ever stored, erased events too, in its order, to the reference; forget in between.

    The digests of message ids, which stay, have the numbers of erased events: so their order is known.
    """
    made = Outcome(Fold(), at=moments(data))
    present = {row["id"]: row for row in rows(data / "tidings.db", "SELECT id, source_id, received, body FROM events")}
    known = {(source.id, digest(body["messageId"])): nonce for nonce, (source, body, _) in sent.variants.items()}
    seen = rows(data / "tidings.db", "SELECT * FROM seen UNION ALL SELECT * FROM seen_recent ORDER BY event_id")
    nonces = {
        row["event_id"]: json.loads(present[row["event_id"]]["body"])["context"]["nonce"]
        if row["event_id"] in present
        else known[row["source_id"], row["digest"]]
        for row in seen
    }
    last: dict[int, int] = {}  # of the erased events of a ghost
    for event_id, nonce in nonces.items():
        if event_id not in present:
            number = number_of(sent.variants[nonce][1])
            assert number in made.at, f"event {event_id} is gone, and nobody was forgotten: {nonce}"
            last[number] = event_id
            made.erased += 1
    forgotten_after = defaultdict(list)
    for number, event_id in last.items():
        forgotten_after[event_id].append(number)
    assert last.keys() == made.at.keys(), "somebody was forgotten of whom nothing was there"
    for event_id, nonce in nonces.items():
        source, body, sent_at = sent.variants[nonce]
        received = present[event_id]["received"] if event_id in present else 2**60  # each erased one has a timestamp
        made.reference.add(Accepted(source, body, sent_at, received))
        for number in forgotten_after[event_id]:
            made.reference.forget(made.reference.owners["user_id", user_of(number)], made.at[number])
    assert made.reference.dropped == 0, "an event of before was stored behind the forgetting"
    assert made.reference.erased == made.erased, "more or less than the customer was erased"
    stored = {(source.id, body["messageId"]) for source, body, _ in map(sent.variants.__getitem__, nonces.values())}
    for source_id, message in sent.acknowledged - stored:
        (body,) = [b for s, b, _ in sent.variants.values() if (s.id, b["messageId"]) == (source_id, message)]
        number = number_of(body)
        assert number in made.at, f"acknowledged and lost: {body}"
        moment = datetime.fromisoformat(body["timestamp"]).timestamp() * 1000
        assert moment <= made.at[number] + 1, f"dropped, and happened later: {body}"
        made.dropped += 1
    return made


def traces(data: Path, number: int) -> list[str]:
    """Return the files of a folder in which a ghost still walks."""
    return [path.name for path in data.iterdir() if user_of(number).encode() in path.read_bytes()]
