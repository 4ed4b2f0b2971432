"""Guessing is slowed down, in bounded memory."""

from tidings.kit.throttle import KEYS, Throttle


def test_some_attempts_are_free_then_one_from_time_to_time() -> None:
    throttle = Throttle(3, 10.0)
    assert [throttle.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 10.0]
    assert throttle.take("b", 0.0) == 0
    assert round(throttle.take("a", 4.0), 6) == 6.0
    assert throttle.take("a", 10.0) == 0
    assert throttle.take("a", 10.0) == 10.0
    assert [throttle.take("a", 1000.0) for _ in range(4)] == [0, 0, 0, 10.0]


def test_an_attempt_that_succeeds_is_given_back() -> None:
    throttle = Throttle(2, 10.0)
    for _ in range(50):
        assert throttle.take("a", 0.0) == 0
        throttle.give_back("a", 0.0)
    throttle.give_back("a", 0.0)
    assert [throttle.take("a", 0.0) > 0 for _ in range(3)] == [False, False, True]


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    throttle = Throttle(1, 10.0)
    for number in range(KEYS + 10):
        throttle.take(str(number), 0.0)
    assert len(throttle._used) == KEYS
    assert throttle.take(str(KEYS), 0.0) > 0
    assert throttle.take("0", 0.0) == 0
