"""Which picture the console shows of somebody."""

from typing import Any

import pytest

from tidings.profiles.pages.words import shown_picture

GIVEN = "https://pictures.example/ana.png"
GRAVATAR = (
    "https://gravatar.com/avatar/84059b07d4be67b806386c0aad8070a23f18836bbaae342275dc0a83414c32ee?s=112&d=404&r=g"
)


@pytest.mark.parametrize(
    ("avatars", "traits", "shown"),
    [
        ("given", {"avatar": GIVEN, "email": "MyEmailAddress@example.com"}, GIVEN),
        ("given", {"email": "MyEmailAddress@example.com"}, None),
        ("given", {"avatar": "http://pictures.example/ana.png"}, None),
        ("given", {"avatar": "javascript:alert(1)"}, None),
        ("gravatar", {"avatar": GIVEN, "email": "MyEmailAddress@example.com"}, GIVEN),
        ("gravatar", {"email": " MyEmailAddress@example.com "}, GRAVATAR),
        ("gravatar", {"email": "nobody"}, None),
        ("gravatar", {"email": 7}, None),
        ("initials", {"avatar": GIVEN, "email": "MyEmailAddress@example.com"}, None),
    ],
)
def test_the_picture_is_the_given_one_or_gravatars_if_that_is_set(
    avatars: str, traits: dict[str, Any], shown: str | None
) -> None:
    assert shown_picture(traits, avatars) == shown
