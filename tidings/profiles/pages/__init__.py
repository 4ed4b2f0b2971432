"""The console's pages of this room: customers and groups."""

from tidings.kit.pages import Nav
from tidings.profiles.pages import groups, people

ROUTES = (*people.ROUTES, *groups.ROUTES)
NAV = (
    Nav(title="Profiles", path="/console/profiles", order=40, key="p"),
    Nav(title="Groups", path="/console/groups", order=50, key="r"),
)
