"""Ids that Tidings makes itself."""

import time
from uuid import UUID

from tidings.kit.ids import uuid7


def test_uuid7() -> None:
    before = time.time_ns() // 1_000_000
    made = [uuid7() for _ in range(1000)]
    after = time.time_ns() // 1_000_000
    assert len(set(made)) == 1000
    for text in made:
        parsed = UUID(text)
        assert str(parsed) == text
        assert parsed.version == 7
        assert parsed.variant == "specified in RFC 4122"
        assert before <= parsed.int >> 80 <= after
