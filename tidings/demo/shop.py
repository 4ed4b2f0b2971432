"""What private customers do: look around, sign up, buy, come back, open the newsletter, ask and return things."""

from random import Random
from typing import Any

import msgspec

from tidings.demo.calls import HOSTS, Diary, stamp
from tidings.demo.people import Device, Person
from tidings.demo.rhythm import DAY, HOUR, MINUTE, SECOND, Calendar, is_sale


class Product(msgspec.Struct, frozen=True):
    """Something to buy.

    Args:
        sku: Its number.
        name: What it is called.
        category: Where it stands.
        cents: Price.
    """

    sku: str
    name: str
    category: str
    cents: int


PRODUCTS = tuple(
    Product(sku, name, category, cents)
    for category, rows in {
        "Kitchen": (
            ("k-101", "Blue mug with a handle", 1250),
            ("k-102", "Teapot for two", 3490),
            ("k-103", "Bread knife", 2995),
            ("k-104", "Set of six bowls", 4200),
            ("k-105", "Apron, linen", 2480),
            ("k-106", "Salt mill", 1899),
        ),
        "Garden": (
            ("g-201", "Watering can, 5 l", 2190),
            ("g-202", "Herb seeds, ten bags", 995),
            ("g-203", "Hand rake", 1375),
            ("g-204", "Lantern for a candle", 3150),
        ),
        "Bath": (
            ("b-301", "Towel, large", 2750),
            ("b-302", "Olive soap", 640),
            ("b-303", "Bamboo brush", 480),
        ),
        "Paper": (
            ("p-401", "Notebook, dotted", 1190),
            ("p-402", "Calendar for the wall", 1690),
            ("p-403", "Fountain pen", 5900),
            ("p-404", "Wrapping paper, five sheets", 850),
        ),
    }.items()
    for sku, name, cents in rows
)
SEARCHES = ("mug", "tea", "gift", "soap", "notebook", "čaj", "Geschenk", "お茶", "кружка", "calendar 2027")
CAMPAIGNS = ("Friday sale", "New in the garden", "Ten years of mugs", "Only till Sunday", "Gifts under 20")
SHARES = (0.45, 0.25, 0.2, 0.1)  # of visitors who only look, buy now and then, regularly, often


def live(people: list[Person], diary: Diary, calendar: Calendar) -> None:
    """Let a household shop for as long as the calendar goes.

    Args:
        people: Of the household.
        diary: Receives what they do.
        calendar: When people shop.
    """
    for person in people:
        Customer(person, diary, calendar).live()


class Customer:
    """One person's dealings with the shop.

    Args:
        person: Who.
        diary: Receives what they do.
        calendar: When people shop.
    """

    def __init__(self, person: Person, diary: Diary, calendar: Calendar) -> None:
        self.person = person
        self.diary = diary
        self.calendar = calendar
        self.rng: Random = diary.rng
        self.kind = self.rng.choices(range(4), SHARES)[0]
        self.has_account = False
        self.spent = 0

    def live(self) -> None:
        """Visit, and do what comes of it."""
        visits = self.calendar.visits(self.rng, (2, 3, 6, 9)[self.kind] + self.rng.randrange(3))
        joins = self.rng.randrange(len(visits)) // 2 if self.kind else len(visits)
        for number, at in enumerate(visits):
            self.visit(at, self.pick_device(), joins=number >= joins)
        if self.has_account and self.rng.random() < 0.5:
            self.talk(visits)
        if self.rng.random() < (0.2, 0.45, 0.55, 0.65)[self.kind]:
            self.read_newsletters()

    def pick_device(self) -> Device:
        """Return mostly the usual device."""
        devices = self.person.devices
        return devices[0] if self.rng.random() < 0.6 else self.rng.choice(devices)

    def visit(self, at: int, device: Device, *, joins: bool) -> None:
        """Look around, and maybe sign in and buy."""
        shows = self.rng.choices(PRODUCTS, k=1 + min(self.rng.randrange(6), self.rng.randrange(6)))
        at = self.page(at, device, "Home", "/")
        if joins and device.id not in self.person.known and self.rng.random() < 0.8:
            at = self.sign_in(at, device)
        if self.rng.random() < 0.35:
            query = self.rng.choice(SEARCHES)
            self.track(at, device, "Products Searched", {"query": query, "results": self.rng.randrange(40)})
            at = self.later(at)
        for product in shows:
            at = self.page(at, device, product.name, f"/{product.category.lower()}/{product.sku}", product.category)
            self.track(at, device, "Product Viewed", described(product))
            at = self.later(at)
        if device.id in self.person.known and self.rng.random() < (0.6 if is_sale(at) else 0.35):
            self.buy(at, device, self.rng.choices(shows, k=self.rng.choice((1, 1, 1, 2, 3))))

    def page(self, at: int, device: Device, name: str, path: str, category: str | None = None) -> int:
        """Note a page and return when the next thing happens."""
        properties: dict[str, Any] = {"path": path, "url": HOSTS[self.diary.brand] + path, "title": name}
        if category:
            properties["category"] = category
        if self.rng.random() < 0.15:
            properties["referrer"] = self.rng.choice(("https://search.example/", "https://social.example/feed"))
        if self.rng.random() < 0.004:  # an old template, that nobody has repaired: Tidings remarks on the event
            self.diary.segment(at, "page", self.person, device, name=name, properties=properties, userId="null")
        else:
            self.diary.segment(at, "page", self.person, device, name=name, properties=properties)
        return self.later(at)

    def track(self, at: int, device: Device, event: str, properties: dict[str, Any]) -> None:
        """Note that something was done."""
        self.diary.segment(at, "track", self.person, device, event=event, properties=properties)

    def sign_in(self, at: int, device: Device) -> int:
        """Sign up, or in on a further device, and return when the next thing happens."""
        person, first = self.person, not self.has_account
        person.known.add(device.id)
        traits: dict[str, Any] = {"email": person.email, "firstName": person.first, "lastName": person.last}
        if first:
            traits |= {"name": person.name, "address": {"city": person.city, "country": person.country}}
            traits |= {"newsletter": self.rng.random() < 0.5, "loyalty": "bronze"}
            traits["createdAt"] = stamp(at)
            if person.phone:
                traits["phone"] = person.phone
        self.has_account = True
        self.diary.segment(at, "identify", person, device, traits=traits)
        name = "Signed Up" if first else "Signed In"
        self.track(at + SECOND, device, name, {"method": self.rng.choice(("email", "email", "link"))})
        return self.later(at)

    def buy(self, at: int, device: Device, products: list[Product]) -> None:
        """Put into the basket and pay, unless something comes in between."""
        for product in products:
            self.track(at, device, "Product Added", described(product) | {"quantity": 1})
            at = self.later(at)
        if self.rng.random() < 0.3:
            return
        cents = sum(product.cents for product in products)
        cents = cents * 80 // 100 if is_sale(at) else cents
        properties = {
            "revenue": f"{cents // 100}.{cents % 100:02}",
            "currency": "EUR",
            "products": [product.sku for product in products],
            "coupon": "FRIDAY20" if is_sale(at) else None,
        }
        self.track(at, device, "Products Bought", properties)
        before, self.spent = self.spent, self.spent + cents
        for least, level in ((10_000, "silver"), (25_000, "gold")):
            if before < least <= self.spent:
                self.diary.segment(at + 2 * SECOND, "identify", self.person, None, traits={"loyalty": level})

    def talk(self, visits: list[int]) -> None:
        """Deal with the people of the shop, whose desk speaks Re:amaze."""
        person = self.person
        user = {"id": person.user_id, "email": person.email, "name": person.name}
        for visit in self.rng.sample(visits, min(len(visits), 1 + self.rng.randrange(5))):
            at = visit + self.rng.randrange(DAY)
            if self.rng.random() < 0.5:
                value = f"{self.rng.randrange(5, 60)}.{self.rng.choice(('00', '50', '90', '95'))}"
                data = {"store": self.rng.choice(("Harbour", "Station", "Old town")), "till": self.rng.randrange(1, 5)}
                self.diary.reamaze(at, user, {"name": "Bought in the store", "value": value, "data": data})
            else:
                topic = self.rng.choice(("delivery", "return", "broken mug", "invoice"))
                self.diary.reamaze(at, {"id": person.user_id}, {"name": "Question asked", "data": {"topic": topic}})
        if self.rng.random() < 0.2:
            self.diary.reamaze_user(
                visits[-1] + HOUR, user | {"data": {"contact": "by mail", "nps": self.rng.randrange(11)}}
            )

    def read_newsletters(self) -> None:
        """Open some of the newsletters, on the usual device; the mails are Ripe's."""
        person, device = self.person, self.person.devices[0]
        who = {"anonymousId": device.id}
        greeted = False
        for number, sent in enumerate(self.calendar.newsletters()):
            if self.rng.random() < 0.4:
                continue
            at = sent + int(self.rng.expovariate(1 / (90 * MINUTE)))
            campaign = CAMPAIGNS[number % len(CAMPAIGNS)]
            if not greeted:
                self.diary.ripe(at, "identify", who, traits={"email": person.email, "firstName": person.first})
            greeted = True
            link = {"campaign": campaign, "link": self.rng.choice(("sale", "product", "picture"))}
            self.diary.ripe(at + SECOND, "track", who, event="Newsletter Clicked", properties=link)
            for step in range(self.rng.randint(1, 4)):
                path = f"/news/{number}/{step}" if step else f"/news/{number}"
                page = {"path": path, "url": HOSTS["shop"] + path, "title": campaign}
                self.diary.ripe(at + 2 * SECOND, "page", who, name=campaign, context={"page": page})
                at = self.later(at)

    def later(self, at: int) -> int:
        """Return the moment at which somebody goes on."""
        return at + self.rng.randrange(4 * SECOND, 90 * SECOND)


def described(product: Product) -> dict[str, Any]:
    """Return a product as events tell it.

    Args:
        product: Which.
    """
    price = float(product.cents) / 100
    return {"product_id": product.sku, "name": product.name, "category": product.category, "price": price}
