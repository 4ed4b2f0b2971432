"""What the rooms above the profiles add to the export of a customer."""

from tidings.commerce import service as commerce
from tidings.consent import service as consent
from tidings.profiles.export import Section

SECTIONS: tuple[Section, ...] = (commerce.export_of, consent.export_of)
