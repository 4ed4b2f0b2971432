"""The console's pages of this room: sources, declared types, users, tokens, audit log, settings, one's own account."""

from tidings.kit.pages import Nav
from tidings.tenants.pages import (
    account,
    audit,
    settings,
    source_changes,
    source_install,
    source_making,
    sources,
    tokens,
    types,
    users,
)

ROUTES = (
    *sources.ROUTES,
    *source_making.ROUTES,
    *source_changes.ROUTES,
    *source_install.ROUTES,
    *types.ROUTES,
    *tokens.ROUTES,
    *users.ROUTES,
    *audit.ROUTES,
    *settings.ROUTES,
    *account.ROUTES,
)
NAV = (
    Nav(title="Sources", path="/console/sources", order=65, key="c"),
    Nav(title="API tokens", path="/console/tokens", order=70, key="t", role="owner"),
    Nav(title="Users", path="/console/users", order=80, key="u", role="owner"),
    Nav(title="Audit log", path="/console/audit", order=90, key="a", role="owner"),
    Nav(title="Settings", path="/console/settings", order=100, key="s", role="owner"),
)
