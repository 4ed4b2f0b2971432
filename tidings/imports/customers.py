"""Lines of a file of customers."""

from tidings.dialects.calls import identifiers
from tidings.dialects.calls.traits import of_user
from tidings.events.model import Event, ExternalId, Members
from tidings.events.reports import Channel, Statement
from tidings.imports.columns import Columns
from tidings.imports.model import Entry, Setting, Unusable
from tidings.imports.values import Cells
from tidings.kit.times import iso

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "customer_id", "user_id", "shopper_id", "contact_id", "client_id"),
    "pos_id": ("pos_id",),
    "email": ("email", "email_address", "e_mail", "mail", "customer_email"),
    "phone": ("phone", "phone_number", "sms_phone_number", "mobile", "mobile_phone", "telephone"),
    "first_name": ("first_name", "firstname", "given_name", "forename"),
    "last_name": ("last_name", "lastname", "family_name", "surname"),
    "name": ("name", "full_name", "customer_name", "display_name"),
    "title": ("title", "prefix", "salutation"),
    "gender": ("gender", "sex"),
    "birthdate": ("birthdate", "birthday", "birth_date", "date_of_birth", "dob"),
    "company": ("company", "default_address_company"),
    "street": ("street", "address", "address1", "address_1", "address_line_1", "default_address_address1"),
    "city": ("city", "town", "default_address_city"),
    "state": ("state", "region", "province", "province_code", "default_address_province_code"),
    "postal_code": ("postal_code", "zip", "zip_code", "postcode", "default_address_zip"),
    "country": ("country", "country_code", "default_address_country_code"),
    "created_at": ("created_at", "created", "date_created", "registered_at", "registration_date", "signup_date"),
    "updated_at": ("updated_at", "updated", "modified_at", "date_modified", "last_modified"),
    "accepts_marketing": (
        "accepts_marketing",
        "accepts_email_marketing",
        "opt_in_status",
        "opt_in",
        "email_opt_in",
        "newsletter",
        "subscribed",
    ),
    "accepts_sms_marketing": ("accepts_sms_marketing", "sms_opt_in", "sms_opt_in_status"),
    "tags": ("tags",),
    "extra_tags": ("extra_shopper_tags", "extra_tags"),
}
REQUIRED = (("id", "email", "phone", "pos_id"),)
_TRAITS = {
    "email": "email",
    "phone": "phone",
    "first_name": "firstName",
    "last_name": "lastName",
    "name": "name",
    "title": "title",
    "gender": "gender",
    "birthdate": "birthday",
}
_ADDRESS = {"street": "street", "city": "city", "state": "state", "postal_code": "postalCode", "country": "country"}
_WISHES: tuple[tuple[str, Channel], ...] = (("accepts_marketing", "email"), ("accepts_sms_marketing", "sms"))


class Customers:
    """Makes events of customers.

    Args:
        columns: Of the file.
        setting: What holds for all lines.
    """

    def __init__(self, columns: Columns, setting: Setting) -> None:
        self._columns = columns
        self._setting = setting

    def event(self, entry: Entry) -> Event:
        """Return what a line says.

        Raises:
            Unusable: It cannot be used.
        """
        row = entry.rows[0]
        cells = Cells(self._columns.values(row.cells), self._columns, self._setting.zone)
        created, updated = cells.moment("created_at"), cells.moment("updated_at")
        time = next((moment for moment in (updated, created) if moment is not None), self._setting.started)
        event = Event(
            verb="identify",
            message_id=f"{self._setting.stamp}:{row.line}",
            time=time,
            active=False,  # that somebody is on a list is no visit
        )
        identify(event, cells, "id", self._setting.country)
        pos_id = identifiers.read(cells.text("pos_id"), "pos_id", event.notes)
        if pos_id is not None:
            event.external_ids = [ExternalId("pos_id", pos_id)]
        if not (event.user_id or event.email or event.phone or event.external_ids):
            raise Unusable("it names nobody: no id, email or phone that can be used")
        event.traits = of_user(self._columns.further(row.cells) | traits_of(cells))
        if created is not None:
            event.traits["createdAt"] = iso(created)
        if cells.has("tags"):
            event.traits["tags"] = cells.items("tags", ",;")
        if cells.has("extra_tags"):
            event.additions = {"tags": cells.items("extra_tags", ";")}
        event.statements = statements_of(cells)
        return event


def identify(event: Event, cells: Cells, member: str, country: str | None) -> None:
    """Write into an event whose it is.

    Args:
        event: Gets identifiers, and remarks on what cannot be one.
        cells: Of the line.
        member: That has the shop's own id.
        country: By which phones without ``+`` are read.

    Raises:
        Unusable: The address cannot be one.
    """
    event.user_id = identifiers.read(cells.text(member), member, event.notes)
    event.email = cells.email("email")
    event.phone = cells.phone("phone", country, event.notes)


def traits_of(cells: Cells) -> Members:
    """Return what a line says of a customer, under the documented names of traits."""
    traits: Members = {trait: cells.text(member) for member, trait in _TRAITS.items() if cells.has(member)}
    if cells.has("company"):
        traits["company"] = {"name": cells.text("company")}
    address = {part: cells.text(member) for member, part in _ADDRESS.items() if cells.has(member)}
    if address:
        traits["address"] = address
    return traits


def statements_of(cells: Cells) -> list[Statement]:
    """Return what a line says about what a customer wants to receive.

    Raises:
        Unusable: It is neither yes nor no.
    """
    wishes = [(channel, cells.flag(member)) for member, channel in _WISHES]
    return [Statement(channel=channel, wish="yes" if wish else "no") for channel, wish in wishes if wish is not None]
