"""Suppressions, sign-ups that wait, settings, and consent of a customer, whatever it is called."""

import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser import DESKTOP, Browse
from tests.consent.talking import Newsletter
from tests.serving import wait_for
from tests.web.console.accessible import assert_accessible
from tests.web.console.conftest import Console
from tests.web.console.hostile import HOSTILE, MARK, assert_harmless
from tests.web.console.test_browser import LOOKS, assert_fits, signed_in
from tests.web.console.test_profile_pages import text_of
from tests.web.console.visitor import Page, Visitor

ANA, BEA, CLEO = "ana@shop.example", "bea@shop.example", "cleo@shop.example"
PATH = "/console/suppressions"


class Shop:
    """A newsletter, and who is on it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.news = Newsletter(console.server)
        self.news.subscribe(ANA, client_ip="192.0.2.7", form="footer")
        self.news.unsubscribe(ANA, client_ip="192.0.2.8", reason="too many mails")
        self.news.subscribe(BEA, double_optin_required=True, client_ip="192.0.2.9", form="checkout")

    def number(self, email: str) -> int:
        query = "SELECT p.root_id FROM identifiers i JOIN profiles p ON p.id = i.profile_id WHERE i.value = ?"
        return int(self.console.query(query, email)[0][0])

    def consent(self, email: str, visitor: Visitor | None = None, **headers: str) -> Page:
        page = (visitor or self.console.viewer).get(f"/console/profiles/{self.number(email)}/consent", **headers)
        assert page.status == 200, page.text
        return page

    def tell(self, email: str, visitor: Visitor | None = None, **fields: str) -> Page:
        who = visitor or self.console.editor
        return who.post(f"/console/profiles/{self.number(email)}/consent", {"channel": "email"} | fields)


@pytest.fixture(scope="module")
def shop(console: Console) -> Shop:
    return Shop(console)


def add(visitor: Visitor, address: str, kind: str = "manually_suppressed", **more: str) -> Page:
    channel = "email" if "@" in address else "sms"
    return visitor.post(PATH, {"channel": channel, "address": address, "type": kind} | more)


def lift(visitor: Visitor, address: str, kind: str = "manually_suppressed", reason: str = "a mistake") -> Page:
    fields = {"channel": "email", "address": address, "type": kind, "reason": reason}
    return visitor.post(f"{PATH}/lift", fields)


def listed(visitor: Visitor, **narrowed: Any) -> str:
    page = visitor.get(f"{PATH}?{urlencode(narrowed)}")
    assert page.status == 200, page.text
    assert_harmless(page.text)
    return text_of(page)


def upload(visitor: Visitor, content: bytes, name: str = "list.csv", **fields: str) -> Page:
    """Send a form with a file, as a browser does."""
    sent = {"csrf": visitor.csrf(), "type": "unsubscribed", "pasted": ""} | fields
    parts = [f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in sent.items()]
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/csv\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + content + b"\r\n--x--\r\n"
    return visitor.request("POST", f"{PATH}/import", body, Content_Type="multipart/form-data; boundary=x")


def ended(visitor: Visitor, page: Page) -> Page:
    """Wait for the end of an import, and return its page."""
    assert page.status == 303, page.text
    wait_for(lambda: "every 1s" not in visitor.get(page.location).text)
    return visitor.get(page.location)


def figures(page: Page) -> dict[str, str]:
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page.text))


def exported(visitor: Visitor, query: str = "") -> list[list[str]]:
    page = visitor.get(f"{PATH}/export{query}")
    assert (page.status, page.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert "attachment" in page.headers["content-disposition"]
    return list(csv.reader(io.StringIO(page.body.decode(), newline="")))


def test_a_suppression_is_added_found_and_lifted(console: Console, shop: Shop) -> None:
    editor = console.editor
    page = editor.follow(add(editor, "Zoe@Shop.example", reason="asked on the phone"))
    assert "Nothing is sent to Zoe@Shop.example from now on" in page.said[0]
    assert "zoe@shop.example Email Manually suppressed" in listed(console.viewer, search="ZOE@")
    assert "asked on the phone" in listed(console.viewer, search="zoe", type="manually_suppressed", channel="email")
    for narrowed in ({"type": "hard_bounce"}, {"channel": "sms"}, {"active": "no"}, {"search": "y"}):
        assert "zoe@" not in listed(console.viewer, **({"search": "zoe"} | narrowed)).replace('value="zoe', "")
    assert "was suppressed like that already" in editor.follow(add(editor, "zoe@shop.example")).said[0]
    refused = editor.follow(lift(editor, "zoe@shop.example", reason=" "))
    assert "say why it is lifted" in refused.said[0]
    page = editor.follow(lift(editor, "zoe@shop.example"))
    assert "was lifted" in page.said[0]
    assert "zoe@shop.example" not in listed(console.viewer, search="zoe@").replace("begins with", "")
    assert "zoe@shop.example Email Manually suppressed" in listed(console.viewer, search="zoe@", active="no")
    assert "not suppressed like that any more" in editor.follow(lift(editor, "zoe@shop.example")).said[0]
    audited = console.query(
        "SELECT action, detail FROM audit WHERE action LIKE 'suppression.%' ORDER BY id DESC LIMIT 2"
    )
    assert [row[0] for row in audited] == ["suppression.lifted", "suppression.added"]
    assert "zoe" not in str(audited)


def test_only_the_customer_lifts_unsubscribed(console: Console, shop: Shop) -> None:
    text = listed(console.editor, search=ANA)
    assert f"{ANA} Email Unsubscribed" in text
    assert "only the customer lifts it" in text
    page = console.editor.follow(lift(console.editor, ANA, "unsubscribed"))
    assert "only the customer can lift unsubscribed" in page.said[0]
    assert f"{ANA} Email Unsubscribed" in listed(console.viewer, search=ANA)


def test_what_is_wrong_is_said_at_its_field(console: Console) -> None:
    for fields, fault in (
        ({"address": "nobody"}, "is not an email address"),
        ({"address": ""}, "Fill this in"),
        ({"address": "a@b.example", "type": "unheard"}, "Choose one of the options"),
        ({"address": "a@b.example", "type": "pending_opt_in"}, "cannot be added by hand"),
        ({"address": "a@b.example", "reason": "x" * 501}, "Use at most 500 characters"),
    ):
        sent = {"channel": "email", "type": "hard_bounce"} | fields
        page = console.editor.post(PATH, sent)
        assert (page.status, fault in "".join(page.faults)) == (422, True), page.faults
    for query in ("channel=fax", "type=unheard", "active=maybe", "cursor=nonsense"):
        assert console.viewer.get(f"{PATH}?{query}").status == 400


def test_a_customer_and_what_may_be_sent(console: Console, shop: Shop) -> None:
    text = text_of(shop.consent(ANA))
    assert "Marketing not sent The customer has unsubscribed this address." in text
    assert "Transactional may be sent" in text
    assert "from 192.0.2.8 words too many mails" in text
    assert "Email: wants it" in text
    assert "form footer" in text
    section = shop.consent(ANA, HX_Request="true").text
    assert "<html" not in section
    assert "The customer has unsubscribed this address." in section
    assert "Record it" not in section  # a viewer changes nothing
    assert "Record it" in shop.consent(ANA, console.editor, HX_Request="true").text
    profile = console.viewer.get(f"/console/profiles/{shop.number(ANA)}").text
    assert f'href="/console/profiles/{shop.number(ANA)}/consent"' in profile
    assert console.viewer.get("/console/profiles/999999/consent").status == 404


def test_a_wish_is_recorded(console: Console, shop: Shop) -> None:
    shop.news.unsubscribe(CLEO)
    page = shop.tell(CLEO, wish="subscribe")
    assert page.status == 422
    assert "say how the customer told you" in page.text
    assert shop.tell(CLEO, wish="maybe").status == 422
    assert "is no address of this customer" in shop.tell(CLEO, wish="no", address=ANA).text
    page = console.editor.follow(shop.tell(CLEO, wish="subscribe", reason="on the telephone"))
    assert "It was recorded, with your name." in page.said[0]
    text = text_of(shop.consent(CLEO))
    assert "Marketing may be sent The customer wants it." in text
    assert "“ on the telephone ”" in text
    assert "by bob@example.org" in text
    console.editor.follow(shop.tell(CLEO, wish="no"))
    assert "Marketing not sent The customer does not want it." in text_of(shop.consent(CLEO))
    console.editor.follow(shop.tell(CLEO, wish="subscribe", reason="by mail", confirm="on"))
    assert "waits for the confirmation" in text_of(shop.consent(CLEO))


def test_the_number_of_a_merged_profile_leads_on(console: Console, shop: Shop) -> None:
    shop.news.tell("customers/create", id=901, email="merged@shop.example")
    console.send({"type": "identify", "anonymousId": "to-be-merged"})
    child = console.query("SELECT profile_id FROM identifiers WHERE value = 'to-be-merged'")[0][0]
    console.send({"type": "identify", "anonymousId": "to-be-merged", "traits": {"email": "merged@shop.example"}})
    root = shop.number("merged@shop.example")
    assert child != root
    assert console.viewer.get(f"/console/profiles/{child}/consent").location == f"/console/profiles/{root}/consent"


def test_sign_ups_wait_with_their_links(console: Console, shop: Shop) -> None:
    page = console.editor.get(f"{PATH}/waiting")
    (link,) = re.findall(rf"http://127.0.0.1:{console.server.port}(/tidings/confirm/[\w.-]+)", page.text)[-1:]
    text = text_of(page)
    assert BEA in text
    assert "checkout from 192.0.2.9" in text
    seen = console.viewer.get(f"{PATH}/waiting").text
    assert BEA in seen
    assert "/tidings/confirm/" not in seen  # who has the link can confirm
    assert console.stranger.get(f"{PATH}/waiting").text.count(BEA) == 0
    assert console.server.call("POST", link, b"").status == 200
    assert BEA not in console.viewer.get(f"{PATH}/waiting").text
    assert "confirmed by double opt-in" in text_of(shop.consent(BEA))


def test_settings_are_an_owners(console: Console) -> None:
    path = f"{PATH}/settings"
    assert re.findall(r'value="as_asked" required checked', console.owner.get(path).text)
    assert console.owner.post(path, {"mail_unknown": "on"}).status == 422
    page = console.owner.follow(console.owner.post(path, {"double_opt_in": "always", "mail_unknown": "on"}))
    assert "were changed" in page.said[0]
    assert re.findall(r'value="always" required checked', page.text)
    assert re.findall(r'name="mail_unknown" value="on" checked', page.text)
    console.owner.post(path, {"double_opt_in": "as_asked"})
    assert console.query("SELECT mail_unknown, double_opt_in FROM consent_settings") == [(0, "as_asked")]


def test_a_file_is_imported_with_a_report(console: Console, shop: Shop) -> None:
    editor = console.editor
    content = "email,type,reason\nf1@list.example,hard bounce,550\nnobody,,\n=cmd|'/c calc',,\nf2@list.example,,\n"
    page = ended(editor, upload(editor, content.encode(), "=evil.csv", reason="old shop"))
    assert figures(page) == {"Added": "2", "Suppressed before": "0", "Refused lines": "2"}
    assert "f1@list.example Email Hard bounce" in listed(console.viewer, search="f1@")
    assert "old shop" in listed(console.viewer, search="f2@")
    report = editor.get(re.findall(r'href="([^"]+/import/\d+/refused)"', page.text)[0])
    rows = list(csv.reader(io.StringIO(report.body.decode(), newline="")))
    assert [row[0] for row in rows] == ["line", "3", "4"]
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
    again = ended(editor, upload(editor, content.encode()))
    assert figures(again) == {"Added": "0", "Suppressed before": "2", "Refused lines": "2"}
    assert "=evil.csv" in editor.get(f"{PATH}/import").text
    assert "=evil.csv" not in console.stranger.get(f"{PATH}/import").text


def test_what_cannot_be_imported(console: Console) -> None:
    editor = console.editor
    for page, fault in (
        (editor.post(f"{PATH}/import", {"type": "unsubscribed"}), "Choose a file or paste a list"),
        (upload(editor, b"a@b.example", pasted="c@d.example"), "one of the two"),
        (upload(editor, b"a@b.example", type="pending_opt_in"), "Choose one of the options"),
    ):
        assert (page.status, fault in "".join(page.faults)) == (422, True), page.faults
    page = ended(editor, upload(editor, "a@b.example".encode("utf-16")))
    assert "It ended before its end: the file is UTF-16" in text_of(page)
    assert upload(editor, b"a@b.example", csrf="").status == 403
    assert upload(editor, b"a@b.example\n" * 1_500_000).status == 413
    assert upload(editor, b"a@b.example", reason="\0").status == 400
    kind = "multipart/form-data"
    for body in (b"", b"--x", b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\xff\r\n--x--\r\n'):
        for boundary in ("", "; boundary=x"):
            page = editor.request("POST", f"{PATH}/import", body, Content_Type=kind + boundary)
            assert page.status in (400, 403), (body, boundary)
    assert editor.get(f"{PATH}/import/999").status == 404


def test_a_list_goes_out_and_comes_back(console: Console, shop: Shop) -> None:
    editor = console.editor
    for address in ("=1+1@round.example", "-minus@round.example", "'=quoted@round.example", "+4915100000"):
        add(editor, address, "suspected_as_spam", reason="=1+1")
    rows = exported(editor, "?type=suspected_as_spam")
    assert rows[0] == ["channel", "address", "type", "active", "added", "lifted", "reason"]
    assert {row[1] for row in rows[1:]} == {
        "'=1+1@round.example", "'-minus@round.example", "''=quoted@round.example", "'+4915100000"
    }  # fmt: skip
    assert {row[6] for row in rows[1:]} == {"'=1+1"}
    file = io.StringIO(newline="")
    csv.writer(file).writerows(rows)
    before = console.query("SELECT count(*) FROM consent_suppressions")
    stranger = console.stranger
    assert figures(ended(stranger, upload(stranger, file.getvalue().encode())))["Added"] == "4"
    assert exported(stranger)[1:] and [row[:3] for row in exported(stranger)] == [row[:3] for row in rows]
    assert figures(ended(editor, upload(editor, file.getvalue().encode())))["Suppressed before"] == "4"
    assert console.query("SELECT count(*) FROM consent_suppressions") == [(before[0][0] + 4,)]
    assert exported(editor, "?search=nobody") == [rows[0]]


def test_ten_thousand_addresses(console: Console) -> None:
    stranger = console.stranger
    content = b"".join(b"customer-%d@many.example\n" % number for number in range(10_000))
    begun = upload(stranger, content)
    assert upload(stranger, b"a@b.example").status == 422  # one at a time
    seen = set()

    def at_its_end() -> bool:
        page = stranger.get(begun.location, HX_Request="true")
        seen.update(re.findall(r'<progress value="(\d+)"', page.text))
        return "every 1s" not in page.text

    wait_for(at_its_end, 120)
    assert len(seen) > 2  # it shows how far it is
    assert figures(stranger.get(begun.location))["Added"].replace("\N{NARROW NO-BREAK SPACE}", "") == "10000"
    assert len(exported(stranger, "?search=customer-")) == 10_001
    assert "1\N{NARROW NO-BREAK SPACE}000 or more" in stranger.get(PATH).text


def test_hostile_values_are_text(console: Console, shop: Shop) -> None:
    for number, text in enumerate(HOSTILE):
        shop.news.subscribe(f"hostile-{number}@shop.example", form=text, reason=text, double_optin_required=True)
        shop.news.unsubscribe("hostile@shop.example", form=text, reason=text, client_ip=text)
        add(console.editor, "hostile@shop.example", "soft_bounce", reason=text[:500])
        assert_harmless(
            upload(console.editor, text.encode(), text.replace('"', "'").replace("\n", " ").replace("\r", " ")).text
        )
        wait_for(lambda: "under way" not in console.editor.get(f"{PATH}/import").text)
    for path in (
        PATH,
        f"{PATH}?active=no",
        f"{PATH}/waiting",
        f"{PATH}/import",
        f"{PATH}?{urlencode({'search': HOSTILE[2]})}",
    ):
        page = console.editor.get(path)
        assert page.status == 200
        assert_harmless(page.text)
    for number in re.findall(r'href="/console/suppressions/import/(\d+)"', console.editor.get(f"{PATH}/import").text):
        assert_harmless(console.editor.get(f"{PATH}/import/{number}").text)
    page = shop.consent("hostile@shop.example", console.editor)
    assert MARK in page.text
    assert_harmless(page.text)


@pytest.mark.parametrize("look", LOOKS)
def test_the_pages_are_for_everybody(console: Console, shop: Shop, browse: Browse, look: str) -> None:
    page = signed_in(browse, console.owner, LOOKS[look])
    number = console.known()["import_id"]
    for path in ("", "?type=hard_bounce", "/waiting", "/import", f"/import/{number}", "/settings"):
        page.goto(f"{console.server.url}{PATH}{path}")
        assert_fits(page)
        assert_accessible(page)
    page.goto(f"{console.server.url}/console/profiles/{shop.number(ANA)}/consent")
    assert_fits(page)
    assert_accessible(page)
    page.goto(f"{console.server.url}/console/profiles/{shop.number(ANA)}")
    page.get_by_role("heading", name="Consent").scroll_into_view_if_needed()
    expect(page.get_by_text("The customer has unsubscribed this address.")).to_be_visible()
    assert_fits(page)
    assert_accessible(page)


def test_by_hand_in_a_browser(console: Console, shop: Shop, browse: Browse) -> None:
    page = signed_in(browse, console.editor, DESKTOP)
    page.goto(f"{console.server.url}/console/profiles/{shop.number(ANA)}")
    mail = page.locator("section", has=page.locator("#channel-email")).last
    mail.get_by_role("button", name="They subscribed").click()
    dialog = page.get_by_role("dialog", name="Record that they want it?")
    assert_accessible(page)
    dialog.get_by_label("How they told you").fill("in the shop, today")
    dialog.get_by_role("button", name="Record it").click()
    expect(page.get_by_role("status")).to_contain_text("It was recorded, with your name.")
    expect(page.get_by_text("The customer wants it.")).to_be_visible()
    page.goto(f"{console.server.url}{PATH}/import")
    page.get_by_label("File").set_input_files(
        {"name": "list.txt", "mimeType": "text/plain", "buffer": b"by-hand@list.example\nnobody\n"}
    )
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("All of the list is done.")).to_be_visible()
    expect(page.get_by_role("cell", name="nobody", exact=True)).to_be_visible()


def test_without_scripts(console: Console, shop: Shop, browse: Browse) -> None:
    page = signed_in(browse, console.editor, DESKTOP | {"java_script_enabled": False})
    page.goto(f"{console.server.url}/console/profiles/{shop.number(ANA)}")
    page.get_by_role("link", name="What this customer wants to receive").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Consent")
    page.goto(f"{console.server.url}{PATH}/import")
    page.get_by_label("Or paste addresses").fill("no-script@list.example")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Pasted list")
