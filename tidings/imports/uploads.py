"""Lists that are being imported by the console's server, while their pages show how far they are.

What an import was told is kept in memory: if the server ends meanwhile, the same list is imported again, and what was
done before changes nothing.
"""

import asyncio
import itertools
import shutil
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO, cast

import msgspec
import structlog

from tidings.db import Database
from tidings.events.waiting import worked_off
from tidings.imports import addresses
from tidings.imports.addresses import Part, Usual
from tidings.imports.model import Refused, Unusable
from tidings.imports.report import HEADER
from tidings.kit import clock
from tidings.kit.cells import lines
from tidings.tenants.model import Actor

KEPT = 20  # imports of all workspaces
SHOWN = 100  # refused lines of a page
IN_MEMORY = 1024 * 1024  # bytes of a file; the rest of it is on the disk
SECONDS = 60.0  # how long the pipeline may take for one part
logger = structlog.get_logger()


class Upload(msgspec.Struct, kw_only=True):
    """A list that is being imported, or was.

    Args:
        id: Number.
        workspace_id: The wall.
        name: Of the file, "" for a pasted list.
        size: In bytes.
        begun: UTC milliseconds.
        read: Bytes that are done.
        added: Addresses that are suppressed by it.
        same: Those that were suppressed like that already.
        lifted: Lines that the list itself says are lifted.
        refused: Lines that could not be used.
        first: The first of them.
        done: Whether its end was reached.
        failure: Why it ended before, "" where it did not.
    """

    id: int
    workspace_id: int
    name: str
    size: int
    begun: int
    read: int = 0
    added: int = 0
    same: int = 0
    lifted: int = 0
    refused: int = 0
    first: list[Refused] = []
    done: bool = False
    failure: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return self.done or bool(self.failure)


class Uploads:
    """The imports of one server.

    Args:
        database: The state.
        key: The installation's.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key
        self._numbers = itertools.count(clock.now())  # other numbers than before a restart
        self._all: dict[int, Upload] = {}
        self._reports: dict[int, BinaryIO] = {}
        self._reading = threading.Lock()  # of reports, by several pages at once
        self._tasks: set[asyncio.Task[None]] = set()

    def running(self, workspace_id: int) -> Upload | None:
        """Return the import of a workspace that is not at its end; there is no second one beside it."""
        return next((one for one in self._all.values() if one.workspace_id == workspace_id and not one.ended), None)

    def latest(self, workspace_id: int) -> list[Upload]:
        """Return the imports of a workspace that are remembered, the newest first."""
        return [one for one in self._all.values() if one.workspace_id == workspace_id][::-1]

    def get(self, workspace_id: int, number: int) -> Upload | None:
        """Return an import, None if there is none of this number in the workspace."""
        found = self._all.get(number)
        return found if found is not None and found.workspace_id == workspace_id else None

    async def begin(self, who: Actor, workspace_id: int, name: str, file: BinaryIO, usual: Usual) -> Upload:
        """Begin to import a list, and return what its page shows.

        Args:
            who: Who imports it.
            workspace_id: The wall.
            name: Of the file, for people.
            file: Is copied: it may be closed afterwards.
            usual: What holds where a line says nothing else.
        """
        own = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 -- closed at the end of the import
        upload = Upload(id=next(self._numbers), workspace_id=workspace_id, name=name, size=0, begun=clock.now())
        self._all[upload.id] = upload  # before the first await: a second one beside it is refused
        try:
            await asyncio.to_thread(shutil.copyfileobj, file, own)
        except BaseException:
            del self._all[upload.id]
            own.close()
            raise
        upload.size = own.tell()
        own.seek(0)
        self._forget_old()
        task = asyncio.create_task(self._run(who, upload, own, usual))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return upload

    def report(self, workspace_id: int, number: int) -> Iterator[bytes]:
        """Yield the refused lines of an import that is at its end, as CSV."""
        upload = self.get(workspace_id, number)
        yield lines([HEADER])
        position = 0
        while upload is not None and upload.ended and (piece := self._piece(number, position)):
            position += len(piece)
            yield piece

    def _piece(self, number: int, position: int) -> bytes:
        with self._reading:
            file = self._reports.get(number)
            if file is None:
                return b""
            file.seek(position)
            return file.read(64 * 1024)

    async def _run(self, who: Actor, upload: Upload, file: BinaryIO, usual: Usual) -> None:
        report = self._reports[upload.id] = cast(BinaryIO, tempfile.SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115
        try:
            parts = addresses.parts(file, usual)
            while (part := await asyncio.to_thread(next, parts, None)) is not None:
                await self._take(who, upload, part, report)
            upload.done = True
        except Unusable as error:
            upload.failure = str(error)
        except Exception as error:
            logger.error("an import of addresses failed", exc_info=error)
            upload.failure = "the data could not be written: import the list again"
        finally:
            file.close()

    async def _take(self, who: Actor, upload: Upload, part: Part, report: BinaryIO) -> None:
        if part.wanted:
            where = (who, upload.workspace_id, part.wanted, clock.now(), self._key)
            taken = await self._database.write(addresses.take, *where)
            upload.added += taken.added
            upload.same += len(part.wanted) - taken.added
            if taken.waiting is not None:  # so that what waits for the pipeline stays small, whatever the list's size
                await worked_off(self._database, upload.workspace_id, taken.waiting, SECONDS)
        report.write(lines((str(one.line), one.reason, one.text.rstrip("\r\n")) for one in part.refused))
        upload.lifted += part.lifted
        upload.refused += len(part.refused)
        upload.first += part.refused[: SHOWN - len(upload.first)]
        upload.read = part.bytes

    def _forget_old(self) -> None:
        ended = [number for number, one in self._all.items() if one.ended]
        for number in ended[: max(0, len(self._all) - KEPT)]:
            del self._all[number]
            with self._reading:
                report = self._reports.pop(number, None)
                if report is not None:
                    report.close()
