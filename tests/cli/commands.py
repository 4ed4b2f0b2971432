"""Running commands in this process: quick, and with the output that a person sees."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tidings.cli import main


class Shell:
    """Commands over one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.printed: list[str] = []

    def run(self, *arguments: str, data: bool = True) -> Result:
        """Run a command and return what it said."""
        place = ["--data", str(self.data)] if data else []
        result = CliRunner().invoke(main, [*arguments, *place], env={"TIDINGS_DATA": None})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.printed.append(result.output)
        return result

    def text(self, *arguments: str) -> str:
        """Run a command that succeeds and return its text."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command that succeeds and return its one JSON document."""
        return json.loads(self.text(*arguments, "--json"))

    def error(self, *arguments: str) -> str:
        """Run a command that fails, as people expect it to, and return what it says."""
        result = self.run(*arguments)
        assert result.exit_code in (1, 2), result.output
        assert "Traceback" not in result.output
        assert result.stdout == ""
        return result.stderr
