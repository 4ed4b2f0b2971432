"""Templates: everything is escaped, nothing may be undefined, every room's templates stand below its name."""

import functools
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.loaders import BaseLoader, ChoiceLoader
from litestar.plugins.jinja import JinjaTemplateEngine

from tidings.kit import clock
from tidings.kit.pages import Form, Nav
from tidings.web.console import shown
from tidings.web.console.guard import ENOUGH
from tidings.web.console.static import Static
from tidings.web.console.visit import Visit

PACKAGE = Path(__file__).parents[2]
HTMX = msgspec.json.encode({
    "allowEval": False,
    "allowScriptTags": False,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    "historyCacheSize": 0,  # pages stay out of the browser's storage
    "refreshOnHistoryMiss": True,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..|422", "swap": True},
        {"code": "[45]..", "swap": False, "error": True},
    ],
}).decode()  # fmt: skip
OWN = PACKAGE / "web" / "templates"


class Pages(JinjaTemplateEngine):
    """The template engine: every template finds ``visit``, ``me``, ``here`` and ``nav``.

    Args:
        rooms: Packages that have templates, by name.
        nav: All pages that stand in the navigation.
        static: Where files are.
    """

    def __init__(self, rooms: Mapping[str, Path], nav: list[Nav], static: Static) -> None:
        self._nav = sorted(nav, key=lambda entry: entry.order)
        environment = Environment(
            loader=loader(rooms),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals |= {"static": static.address, "no_form": Form(), "htmx": HTMX}
        environment.filters |= {
            "number": shown.number,
            "money": shown.money,
            "pretty": shown.pretty,
            "words": shown.words,
            "size": shown.size,
        }
        super().__init__(engine_instance=environment)

    def compile(self) -> None:
        """Compile every template, which takes half a second that visitors would wait for bit by bit."""
        for name in self.engine.list_templates():
            self.engine.get_template(name)

    def get_template(self, template_name: str) -> Any:
        """Return a template that knows whose page it makes."""
        return Bound(self, super().get_template(template_name))

    def context(self, visit: Visit, here: str) -> dict[str, Any]:
        """Return what every template finds.

        Args:
            visit: Whose page it is.
            here: Its path.
        """
        person = visit.person
        role = person.user.role if person else None
        zone = zone_of(person.workspace.time_zone if person else "UTC")
        now = clock.now()
        return {
            "visit": visit,
            "me": person,
            "here": here,
            "nav": [entry for entry in self._nav if role and entry.role in ENOUGH and role in ENOUGH[entry.role]],
            "may": lambda needed: role is not None and role in ENOUGH[needed],
            "moment": lambda at, short=False: shown.moment(at, zone, now, short=short),
            "zone": str(zone),
            "origin": visit.origin,
        }

    def page(self, name: str, visit: Visit, here: str, **context: Any) -> bytes:
        """Return a page for which no route was reached."""
        html = self.engine.get_template(name).render(context | self.context(visit, here))
        return html.encode("utf-8", "replace")


class Bound:
    """A template with the engine that knows what else it needs.

    Args:
        pages: The engine.
        template: Jinja's.
    """

    def __init__(self, pages: Pages, template: Any) -> None:
        self._pages = pages
        self._template = template

    def render(self, *_: Any, **context: Any) -> str:
        """Return the page; lone surrogates, which stored text may hold, cannot go out as UTF-8."""
        scope = context["request"].scope
        html: str = self._template.render(context | self._pages.context(scope["auth"], scope["path"]))
        return html.encode("utf-8", "replace").decode()


@functools.cache
def zone_of(name: str) -> tzinfo:
    """Return a time zone; UTC where this machine no longer knows it, so that pages go on."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def loader(rooms: Mapping[str, Path]) -> BaseLoader:
    """Return what finds ``layout.html`` in our own folder and ``events/live.html`` in the room's."""
    own = FileSystemLoader(OWN)
    return ChoiceLoader([own, PrefixLoader({name: FileSystemLoader(path) for name, path in rooms.items()})])
