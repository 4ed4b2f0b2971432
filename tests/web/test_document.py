"""The OpenAPI document is complete, true, and has no page that loads anything from elsewhere."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.serving import wait_for
from tests.web.conftest import Caller, World, operations

ROOT = Path(__file__).parents[2]


def test_everything_is_described(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert "Needs the scope" in operation["description"], (method, path)
        assert {"400", "401", "403", "404", "503"} <= set(operation["responses"]), (method, path)
        assert operation["security"] == [{"token": []}]
        for parameter in operation.get("parameters", []):
            assert parameter.get("description") or parameter["schema"].get("description"), (path, parameter["name"])
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"], name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> Any:
        if isinstance(node, dict):
            for name, value in node.items():
                if name == "$ref":
                    yield value.removeprefix("#/components/schemas/")
                else:
                    yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    assert set(references(document)) <= set(document["components"]["schemas"])


def test_every_route_is_in_the_manual(document: dict[str, Any]) -> None:
    manual = (ROOT / "docs/api.md").read_text("utf-8")
    missing = [f"{method} {path}" for method, path, _ in operations(document) if f"`{method} {path}`" not in manual]
    assert missing == []


# 413 is the right answer to a list that is too long for a body; schemathesis expects 400 by itself.
REFUSALS = """[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]
"""


def test_schemathesis_finds_nothing(world: World, tmp_path: Path) -> None:
    # A workspace of its own: it switches sources off.
    world.server.cli("workspace", "create", "fuzzed")
    world.server.cli("brand", "create", "fuzzed", "--workspace", "fuzzed")
    token = world.server.cli("token", "create", "--scope", "admin", "--workspace", "fuzzed")["token"]
    caller = Caller(world.server, token)
    wait_for(lambda: caller("GET", "/stats").status == 200)
    key, _ = world.source(caller, "fuzzed")
    world.send("group", {"userId": "fuzzy", "groupId": "g", "traits": {"name": "Fuzzy"}}, key)
    (tmp_path / "schemathesis.toml").write_text(REFUSALS)
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    checks += "response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth"
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{world.server.url}/tidings/openapi.json"]
    command += ["--header", f"Authorization: Bearer {token}", "--checks", checks, "--no-color"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--request-timeout", "10"]
    # It would revoke the token that it calls with; a stream has no end. Both have tests of their own.
    command += ["--exclude-operation-id", "revoke_token", "--exclude-operation-id", "stream_events"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
