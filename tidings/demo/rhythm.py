"""When people shop: evenings, weekends, more from week to week, and the sale on Friday evening."""

from bisect import bisect
from datetime import UTC, datetime
from itertools import accumulate
from random import Random

DAYS = 30
SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
HOURS = (3, 2, 1, 1, 1, 2, 5, 8, 9, 10, 10, 11, 13, 11, 10, 10, 11, 13, 16, 19, 20, 16, 10, 6)
WEEKDAYS = (1.0, 0.95, 0.95, 1.0, 1.1, 1.3, 1.4)  # from Monday
FRIDAY = 4
SALE = range(16, 22)  # UTC, on Fridays
SALE_RUSH = 2.5


class Calendar:
    """The last days up to a moment.

    Args:
        moment: Where the days end, UTC milliseconds.
    """

    def __init__(self, moment: int) -> None:
        self.moment = moment
        self.begin = moment - DAYS * DAY
        weights = (_weight(self.begin + hour * HOUR + HOUR // 2, hour) for hour in range(DAYS * 24))
        self._sums = list(accumulate(weights))

    def pick(self, rng: Random) -> int:
        """Return a moment, UTC milliseconds, the likelier the busier."""
        hour = bisect(self._sums, rng.random() * self._sums[-1])
        return self.begin + min(hour, DAYS * 24 - 1) * HOUR + rng.randrange(HOUR)

    def visits(self, rng: Random, count: int) -> list[int]:
        """Return when somebody comes, in order, at least two hours apart."""
        found: list[int] = []
        for moment in sorted(self.pick(rng) for _ in range(count)):
            if not found or moment - found[-1] > 2 * HOUR:
                found.append(moment)
        return found

    def newsletters(self) -> list[int]:
        """Return when the newsletter went out: Fridays at seven."""
        first = self.begin - self.begin % DAY + 7 * HOUR
        mornings = (first + day * DAY for day in range(DAYS + 1))
        return [moment for moment in mornings if self.begin < moment < self.moment and date(moment).weekday() == FRIDAY]


def date(moment: int) -> datetime:
    """Return a moment as a date.

    Args:
        moment: UTC milliseconds.
    """
    return datetime.fromtimestamp(moment / 1000, UTC)


def is_sale(moment: int) -> bool:
    """Tell whether it is Friday evening.

    Args:
        moment: UTC milliseconds.
    """
    when = date(moment)
    return when.weekday() == FRIDAY and when.hour in SALE


def _weight(moment: int, hour: int) -> float:
    when = date(moment)
    rush = SALE_RUSH if is_sale(moment) else 1.0
    growth = 0.8 + 0.4 * hour / (DAYS * 24)
    return HOURS[when.hour] * WEEKDAYS[when.weekday()] * rush * growth
