"""What shops send: orders of three lines, carts and products, as Remarkety's clients and Segment's libraries do."""

import random
from collections.abc import Iterator

from tests.bench.load import request

PRODUCTS = 20_000
CUSTOMERS = 300_000
STAMP = "2026-01-%02dT%02d:%02d:%02d+00:00"


def orders(store: str, key: str, first: int, count: int) -> Iterator[bytes]:
    """Yield requests with one new order of three lines each.

    Args:
        store: Public id of the store.
        key: Its key.
        first: Number of the first order.
        count: How many.
    """
    rng = random.Random(first)
    for number in range(first, first + count):
        yield _request(store, key, b"orders/create", _order(rng, number))


def shopping(store: str, key: str, first: int, count: int) -> Iterator[bytes]:
    """Yield what comes around orders too: for each two a cart before it, one's status after it, a product now and then.

    The arguments are those of ``orders``; the requests are more than the orders.
    """
    rng = random.Random(first)
    for number in range(first, first + count):
        if number % 2:
            yield _request(store, key, b"carts/update", _cart(rng, number))
        body = _order(rng, number)
        yield _request(store, key, b"orders/create", body)
        if number % 2:
            later = body.replace(b'"name":"Placed"', b'"name":"Shipped"').replace(b"+00:00", b"-00:01", 1)
            yield _request(store, key, b"orders/update", later)
        if number % 20 == 0:
            yield _request(store, key, b"products/update", _product(rng))


def completed(key: str, first: int, count: int, size: int) -> Iterator[bytes]:
    """Yield batches of "Order Completed" of three products each, for a source of Segment's dialect.

    Args:
        key: The write key.
        first: Number of the first order.
        count: How many orders.
        size: Of a batch.
    """
    rng = random.Random(first)
    for start in range(first, first + count, size):
        body = b",".join(_completed(rng, number) for number in range(start, min(start + size, first + count)))
        yield request("/v1/batch", b'{"batch":[%b],"sentAt":"2026-02-01T00:00:00.000Z"}' % body, key)


def _completed(rng: random.Random, number: int) -> bytes:
    lines = [_product_bought(rng) for _ in range(3)]
    total = b"%d.%02d" % divmod(sum(cents for _, cents in lines), 100)
    return (
        b'{"type":"track","messageId":"%032x","userId":"c%d","event":"Order Completed","timestamp":"%b",'
        b'"properties":{"order_id":"%09d","total":%b,"revenue":%b,"shipping":0,"tax":0,"currency":"EUR","products":[%b]},'
        b'"context":{"library":{"name":"analytics-python","version":"2.3.4"}},"integrations":{}}'
    ) % (
        rng.getrandbits(128),
        rng.randrange(CUSTOMERS),
        _stamp(rng).replace(b"+00:00", b".000Z"),
        number,
        total,
        total,
        b",".join(line for line, _ in lines),
    )


def _product_bought(rng: random.Random) -> tuple[bytes, int]:
    product, quantity, cents = rng.randrange(PRODUCTS), rng.randrange(1, 4), rng.randrange(100, 9_000)
    return (
        b'{"product_id":"%d","sku":"SKU-%d","name":"Blue mug %d","price":%d.%02d,"quantity":%d,"category":"Kitchen",'
        b'"url":"https://shop.example/mug/%d","image_url":"https://shop.example/mug-%d.jpg"}'
    ) % (product, product, product, *divmod(cents, 100), quantity, product, product), quantity * cents


def _request(store: str, key: str, kind: bytes, body: bytes) -> bytes:
    return (
        b"POST /webhooks/?storeId=%b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nx-token: %b\r\n"
        b"x-event-type: %b\r\nx-platform: MAGENTO\r\nContent-Length: %d\r\n\r\n%b"
    ) % (store.encode(), key.encode(), kind, len(body), body)


def _order(rng: random.Random, number: int) -> bytes:
    stamp = _stamp(rng)
    lines = [_line(rng) for _ in range(3)]
    total = b"%d.%02d" % divmod(sum(cents for _, cents in lines), 100)
    return (
        b'{"updated_at":"%b","id":"%09d","created_at":"%b","currency":"EUR","email":"c%d@shop.example","customer":%b,'
        b'"line_items":[%b],"status":{"code":"P","name":"Placed"},"subtotal_price":%b,"total_discounts":0,'
        b'"total_shipping":0,"total_tax":0,"total_price":%b}'
    ) % (stamp, number, stamp, *_customer(rng, stamp), b",".join(line for line, _ in lines), total, total)


def _cart(rng: random.Random, number: int) -> bytes:
    stamp = _stamp(rng)
    line, cents = _line(rng)
    total = b"%d.%02d" % divmod(cents, 100)
    return (
        b'{"id":%d,"abandoned_checkout_url":"https://shop.example/cart/%d","accepts_marketing":false,"created_at":"%b",'
        b'"updated_at":"%b","currency":"EUR","email":"c%d@shop.example","customer":%b,"line_items":[%b],'
        b'"total_discounts":0,"total_price":%b}'
    ) % (number, number, stamp, stamp, *_customer(rng, stamp), line, total)


def _product(rng: random.Random) -> bytes:
    number, stamp = rng.randrange(PRODUCTS), _stamp(rng)
    return (
        b'{"id":%d,"sku":"SKU-%d","title":"Blue mug %d","created_at":"%b","updated_at":"%b","product_exists":true,'
        b'"url":"https://shop.example/mug/%d","vendor":"Claywork","image":{"src":"https://shop.example/mug-%d.jpg"},'
        b'"categories":[{"code":4,"name":"Kitchen"}],"variants":[{"id":"%d-1","product_id":%d,"sku":"SKU-%d-1",'
        b'"title":"Blue","price":7.50,"inventory_quantity":%d,"image":"https://shop.example/mug-%d.jpg"}]}'
    ) % (number, number, number, stamp, stamp, number, number, number, number, number, rng.randrange(9), number)


def _customer(rng: random.Random, stamp: bytes) -> tuple[int, bytes]:
    number = rng.randrange(CUSTOMERS)
    return number, (
        b'{"id":%d,"email":"c%d@shop.example","accepts_marketing":true,"first_name":"Ana","last_name":"Example",'
        b'"created_at":"2023-01-02T08:00:00+00:00","updated_at":"%b"}'
    ) % (number, number, stamp)


def _line(rng: random.Random) -> tuple[bytes, int]:
    product, quantity, cents = rng.randrange(PRODUCTS), rng.randrange(1, 4), rng.randrange(100, 9_000)
    price = b"%d.%02d" % divmod(cents, 100)
    return (
        b'{"product_id":%d,"sku":"SKU-%d","name":"Blue mug %d","quantity":%d,"price":%b,'
        b'"url":"https://shop.example/mug/%d","image":"https://shop.example/mug-%d.jpg"}'
    ) % (product, product, product, quantity, price, product, product), quantity * cents


def _stamp(rng: random.Random) -> bytes:
    return (STAMP % (rng.randrange(1, 29), rng.randrange(24), rng.randrange(60), rng.randrange(60))).encode()
