"""The browser script as it is delivered; what it does is tested in a browser (tests/e2e/test_page_snippet.py)."""

import gzip
import json
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import tidings
from tests.dialects.segment.shop import Shop, call, shop
from tidings.dialects.contract import Reply
from tidings.dialects.segment import script
from tidings.tenants.model import Source

PATH = "/analytics.js/v1/wk_1/analytics.min.js"
FOLDER = Path(script.__file__).parent / "script"


def get(headers: dict[str, str] | None = None, sources: Shop | None = None) -> Reply:
    return call("GET", PATH, headers=headers, parameters={"writeKey": "wk_1"}, sources=sources).reply


def test_the_key_and_the_version_are_in_it_and_no_gap_is_left() -> None:
    text = get().body.decode()
    assert 'const key = calls._writeKey || "wk_1";' in text
    assert json.dumps(tidings.__version__) in text
    assert "__WRITE_KEY__" not in text
    assert "__VERSION__" not in text


@pytest.mark.parametrize(
    "hostile",
    ['"+alert(1)+"', "\\", "</script><script>alert(1)</script>", "<!--", "\u2028", "\n", "${x}`", "\ud83d", "é'"],
)
def test_a_key_cannot_break_out(hostile: str) -> None:
    written = script.literal(hostile)
    assert json.loads(written) == hostile
    assert written.isascii()
    assert written.isprintable()
    assert "<" not in written
    assert '"' not in written[1:-1].replace("\\\\", "").replace('\\"', "")


def test_a_script_with_a_hostile_key_is_still_a_script(tmp_path: Path) -> None:
    class EveryKey(Shop):
        def find(self, dialect: str, credential: str, secret: str) -> Source | None:
            return self.source

    key = '";\n__WRITE_KEY__`${</script>\\'
    reply = call("GET", PATH, parameters={"writeKey": key}, sources=EveryKey(shop().source)).reply
    node = shutil.which("node")
    assert node is not None, "'make test' installs Node.js"
    (tmp_path / "analytics.js").write_bytes(reply.body)
    assert subprocess.run([node, "--check", tmp_path / "analytics.js"], capture_output=True, check=False).stderr == b""
    assert script.literal(key) in reply.body.decode()


def test_it_is_compressed_for_those_who_can_read_it() -> None:
    reply = get({"accept-encoding": "gzip, deflate, br"})
    assert dict(reply.headers)[b"content-encoding"] == b"gzip"
    assert dict(reply.headers)[b"vary"] == b"Accept-Encoding"
    assert gzip.decompress(reply.body) == get().body
    assert len(reply.body) < 12_000


def test_it_is_not_sent_twice_to_a_cache() -> None:
    tag = dict(get().headers)[b"etag"].decode()
    reply = get({"if-none-match": f'W/"other", {tag}'})
    assert (reply.status, reply.body) == (304, b"")
    assert dict(reply.headers)[b"cache-control"] == b"public, max-age=300"
    assert get({"if-none-match": 'W/"other"'}).status == 200


def test_a_disabled_source_is_answered_so_that_pages_have_their_global() -> None:
    assert get(sources=shop(enabled=False)).status == 200


def test_every_part_is_delivered_and_in_the_package() -> None:
    parts = sorted(FOLDER.iterdir())
    text = get().body.decode()
    assert [part.name for part in parts if part.read_text("utf-8").splitlines()[0] not in text] == []
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["tidings"]
    package = Path(tidings.__file__).parent
    named = [part for part in parts if any(fnmatch(str(part.relative_to(package)), pattern) for pattern in patterns)]
    assert named == parts
