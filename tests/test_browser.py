"""The browser that tests use: nothing that goes wrong in a page goes unseen, and nobody else is disturbed."""

import asyncio

import pytest

from tests.browser import PHONE, Browse
from tests.serving import wait_for

POLICY = '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ("<script>console.error('broken')</script>", r"^console: broken"),
        ("<script>missing()</script>", r"^thrown: .*missing is not defined"),
        ("<script>Promise.reject(new Error('late'))</script>", r"^thrown: .*late"),
        (POLICY + "<script>quiet = 1</script>", r"CSP violation: script-src-elem keeps out inline"),
    ],
)
def test_a_fault_is_seen_and_can_be_allowed(browse: Browse, html: str, fault: str) -> None:
    page = browse()
    page.set_content(html)
    wait_for(lambda: page.evaluate("1") and browse.faults)
    browse.allow(fault)
    if fault.startswith("CSP"):
        browse.allow("violates the following Content Security Policy")
    assert browse.faults == []


def test_each_visitor_is_a_new_one(browse: Browse) -> None:
    wide, narrow = browse(), browse(PHONE, color_scheme="dark")
    for page in (wide, narrow):
        page.set_content('<meta name="viewport" content="width=device-width">')
    wide.context.add_cookies([{"name": "who", "value": "alice", "url": "http://shop.example"}])
    assert narrow.context.cookies() == []
    assert wide.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [1280, False]
    assert narrow.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [390, True]


def test_others_can_use_asyncio_meanwhile(chromium: object) -> None:
    del chromium
    assert asyncio.run(asyncio.sleep(0, "done")) == "done"
