"""What axe-core says of a page."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "node/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a page as it is shown now, serious or not.

    The script comes in by the browser's debugger, which the page's own policy says nothing about.
    """
    page.evaluate(AXE.read_text("utf-8"))
    found: Any = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [
        f"{one['impact']} {one['id']}: {one['help']} {json.dumps([node['html'][:200] for node in one['nodes']])}"
        for one in found["violations"]
    ]


def assert_accessible(page: Page) -> None:
    """Fail if axe-core finds anything."""
    found = violations(page)
    assert not found, "\n".join([page.url, *found])
