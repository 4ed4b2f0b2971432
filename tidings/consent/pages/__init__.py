"""The console's pages of this room: suppressions, sign-ups that wait, settings, and consent of a customer."""

from tidings.consent.pages import customer, suppressions, waiting
from tidings.kit.pages import Nav

ROUTES = (*suppressions.ROUTES, *waiting.ROUTES, *customer.ROUTES)
NAV = (Nav(title="Suppressions", path="/console/suppressions", order=58, key="b"),)
