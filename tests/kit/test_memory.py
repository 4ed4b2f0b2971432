"""How much memory there is: the machine's, or less in a container."""

from pathlib import Path

import psutil
import pytest

from tidings.db.engine import usual_cache
from tidings.kit import memory

GIB = 2**30


def test_without_a_limit_the_machine_counts(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("max\n")
    everything = psutil.virtual_memory().total
    assert memory.size(()) == everything
    assert memory.size((str(tmp_path / "none"), str(tmp_path / "missing"))) == everything


def test_the_narrowest_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("268435456\n")
    (tmp_path / "two").write_text("9223372036854771712\n")  # version 1 says so where there is none
    assert memory.size((str(tmp_path / "two"), str(tmp_path / "one"))) == GIB // 4


@pytest.mark.parametrize(("memory_bytes", "mib"), [(GIB // 4, 64), (GIB, 64), (2 * GIB, 128), (64 * GIB, 384)])
def test_the_writer_keeps_a_sixteenth_within_bounds(memory_bytes: int, mib: int) -> None:
    assert usual_cache(memory_bytes) == mib
