"""Whether the event loop takes all of a processor."""

from tidings.log.pressure import FULL, MEMORY_SECONDS, Pressure


class Clocks:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.used, self.now = 5.0, 100.0
        self.pressure = Pressure(lambda: self.used, lambda: self.now)

    def work(self, seconds: float, share: float, step: float = 0.001) -> bool:
        """Let the loop take a share of a processor for some time, with a commit at every step; tell how it ends."""
        for _ in range(round(seconds / step)):
            self.now += step
            self.used += step * share
            self.pressure.note()
        return self.pressure.full


def test_it_takes_a_moment_until_the_loop_is_known_to_be_full() -> None:
    clocks = Clocks()
    assert not clocks.pressure.full
    clocks.work(1, 0.1)
    assert not clocks.work(0.2 * MEMORY_SECONDS, 1.0)
    assert clocks.work(3 * MEMORY_SECONDS, 1.0)


def test_a_share_below_the_bound_is_not_full() -> None:
    clocks = Clocks()
    assert not clocks.work(1, FULL - 0.05)
    assert clocks.work(1, FULL + 0.05)
    assert not clocks.work(1, FULL - 0.05)


def test_it_tells_how_long_ago_the_loop_looked() -> None:
    clocks = Clocks()
    clocks.work(1, 1.0)
    assert clocks.pressure.age == 0
    clocks.now += 2.5
    assert clocks.pressure.age == 2.5


def test_one_long_commit_does_not_hide_the_pressure_and_several_do() -> None:
    clocks = Clocks()
    assert clocks.work(1, 0.9)
    assert clocks.work(0.5, 0.0, step=0.5)
    assert not clocks.work(2, 0.0, step=0.5)


def test_clocks_of_another_thread_do_no_harm() -> None:
    clocks = Clocks()
    clocks.work(1, 1.0)
    clocks.used = 0.0
    clocks.pressure.note()
    assert not clocks.work(1, 0.2)
