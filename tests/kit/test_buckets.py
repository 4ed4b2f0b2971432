"""Token buckets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.kit.buckets import Buckets


def test_two_seconds_worth_go_at_once_then_the_rate() -> None:
    buckets = Buckets()
    assert [buckets.take(1, 5, 100.0) for _ in range(10)] == [0.0] * 10
    assert buckets.take(1, 5, 100.0) == pytest.approx(0.2)
    assert buckets.take(1, 5, 100.1) == pytest.approx(0.1)
    assert buckets.take(1, 5, 100.2) == 0.0
    assert buckets.take(1, 5, 100.2) == pytest.approx(0.2)


def test_a_bucket_fills_up_to_two_seconds_worth() -> None:
    buckets = Buckets()
    for _ in range(10):
        buckets.take(1, 5, 0.0)
    assert [buckets.take(1, 5, 3600.0) for _ in range(10)] == [0.0] * 10
    assert buckets.take(1, 5, 3600.0) > 0


def test_each_key_has_its_own() -> None:
    buckets = Buckets()
    while not buckets.take(1, 1, 0.0):
        pass
    assert buckets.take(2, 1, 0.0) == 0.0


def test_another_rate_counts_at_once() -> None:
    buckets = Buckets()
    while not buckets.take(1, 100, 0.0):
        pass
    assert buckets.take(1, 1, 1.0) == 0.0
    assert buckets.take(1, 1, 1.0) > 0
    assert buckets.take(1, 1000, 1.1) == 0.0


@given(st.integers(1, 50), st.lists(st.floats(0, 0.5), min_size=1, max_size=200))
def test_nobody_gets_more_than_the_rate_and_waiting_as_told_is_enough(rate: int, pauses: list[float]) -> None:
    buckets, now = Buckets(), 0.0
    for taken, pause in enumerate(pauses, 1):
        now += pause
        wait = buckets.take(1, rate, now)
        if wait:
            assert wait <= 1 / rate + 1e-9
            assert buckets.take(1, rate, now + wait + 1e-6) == 0.0
            now += wait + 1e-6
        assert taken <= rate * (2 + now) + 1e-3
