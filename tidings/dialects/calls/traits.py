"""Reserved traits and their spellings."""

import re

from tidings.events.model import Members

_USER = [
    "address",
    "age",
    "avatar",
    "birthday",
    "company",
    "createdAt",
    "description",
    "email",
    "firstName",
    "gender",
    "id",
    "lastName",
    "name",
    "phone",
    "title",
    "username",
    "website",
]
_GROUP = [
    "address",
    "avatar",
    "createdAt",
    "description",
    "email",
    "employees",
    "id",
    "industry",
    "name",
    "phone",
    "plan",
    "website",
]
_ADDRESS = ["street", "city", "state", "postalCode", "country"]


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name)


_USER_SPELLINGS = {_snake(name): name for name in _USER if _snake(name) != name}
_ADDRESS_SPELLINGS = {_snake(name): name for name in _ADDRESS if _snake(name) != name}
_COMPANY_SPELLINGS = {"employeeCount": "employee_count"}  # documented in snake_case
_GROUP_SPELLINGS = {spelling.lower(): name for name in _GROUP for spelling in (name, _snake(name))}


def of_user(traits: Members) -> Members:
    """Return a customer's traits with the reserved ones in their documented spelling.

    ``name`` is made of first and last name where it is absent. Where both spellings of a trait are there, the
    documented one counts and the other stays as a trait of its own.

    Args:
        traits: What the event has; may be changed.
    """
    traits = _respell(traits, _USER_SPELLINGS)
    if "address" in traits:
        _respell_nested(traits, "address", _ADDRESS_SPELLINGS)
    if "company" in traits:
        _respell_nested(traits, "company", _COMPANY_SPELLINGS)
    if "name" not in traits:
        first, last = traits.get("firstName"), traits.get("lastName")
        if isinstance(first, str) and isinstance(last, str):
            name = f"{first.strip()} {last.strip()}".strip()
            if name:
                traits["name"] = name
    return traits


def of_group(traits: Members) -> Members:
    """Return a group's traits with the reserved ones, in any case, in their documented spelling.

    Args:
        traits: What the event has; may be changed.
    """
    spellings = {key: _GROUP_SPELLINGS[key.lower()] for key in traits if key.lower() in _GROUP_SPELLINGS}
    traits = _respell(traits, spellings)
    _respell_nested(traits, "address", _ADDRESS_SPELLINGS)
    return traits


def _respell(members: Members, spellings: dict[str, str]) -> Members:
    if members.keys().isdisjoint(spellings):
        return members
    respelt = {spellings.get(key, key): value for key, value in members.items()}
    if len(respelt) == len(members):
        return respelt
    respelt = {}  # some have both spellings
    for key, value in members.items():
        wanted = spellings.get(key)
        if wanted is None or (wanted != key and (wanted in members or wanted in respelt)):
            wanted = key
        respelt[wanted] = value
    return respelt


def _respell_nested(traits: Members, name: str, spellings: dict[str, str]) -> None:
    nested = traits.get(name)
    if isinstance(nested, dict):
        traits[name] = _respell(nested, spellings)
