"""Logging in: every answer of the token endpoint, and how long a token holds."""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from tests.dialects.asking import RECEIVED
from tests.dialects.ray.shop import EVENT, FORM, LOGIN, accounts, basic, call, login, said, send, token
from tidings.dialects.ray import RAY
from tidings.dialects.ray.tokens import LIFETIME

CLIENT = basic(LOGIN.client_id, LOGIN.client_secret)


def bearer(value: str, scheme: str = "Bearer") -> dict[str, str]:
    return {"authorization": f"{scheme} {value}"}


def test_a_login_answers_with_a_token_that_is_kept_by_nobody() -> None:
    intake = login()
    answer = said(intake)
    assert intake.reply.status == 200
    assert answer.keys() == {"access_token", "token_type", "expires_in", "scope", "jti"}
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("bearer", 43199, "read write")
    assert {(b"cache-control", b"no-store"), (b"pragma", b"no-cache")} <= set(intake.reply.headers)
    assert intake.events == []
    assert said(login())["access_token"] != answer["access_token"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_opens_the_other_paths(scheme: str) -> None:
    sources = accounts()
    value = said(login(sources=sources))["access_token"]
    assert send([EVENT], sources=sources, headers=bearer(value, scheme)).reply.status == 200


def test_the_parameters_may_stand_in_the_query() -> None:
    assert login({}, query=urlencode(FORM)).reply.status == 200
    assert login({"password": LOGIN.password}, query="grant_type=password&username=api-user-1").reply.status == 200


@pytest.mark.parametrize(
    ("form", "headers", "status", "code"),
    [
        (FORM, {}, 401, "invalid_client"),
        (FORM, bearer("x"), 401, "invalid_client"),
        (FORM, basic("client-1", "wrong"), 401, "invalid_client"),
        (FORM, basic("wrong", "client-secret-1"), 401, "invalid_client"),
        (FORM, basic("client-1", "client-secret-2"), 401, "invalid_client"),
        (FORM, basic("", ""), 401, "invalid_client"),
        (FORM, {"authorization": "Basic %%%"}, 401, "invalid_client"),
        (FORM | {"password": "wrong"}, CLIENT, 400, "invalid_grant"),
        (FORM | {"username": "wrong"}, CLIENT, 400, "invalid_grant"),
        (FORM | {"username": "api-user-2", "password": "api-password-2"}, CLIENT, 400, "invalid_grant"),
        (FORM | {"grant_type": "client_credentials"}, CLIENT, 400, "unsupported_grant_type"),
        (FORM | {"grant_type": "refresh_token"}, CLIENT, 400, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "u"}, CLIENT, 400, "invalid_request"),
        ({"grant_type": "password", "password": "p"}, CLIENT, 400, "invalid_request"),
        ({"username": "u", "password": "p"}, CLIENT, 400, "invalid_request"),
        ({f"p{number}": "x" for number in range(200)}, CLIENT, 400, "invalid_request"),
    ],
)
def test_a_login_that_is_refused(form: Any, headers: dict[str, str], status: int, code: str) -> None:
    intake = login(form, headers)
    answer = said(intake)
    assert (intake.reply.status, answer["error"]) == (status, code)
    assert answer["error_description"]
    assert (answer["statusCode"], answer["result"], answer["data"]) == (status, "error", None)
    assert (b"cache-control", b"no-store") in intake.reply.headers
    assert ((b"www-authenticate", b'Basic realm="RAY"') in intake.reply.headers) is (status == 401)
    assert b"client-secret" not in intake.reply.body
    assert b"api-password" not in intake.reply.body


def test_a_disabled_source_gives_no_token_and_takes_none() -> None:
    assert login(sources=accounts(enabled=False)).reply.status == 403
    sources = accounts(enabled=False)
    refused = send([EVENT], sources=sources)
    assert (refused.reply.status, said(refused)["statusCode"]) == (403, 403)
    assert "disabled" in said(refused)["message"]


def test_a_token_ends_after_twelve_hours() -> None:
    sources = accounts()
    held = token(sources, RECEIVED - LIFETIME * 1000 + 1000)
    past = token(sources, RECEIVED - LIFETIME * 1000)
    assert send([EVENT], sources=sources, headers=bearer(held)).reply.status == 200
    answer = send([EVENT], sources=sources, headers=bearer(past))
    assert (answer.reply.status, said(answer)["error"]) == (401, "invalid_token")
    assert "expired" in said(answer)["message"]
    assert (b"www-authenticate", b'Bearer realm="RAY", error="invalid_token"') in answer.reply.headers


@pytest.mark.parametrize("name", ["client_secret", "password"])
def test_a_token_ends_with_the_secrets_that_it_was_got_with(name: str) -> None:
    sources = accounts()
    value = token(sources)
    sources.credentials[1, name].append("a further one")
    assert send([EVENT], sources=sources, headers=bearer(value)).reply.status == 200
    sources.credentials[1, name].remove(getattr(LOGIN, name))
    assert send([EVENT], sources=sources, headers=bearer(value)).reply.status == 401


def test_nobody_can_make_or_change_a_token() -> None:
    sources = accounts()
    value = token(sources)
    number, expiry, jti, signature = value.split(".")
    forged = [
        f"2.{expiry}.{jti}.{signature}",
        f"{number}.{int(expiry) + 1}.{jti}.{signature}",
        f"{number}.{expiry}.{jti[:-1]}0.{signature[:-1]}",
        f"{number}.{expiry}.{jti}.",
        f"{number}.{expiry}.{jti}.é",
        f"-1.{expiry}.{jti}.{signature}",
        f"²{number}.{expiry}.{jti}.{signature}",
        f"77.{expiry}.{jti}.{signature}",
        f"{'9' * 150}.{expiry}.{jti}.{signature}",
        f"{number}.{jti}.{signature}",
        value + "x" * 200,
        "",
        ".",
        "...",
    ]
    for one in forged:
        answer = call("POST", "/events/interaction", headers={"authorization": f"Bearer {one}"}, sources=sources)
        assert answer.reply.status == 401, one
    sources.signer = type(sources.signer)(b"another key")
    assert send([EVENT], sources=sources, headers=bearer(value)).reply.status == 401


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer"}, {"authorization": "Basic YTpi"}])
def test_a_request_without_a_token_is_refused_in_the_envelope(headers: dict[str, str]) -> None:
    for method, path in (("POST", "/events/interaction"), ("PUT", "/segments/users"), ("GET", "/stores")):
        answer = call(method, path, headers=headers)
        assert (answer.reply.status, said(answer)["statusCode"], said(answer)["result"]) == (401, 401, "error")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 429, 500, 503])
def test_every_error_has_the_envelope(status: int) -> None:
    reply = RAY.error(status, "some_code", "Some reason")
    expected = {"data": None, "result": "error", "message": "Some reason", "statusCode": status}
    assert (reply.status, msgspec.json.decode(reply.body)) == (status, expected)
