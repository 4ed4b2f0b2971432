"""The console's pages of this room: overview, live events, refused requests."""

from tidings.events.pages import live, overview, refused
from tidings.kit.pages import Nav

ROUTES = (*overview.ROUTES, *live.ROUTES, *refused.ROUTES)
NAV = (
    Nav(title="Overview", path="/console", order=10, key="o"),
    Nav(title="Events", path="/console/events", order=20, key="e"),
    Nav(title="Refused", path="/console/refused", order=60, key="x"),
)
