"""Values that somebody may send us and that every page has to show as text: nothing of them may come to life.

Store ``HOSTILE`` wherever a sender decides what is stored, open every page that shows it, and hold ``assert_harmless``
against the HTML; in a real browser, ``browse`` fails by itself if one of them runs, since that breaks the policy.
"""

import re
from html.parser import HTMLParser

MARK = "xx-hostile"  # in an attribute or a tag of a page it proves that something got out of its text

HOSTILE = [
    f"<script>alert('{MARK}')</script>",
    f"<img src=x onerror=alert('{MARK}')>",
    f'"><svg onload="alert(\'{MARK}\')">',
    f"' onmouseover='alert(\"{MARK}\")' x='",
    f"javascript:alert('{MARK}')",
    f"data:text/html,<script>alert('{MARK}')</script>",
    f"{{{{ 7 * 7 }}}} {{% raw %}} {MARK}",
    f"</title></textarea></style></script><b class={MARK}>",
    f"<!-- {MARK} --> ]]> <?php ?>",
    f"&lt;b&gt; &#60;b class={MARK}&#62;",
    f"\u202e gnp.{MARK} \u2066 \u200b \ufeff",
    f"=cmd|'/c {MARK}'!A1",
    f"../../../{MARK}/%2e%2e/%00?next=//evil.example#frag",
    f"a\tb\nc\rd {MARK}",
    "\U0001f600" * 40 + MARK,
    MARK + "W" * 600,
]

# Of sources, tokens, brands and users: one line without control characters, at most 100 characters.
HOSTILE_LINES = [text for text in HOSTILE if len(text) <= 100 and not re.search(r"[\x00-\x1f\x7f]", text)]

ATTRIBUTES = {"value", "content", "title", "aria-label", "data-label", "href", "action", "id", "for", "label"}
ATTRIBUTES |= {"aria-labelledby", "data-dialog", "data-fresh", "data-points", "datetime", "name"}
SCHEME = re.compile(r"\s*(javascript|data|vbscript):", re.IGNORECASE)


class Seen(HTMLParser):
    """Everything of a page that is not text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if MARK in tag or tag == "style" or (tag == "script" and "src" not in dict(attrs)):
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            alive = name.startswith("on") or name == "style" or MARK in name
            misplaced = MARK in (value or "") and name not in ATTRIBUTES
            leads_away = name in ("href", "src", "action") and SCHEME.match(value or "")
            if alive or misplaced or leads_away:
                self.faults.append(f"<{tag} {name}={value!r}>")

    def handle_comment(self, data: str) -> None:
        if MARK in data:
            self.faults.append(f"<!--{data}-->")


def faults(html: str) -> list[str]:
    """Return what of the hostile values is more than text in a page."""
    seen = Seen()
    seen.feed(html)
    seen.close()
    return seen.faults


def assert_harmless(html: str) -> None:
    """Fail if any hostile value is more than text in a page."""
    assert faults(html) == []
