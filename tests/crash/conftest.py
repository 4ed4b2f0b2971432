"""How often the server is killed: ``--rounds N`` where pytest is given this folder, else TIDINGS_CRASH_ROUNDS."""

import os

import pytest

pytest.register_assert_rewrite("tests.crash.stored")

# Taken out of the environment: a server that inherits it would look for a setting of that name and not start.
ROUNDS = int(os.environ.pop("TIDINGS_CRASH_ROUNDS", "5"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=ROUNDS, help="how often the crash test kills the server")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """Return how often to kill; the option exists only where pytest was pointed at this folder."""
    chosen: int = request.config.getoption("--rounds", ROUNDS)
    return chosen
