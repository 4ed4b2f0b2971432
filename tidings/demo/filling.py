"""The whole demo: everybody's month, dealt to a few connections and sent in the order in which it happened."""

from collections.abc import Mapping
from random import Random

from tidings.demo import shop, trouble, wholesale
from tidings.demo.calls import Brand, Call, Dialect, Diary
from tidings.demo.people import make_household
from tidings.demo.rhythm import Calendar
from tidings.demo.sending import Courier, Told

HOUSEHOLDS = 1_300  # of private customers: about 1,400 people
COMPANIES = 45  # with about 150 people
LANES = 16  # connections: what waits for the disk together waits once


def fill(
    url: str, certificate: str | None, keys: Mapping[tuple[Brand, Dialect], str], moment: int, seed: int, told: Told
) -> None:
    """Send the demo's month to a server.

    With the same moment and seed, all calls are the same again down to their ids: what a server has of them already
    it takes for repeats. Whoever shares a device or a company is sent over one connection, in order, so that who is
    who does not depend on which connection is the fastest.

    Args:
        url: Where the server answers.
        certificate: The server's own, PEM file; None for http.
        keys: The key of each source.
        moment: The present of the demo, UTC milliseconds; its month ends there.
        seed: Of everything that is left to chance.
        told: Hears what becomes of it.

    Raises:
        Stopped: The server is gone, or answers otherwise than it should.
    """
    lanes = make_lanes(moment, seed)
    troubles = trouble.happen(moment)
    told.begin(sum(call.events + call.refused for calls in [*lanes, troubles] for call in calls))
    courier = Courier(url, certificate, keys, told)
    courier.send_all(lanes)
    courier.send_all([troubles])


def make_lanes(moment: int, seed: int) -> list[list[Call]]:
    """Return what is to be sent over each connection, in order.

    Args:
        moment: The present of the demo, UTC milliseconds.
        seed: Of everything that is left to chance.
    """
    calendar = Calendar(moment)
    lanes: list[list[Call]] = [[] for _ in range(LANES)]
    for number in range(HOUSEHOLDS):
        rng = Random(f"{seed} household {number}")
        diary = Diary("shop", rng, moment)
        shop.live(make_household(rng, number + 100), diary, calendar)
        lanes[number % LANES] += diary.calls
    for number in range(COMPANIES):
        diary = Diary("wholesale", Random(f"{seed} company {number}"), moment)
        wholesale.live(number, diary, calendar)
        lanes[number % LANES] += diary.calls
    for lane in lanes:
        lane.sort(key=lambda call: call.at)
    return lanes
