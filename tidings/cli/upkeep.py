"""tidings backup, restore, doctor: what keeps an installation alive."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import click
import msgspec

from tidings.backup import Copied, Progress, back_up, consistent, is_served, log_of
from tidings.backup import restore as put_back
from tidings.cli.place import data_option, json_option, show
from tidings.config import BadSettings, Settings, load
from tidings.db.copying import (
    Damaged,
    ForgottenFacts,
    forgotten_facts,
    quick_check,
    sqlite_troubles,
    sqlite_version,
    state_facts,
)
from tidings.db.migrate import HEAD
from tidings.folder import BACKUP_LOCK, LOCK, LOG, SECRET, STATE, Folder, FolderTrouble
from tidings.kit.digest import keyed_digest
from tidings.log.sqlite import FORMAT
from tidings.profiles.forgotten_store import WITNESS

MIB = 1024 * 1024
SMALL = 256 * MIB  # a file up to this size is checked without --full
SYNCS, SYNC_SECONDS, SYNC_BYTES = 50, 3.0, 4096
SLOW, INCREDIBLE = 50, 50_000  # durable commits per second
SKEW_SECONDS = 2.0
OLDEST_PYTHON: tuple[int, ...] = (3, 11)
FILES = (STATE, LOG, LOCK, BACKUP_LOCK)
YEARS = range(2025, 2100)
LAG = 100_000  # events that a running server may be behind without a word
Verdict = Literal["ok", "warning", "trouble"]


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the doctor says about one thing.

    Args:
        name: The thing.
        verdict: ``trouble`` keeps Tidings from working, or puts data at risk.
        text: What was seen.
        advice: What to do about it.
    """

    name: str
    verdict: Verdict
    text: str
    advice: str = ""


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@data_option
@json_option
def backup(target: Path, data: Path, as_json: bool) -> None:
    """Copy the data folder to TARGET, a new folder, whether the server runs or not."""
    with readable_errors(), progress() as on_progress:
        done = back_up(Folder(data), target, on_progress)
    show(done, f"backup of {data} in {done.path}\n{in_words(done)}", as_json=as_json)


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Move data that is there aside (it is never deleted).")
@data_option
@json_option
def restore(source: Path, replace: bool, data: Path, as_json: bool) -> None:
    """Make the data folder from SOURCE, a folder that 'tidings backup' wrote."""
    with readable_errors(), progress() as on_progress:
        done = put_back(source, Folder(data), on_progress, replace=replace)
    text = f"{source} restored to {done.path}\n{in_words(done)}"
    show(done, text + (f"\n  what was there is in {done.aside}" if done.aside else ""), as_json=as_json)


@click.command()
@click.option("--full", is_flag=True, help="Read large files from end to end, too.")
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), envvar="TIDINGS_CONFIG", help="Settings file."
)
@data_option
@json_option
def doctor(full: bool, config: Path | None, data: Path, as_json: bool) -> None:
    """Look at everything that Tidings stands on, and say what to do; exit code 1 if there is trouble."""
    found = examine(Folder(data), config, full=full)
    order: tuple[Verdict, ...] = ("ok", "warning", "trouble")
    worst = max((finding.verdict for finding in found), key=order.index)
    lines = []
    for finding in found:
        lines.append(f"{finding.verdict:<8} {finding.name}: {finding.text}")
        lines += [f"{'':<8} -> {finding.advice}"] if finding.advice else []
    show({"verdict": worst, "findings": found}, "\n".join(lines), as_json=as_json)
    sys.exit(1 if worst == "trouble" else 0)


def in_words(done: Copied) -> str:
    """Return sizes and position for people."""
    return (
        f"  state {size(done.state_bytes)}, log {size(done.log_bytes)}, settings {'yes' if done.settings else 'none'}\n"
        f"  {done.events} events, worked off up to position {done.position}, {done.lag} still to be worked off"
    )


def size(count: int) -> str:
    """Return bytes for people."""
    return f"{count / MIB:.1f} MiB" if count >= MIB else f"{count / 1024:.0f} KiB"


@contextmanager
def readable_errors() -> Iterator[None]:
    """Turn what is wrong with a folder into the message of a command."""
    try:
        yield
    except (FolderTrouble, Damaged) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def progress() -> Iterator[Progress]:
    """Show a bar for each file, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _name, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:
        tasks = {}

        def on_progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield on_progress


def examine(folder: Folder, config: Path | None, *, full: bool) -> list[Finding]:
    """Return what there is to say about a folder and the machine; nothing is changed.

    Args:
        folder: The data folder.
        config: The settings file, None for the one in the folder.
        full: Whether large files are read from end to end.
    """
    settings, of_settings = settings_of(folder, config)
    found = [of_python(), of_sqlite(), of_clock(), of_time_zones(), of_settings, of_folder(folder)]
    if found[-1].verdict == "trouble":
        return found
    found += [of_space(folder, settings.disk_reserve_mib), of_syncs(folder), of_folder_clock(folder)]
    found += [of_file(folder.state, full=full), of_file(folder.log, full=full)]
    return [*found, of_both(folder), *of_forgotten(folder), of_server(folder)]


def of_python() -> Finding:
    """Look at the Python that runs this."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", "trouble", platform.python_version(), "install Python 3.11 or newer")
    return Finding("python", "ok", platform.python_version())


def of_sqlite() -> Finding:
    """Look at the SQLite of this Python."""
    troubles = sqlite_troubles()
    if troubles:
        return Finding("sqlite", "trouble", "; ".join(troubles), "use a Python that is built with a newer SQLite")
    return Finding("sqlite", "ok", f"{sqlite_version()} with JSON functions")


def of_clock(wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> Finding:
    """Hold the wall clock against the steady one for a moment, and look at the year.

    Args:
        wall: Seconds since 1970.
        steady: Seconds since any moment, never set.
    """
    before = wall() - steady()
    time.sleep(0.05)
    drift = abs(wall() - steady() - before)
    moment = datetime.fromtimestamp(wall(), UTC)
    advice = "set the clock and keep it set (chrony, systemd-timesyncd): events are ordered by it"
    if moment.year not in YEARS:
        return Finding("clock", "trouble", f"it is {moment:%Y-%m-%d %H:%M:%S} UTC, says the machine", advice)
    if drift > SKEW_SECONDS / 100:
        return Finding("clock", "warning", f"it was set by {drift:.2f} s while the doctor looked at it", advice)
    return Finding("clock", "ok", f"{moment:%Y-%m-%d %H:%M:%S} UTC")


def of_time_zones() -> Finding:
    """Look for the time zone data."""
    try:
        ZoneInfo("Europe/Berlin")
    except (ZoneInfoNotFoundError, OSError, ValueError):
        return Finding("time zones", "trouble", "no time zone data", "install the package tzdata of the system")
    return Finding("time zones", "ok", f"{len(available_timezones())} known")


def settings_of(folder: Folder, config: Path | None) -> tuple[Settings, Finding]:
    """Return the settings of a folder, the defaults if they are wrong, and what there is to say about them."""
    path = config or (folder.settings if folder.settings.exists() else None)
    try:
        return load(path, os.environ), Finding("settings", "ok", str(path or "the defaults; there is no settings file"))
    except BadSettings as error:
        return load(None, {}), Finding("settings", "trouble", str(error), "correct them: the server does not start")


def of_folder(folder: Folder) -> Finding:
    """Look at the data folder and its rights."""
    path = folder.path
    if not path.is_dir():
        what = "is not a folder" if path.exists() else "is not there"
        return Finding("folder", "trouble", f"{path} {what}", "name it with --data, or start 'tidings serve' once")
    if not folder.state.exists():
        return Finding(
            "folder", "trouble", f"no data in {path}", "name the folder with --data, or start 'tidings serve' once"
        )
    files = [path, *(file for file in path.iterdir() if file.name.startswith(FILES))]
    closed = [str(file) for file in files if not os.access(file, os.R_OK | os.W_OK)]
    if closed:
        return Finding("folder", "trouble", f"this user may not write {', '.join(closed)}", "correct owner and rights")
    found = path.stat()
    if found.st_uid != os.getuid():
        return Finding(
            "folder", "warning", f"{path} belongs to user {found.st_uid}", "run this as that user: the server does"
        )
    if found.st_mode & 0o077:
        return Finding("folder", "warning", f"other users may look into {path}", f"chmod 700 {path}")
    return Finding("folder", "ok", str(path.absolute()))


def of_space(folder: Folder, reserve: int) -> Finding:
    """Hold the free space against the reserve, in MiB."""
    free = folder.free_mib()
    text = f"{free} MiB free, {reserve} MiB kept in reserve (disk_reserve_mib)"
    if free < reserve:
        return Finding("space", "trouble", text, "make room: new events are answered with 503")
    if free < 4 * reserve:
        return Finding("space", "warning", text, "make room soon")
    return Finding("space", "ok", text)


def of_syncs(folder: Folder) -> Finding:
    """Measure how often in a second the disk makes a small write durable."""
    path = folder.path / f".doctor.{os.getpid()}"
    count = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        begin = time.perf_counter()
        while count < SYNCS and time.perf_counter() - begin < SYNC_SECONDS:
            os.pwrite(descriptor, os.urandom(SYNC_BYTES), count * SYNC_BYTES)
            os.fdatasync(descriptor)
            count += 1
        seconds = time.perf_counter() - begin
    finally:
        os.close(descriptor)
        path.unlink()
    return judged_rate(count / seconds)


def judged_rate(rate: float) -> Finding:
    """Judge a number of durable commits per second; each takes all requests that wait for it."""
    text = f"{rate:.0f} durable commits per second, {1000 / rate:.2f} ms each"
    if rate < SLOW:
        return Finding("disk", "warning", text, "answers will be slow: put the data folder on a faster disk")
    if rate > INCREDIBLE:
        advice = "no disk is that fast: a power cut may lose events (memory disk? write cache without battery?)"
        return Finding("disk", "warning", text, advice)
    return Finding("disk", "ok", text)


def of_folder_clock(folder: Folder) -> Finding:
    """Hold the time that the file system writes against the machine's."""
    path = folder.path / f".doctor.{os.getpid()}"
    path.write_bytes(b"")
    skew = path.stat().st_mtime - time.time()
    path.unlink()
    if abs(skew) > SKEW_SECONDS:
        text = f"the file system's clock is {skew:+.1f} s off this machine's"
        return Finding("file times", "warning", text, "keep both machines' clocks set; a local disk is safer, too")
    return Finding("file times", "ok", "agree with the clock")


def of_file(path: Path, *, full: bool) -> Finding:
    """Let SQLite check a file if it is small or all is asked for."""
    if not path.exists():
        return Finding(path.name, "ok", "not there yet; the server makes it")
    length = path.stat().st_size
    if length > SMALL and not full:
        return Finding(path.name, "ok", f"{size(length)}, not read to the end (--full does)")
    wrong = quick_check(path)
    if wrong:
        return Finding(path.name, "trouble", "; ".join(wrong), "stop the server, restore a backup: 'tidings restore'")
    return Finding(path.name, "ok", f"{size(length)}, sound")


def of_both(folder: Folder) -> Finding:
    """Look whether state and log belong to this version and to each other, and how far the one is behind."""
    advice = "restore both files of one backup: 'tidings restore'"
    try:
        # In this order, and with nothing trimmed in between, the log covers the state even under a working server.
        with folder.trimming_paused():
            state, log = state_facts(folder.state), log_of(folder)
        if state.revision > HEAD or (log is not None and log.format > FORMAT):
            text = "a newer version of Tidings wrote this folder"
            return Finding("belonging", "trouble", text, "install that version")
        consistent(state, log)
    except Damaged as error:
        return Finding("belonging", "trouble", str(error), advice)
    old = "; the schema is upgraded at the next start" if state.revision < HEAD else ""
    return Finding("belonging", "ok", f"state and log belong together, position {state.position}{old}")


def of_forgotten(folder: Folder) -> list[Finding]:
    """Look at the key under which forgotten customers are known, and whether the files still hold traces of them."""
    try:
        facts = forgotten_facts(folder.state)
    except Damaged as error:
        return [Finding(SECRET, "trouble", str(error), "see above")]
    found = [of_secret(folder, facts)]
    if facts.latest is not None and facts.latest > (facts.compacted or 0):
        text = "customers were forgotten since the last compaction: unused parts of the files still hold traces of them"
        found.append(Finding("forgotten", "warning", text, "erase them: 'tidings compact'"))
    return found


def of_secret(folder: Folder, facts: ForgottenFacts) -> Finding:
    """Look at the key of the installation."""
    advice = "put it back from a backup: without it the server does not start (docs/operations.md)"
    try:
        key = folder.read_secret()
    except FolderTrouble as error:
        return Finding(SECRET, "trouble", str(error), advice)
    if key is None:
        if facts.latest is not None:
            return Finding(SECRET, "trouble", "is missing, and customers were forgotten under it", advice)
        return Finding(SECRET, "ok", "not there yet; the server makes it")
    if facts.latest is not None and keyed_digest(key, *WITNESS) not in facts.witnesses:
        return Finding(SECRET, "trouble", "is another key than the one that customers were forgotten under", advice)
    if folder.secret.stat().st_mode & 0o077:
        return Finding(SECRET, "warning", "other users may read it", f"chmod 600 {folder.secret}")
    return Finding(SECRET, "ok", "there, and the right one")


def of_server(folder: Folder) -> Finding:
    """Look whether a server runs and how much it has still to work off."""
    try:
        log, state = log_of(folder), state_facts(folder.state)
    except Damaged as error:
        return Finding("server", "trouble", str(error), "see above")
    lag = max(0, log.upto - state.upto) if log else 0
    running = is_served(folder)
    text = f"{'running' if running else 'not running'}, {lag} events to be worked off"
    if running and lag > LAG:
        return Finding("server", "warning", text, "look again in a minute; if it grows, see the server's log lines")
    return Finding("server", "ok", text)
