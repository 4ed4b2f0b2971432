"""Who shops: people with names, addresses and devices, and the households that share a tablet."""

from random import Random

import msgspec

from tidings.demo.names import CULTURES, Culture

MAIL = ("example.org", "example.com", "example.net", "mail.example", "post.example")
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")  # for documentation (RFC 5737)


class Device(msgspec.Struct, frozen=True):
    """What somebody visits with.

    Args:
        id: Anonymous id.
        agent: User agent.
        ip: Address.
    """

    id: str
    agent: str
    ip: str


class Person(msgspec.Struct, kw_only=True):
    """Somebody who shops.

    Args:
        user_id: The shop's number, once they have an account.
        first: First name.
        last: Last name.
        email: Address.
        phone: Number; None has none or does not say it.
        locale: As the browser says it.
        country: ISO 3166 code.
        city: Where they live.
        devices: The usual one first.
        known: Whether the shop knows who it is on a device, by its anonymous id.
    """

    user_id: str
    first: str
    last: str
    email: str
    phone: str | None
    locale: str
    country: str
    city: str
    devices: list[Device]
    known: set[str]

    @property
    def name(self) -> str:
        """The whole name, in the order of the language."""
        east = self.country in ("JP", "KR", "TW", "VN")
        return f"{self.last} {self.first}" if east else f"{self.first} {self.last}"


AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0",
)
TABLET = (
    "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1"
)


def make_person(rng: Random, user_id: str, domain: str | None = None) -> Person:
    """Return a person.

    Args:
        rng: Decides.
        user_id: The shop's number of them.
        domain: Of the address at work; None is a private one.
    """
    culture = rng.choice(CULTURES)
    first, first_plain = _name(rng, culture.given)
    last, last_plain = _name(rng, culture.family)
    ip = f"{rng.choice(NETWORKS)}.{rng.randrange(1, 255)}"
    devices = [make_device(rng, rng.choice(AGENTS), ip) for _ in range(rng.choices((1, 2, 3), (6, 3, 1))[0])]
    # The number in the address keeps people of one name apart, whatever the seed.
    return Person(
        user_id=user_id,
        first=first,
        last=last,
        email=f"{first_plain}.{last_plain}.{user_id.partition('-')[2]}@{domain or rng.choice(MAIL)}".lower(),
        phone=_phone(rng, culture),
        locale=culture.locale,
        country=culture.country,
        city=rng.choice(culture.cities),
        devices=devices,
        known=set(),
    )


def make_device(rng: Random, agent: str, ip: str) -> Device:
    """Return a device with an id of its own."""
    digits = f"{rng.getrandbits(128):032x}"
    return Device("-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])), agent, ip)


def make_household(rng: Random, number: int) -> list[Person]:
    """Return who lives together: mostly one person; sometimes two with a tablet that both use.

    Args:
        rng: Decides.
        number: Of the household; the shop's numbers of its people begin with it.
    """
    if rng.random() >= 0.08:
        return [make_person(rng, f"c-{number}0")]
    two = [make_person(rng, f"c-{number}{place}") for place in range(2)]
    tablet = make_device(rng, TABLET, two[0].devices[0].ip)
    for person in two:
        person.devices.append(tablet)
    two[1].last, two[1].city = two[0].last, two[0].city
    return two


def _name(rng: Random, names: tuple[str, ...]) -> tuple[str, str]:
    name, _, plain = rng.choice(names).partition("=")
    return name, plain or name


def _phone(rng: Random, culture: Culture) -> str | None:
    if not culture.phone or rng.random() < 0.4:
        return None
    return f"{culture.phone}{rng.randrange(1000):03}"
