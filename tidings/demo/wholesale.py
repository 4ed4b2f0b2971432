"""What companies do: somebody looks, asks for an offer, then colleagues order and the invoices are paid."""

from random import Random
from typing import Any

from tidings.demo.calls import HOSTS, Diary, stamp
from tidings.demo.people import Device, Person, make_person
from tidings.demo.rhythm import DAY, HOUR, SECOND, Calendar

COMPANIES = (
    "Acme Tableware", "Blåbær Kafé", "Café Olé", "Dom Herbaty", "Elbe & Söhne", "Φίλοι του Τσαγιού", "Greenhouse Nine",
    "Hafenkontor", "Inkwell Stationers", "Jardín Azul", "Kaffeewerk", "Łąka Studio", "Maison Brume", "Nordlys Hotell",
    "Orchard Lane", "Papier & Co", "Квітка", "Rosa dos Ventos", "Seifenkontor", "茶の間", "Ulm Museum Shop",
    "Villa Verde", "Weavers' Guild", "Xylon Furniture", "Yeni Bahçe", "Zámek Hotel",
)  # fmt: skip
PLANS = ("starter", "trade", "trade", "partner")
PAGES = (("Prices for the trade", "/trade/prices"), ("Catalogue", "/trade/catalogue"), ("Delivery", "/trade/delivery"))


def live(number: int, diary: Diary, calendar: Calendar) -> None:
    """Let a company deal with the wholesale shop for as long as the calendar goes.

    Args:
        number: Of the company.
        diary: Receives what its people do.
        calendar: When people shop.
    """
    name = COMPANIES[number % len(COMPANIES)]
    Company(
        number, name if number < len(COMPANIES) else f"{name} {number // len(COMPANIES) + 1}", diary, calendar
    ).live()


class Company:
    """One company's dealings with the wholesale shop.

    Args:
        number: Of the company.
        name: What it is called.
        diary: Receives what its people do.
        calendar: When people shop.
    """

    def __init__(self, number: int, name: str, diary: Diary, calendar: Calendar) -> None:
        self.rng: Random = diary.rng
        self.id = f"company-{number}"
        self.name = name
        self.diary = diary
        self.calendar = calendar
        domain = f"company{number}.example"
        self.people = [make_person(self.rng, f"w-{number}{place}", domain) for place in range(self.rng.randint(2, 5))]

    def live(self) -> None:
        """Find each other, then work together."""
        first = self.calendar.begin + self.rng.randrange(12 * DAY)
        self.find(first, self.people[0])
        joined = first + 2 * HOUR + self.rng.randrange(2 * DAY)
        for person in self.people:
            joined += self.rng.randrange(2 * DAY)
            self.join(joined, person)
            for at in self.calendar.visits(self.rng, self.rng.randint(4, 14)):
                if at > joined + HOUR:
                    self.work(at, person, self.rng.choice(person.devices))

    def find(self, at: int, person: Person) -> None:
        """Look at the pages for the trade and ask for a demonstration; these pages speak Ripe."""
        who = {"anonymousId": person.devices[0].id}
        for title, path in PAGES:
            page = {
                "path": path,
                "url": HOSTS["wholesale"] + path,
                "title": title,
                "referrer": "https://search.example/",
            }
            self.diary.ripe(at, "page", who, name=title, context={"page": page})
            at += self.rng.randrange(10, 120) * SECOND
        self.diary.ripe(at, "track", who, event="Clicked Book a Demo", properties={"from": "header"})
        traits = {"email": person.email, "firstName": person.first, "lastName": person.last, "title": "Purchasing"}
        self.diary.ripe(at + SECOND, "identify", who, traits=traits)
        self.diary.ripe(at + 2 * SECOND, "group", who, groupId=self.id, traits={"name": self.name})

    def join(self, at: int, person: Person) -> None:
        """Get an account with the company's."""
        device = person.devices[0]
        person.known |= {device.id for device in person.devices}
        traits = {"email": person.email, "firstName": person.first, "lastName": person.last, "name": person.name}
        self.diary.segment(at, "identify", person, device, traits=traits | {"createdAt": stamp(at)})
        group: dict[str, Any] = {
            "name": self.name,
            "plan": self.rng.choice(PLANS),
            "employees": self.rng.randrange(3, 400),
        }
        self.diary.segment(at + SECOND, "group", person, device, groupId=self.id, traits=group)
        self.diary.segment(
            at + 2 * SECOND, "track", person, device, event="Account Opened", properties={"via": "invitation"}
        )

    def work(self, at: int, person: Person, device: Device) -> None:
        """Sign in, look at prices, and maybe order; the invoice is paid some days later."""
        for title, path in self.rng.sample(PAGES, self.rng.randint(1, 3)):
            place = {"path": path, "url": HOSTS["wholesale"] + path, "title": title}
            self.diary.segment(at, "page", person, device, name=title, properties=place)
            at += self.rng.randrange(10, 200) * SECOND
        chance = self.rng.random()
        if chance < 0.25:
            self.diary.segment(
                at, "track", person, device, event="Quote Requested", properties={"pallets": self.rng.randint(1, 6)}
            )
        elif chance < 0.5:
            self.order(at, person, device)

    def order(self, at: int, person: Person, device: Device) -> None:
        """Order, and pay: in dollars, part at once and the rest by invoice, which is the desk's business."""
        pallets, price = self.rng.randint(1, 6), self.rng.randrange(20_000, 90_000)
        deposit = {"revenue": f"{price * pallets // 500}.00", "currency": "USD", "pallets": pallets}
        self.diary.segment(at, "track", person, device, event="Deposit Paid", properties=deposit)
        value = f"{price * pallets * 4 // 500}.{self.rng.randrange(100):02}"
        invoice = {"name": "Invoice paid", "value": value, "data": {"pallets": pallets, "company": self.id}}
        self.diary.reamaze(
            at + self.rng.randrange(2 * DAY, 9 * DAY), {"id": person.user_id, "email": person.email}, invoice
        )
