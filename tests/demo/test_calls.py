"""What the demo has to say, before anybody is told."""

import json
from collections import Counter
from itertools import chain

import pytest

from tidings.demo.calls import Call
from tidings.demo.filling import make_lanes
from tidings.demo.rhythm import DAY, DAYS, Calendar, date, is_sale
from tidings.demo.sending import BATCH_BYTES, BATCH_EVENTS, body_of, requests

MOMENT = 1_790_000_000_000


@pytest.fixture(scope="module")
def lanes() -> list[list[Call]]:
    return make_lanes(MOMENT, 1)


def test_the_same_seed_and_moment_say_the_same_again(lanes: list[list[Call]]) -> None:
    assert make_lanes(MOMENT, 1) == lanes
    assert make_lanes(MOMENT, 2) != lanes


def test_everything_happened_in_the_last_days(lanes: list[list[Call]]) -> None:
    times = [call.at for call in chain(*lanes)]
    assert MOMENT - DAYS * DAY <= min(times) < max(times) <= MOMENT
    assert all(lane == sorted(lane, key=lambda call: call.at) for lane in lanes)
    assert {date(time).date() for time in times} >= {date(MOMENT - day * DAY).date() for day in range(DAYS)}


def test_every_call_has_an_id_of_its_own(lanes: list[list[Call]]) -> None:
    ids = Counter(call.repeat or json.loads(call.body)["messageId"] for call in chain(*lanes))
    assert ids.most_common(1)[0][1] == 1


def test_a_lane_goes_out_whole_in_requests_that_the_server_takes(lanes: list[list[Call]]) -> None:
    for lane in lanes:
        made = list(requests(lane))
        assert sorted(chain(*made), key=id) == sorted(lane, key=id)
        for request in made:
            assert len({(call.brand, call.dialect) for call in request}) == 1
            assert len(request) <= BATCH_EVENTS
            assert len(body_of(request)) < BATCH_BYTES + BATCH_EVENTS + 20
            json.loads(body_of(request))


def test_people_come_on_friday_evening_and_seldom_at_night(lanes: list[list[Call]]) -> None:
    times = [call.at for call in chain(*lanes)]
    sale = sum(map(is_sale, times)) / (6 * 4)  # hours of four Fridays
    night = sum(date(time).hour in (2, 3, 4) for time in times) / (3 * DAYS)
    assert sale > 2 * len(times) / (24 * DAYS) > 4 * night
    assert {date(moment).weekday() for moment in Calendar(MOMENT).newsletters()} == {4}
