"""Files of customers, as shops export them."""

import pytest

from tests.imports.files import HASH, NOW, STARTED, read
from tidings.events.model import ExternalId
from tidings.events.reports import Statement
from tidings.kit import times

DAY = times.parse("2024-03-01") or 0


def test_the_columns_of_an_sftp_export() -> None:
    event = read(
        "customers",
        "id,pos_id,email,sms_phone_number,first_name,last_name,created_at,opt_in_status,gender,extra_shopper_tags,"
        "birthdate\n"
        "0077,p-1,Ana@Example.org,+351 912 345 678,Ana,Silva,2024-03-01,1,female,vip;blue,1990-02-28\n",
        stamp="import:customers:1.2:" + HASH,
    ).only
    assert (event.verb, event.name, event.active, event.time) == ("identify", None, False, DAY)
    assert event.message_id == f"import:customers:1.2:{HASH}:2"
    assert (event.user_id, event.email, event.phone) == ("0077", "ana@example.org", "+351912345678")
    assert event.external_ids == [ExternalId("pos_id", "p-1")]
    assert event.traits == {
        "firstName": "Ana",
        "lastName": "Silva",
        "name": "Ana Silva",
        "email": "Ana@Example.org",
        "phone": "+351 912 345 678",
        "gender": "female",
        "birthday": "1990-02-28",
        "createdAt": "2024-03-01T00:00:00.000Z",
    }
    assert event.additions == {"tags": ["vip", "blue"]}
    assert event.statements == [Statement(channel="email", wish="yes")]


def test_further_columns_become_traits_and_empty_cells_say_nothing() -> None:
    event = read("customers", "email;Shoe Size;plan;;tags;zip;City\na@b.example;42;;x;a, b;01234;Porto\n").only
    assert event.traits == {
        "email": "a@b.example",
        "Shoe Size": "42",
        "tags": ["a", "b"],
        "address": {"city": "Porto", "postalCode": "01234"},
    }
    assert (event.time, event.statements, event.additions) == (STARTED, [], {})


@pytest.mark.parametrize(
    ("cell", "wishes"), [("1", ["yes"]), ("0", ["no"]), ("", []), ("yes", ["yes"]), ("FALSE", ["no"]), ("null", [])]
)
def test_what_a_customer_wants_to_receive(cell: str, wishes: list[str]) -> None:
    event = read("customers", f"email,accepts_marketing,accepts_sms_marketing\na@b.example,{cell},0\n").only
    assert [one.wish for one in event.statements if one.channel == "email"] == wishes
    assert [one.wish for one in event.statements if one.channel == "sms"] == ["no"]


def test_the_newest_state_counts_and_none_is_of_the_future() -> None:
    found = read("customers", "id,created_at,updated_at\n1,2024-01-01,2024-03-01\n2,2999-01-01,\n")
    assert [event.time for event in found.events] == [DAY, NOW]


def test_phones_are_read_by_a_country_and_kept_where_they_cannot_be() -> None:
    text = "id,phone\n1,030 123456\n"
    assert read("customers", text, country="DE").only.phone == "+4930123456"
    event = read("customers", text).only
    assert (event.phone, event.traits["phone"]) == (None, "030 123456")
    assert event.notes == ["no usable phone: 030 123456"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (",", "names nobody"),
        ("0,", "names nobody"),
        ("null,", "names nobody"),
        ("1,nobody", "email: 'nobody' is no mail address"),
    ],
)
def test_lines_that_cannot_be_used(line: str, reason: str) -> None:
    found = read("customers", f"id,email,x\n{line},y\n2,b@b.example,z\n")
    assert reason in found.reasons[2]
    assert [event.user_id for event in found.events] == ["2"]


def test_a_blocked_id_is_left_out_where_something_else_names_the_customer() -> None:
    event = read("customers", "id,email\n0,a@b.example\n").only
    assert (event.user_id, event.email, event.notes) == (None, "a@b.example", ["blocked id: 0"])
