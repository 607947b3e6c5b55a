"""`footnote run` as a process of its own, held by a test: started, stopped, killed, and its log kept."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Self

import bot
from tests.stand_in.control import StandIn
from tests.stand_in.world import BOT_ID

_START_SECONDS: Final = 120
_END_SECONDS: Final = 30
_TELLING: Final = 12
"""From how many characters on a text is told apart from words that any log has."""


@dataclass(eq=False, slots=True)
class _Run:
    """One process, and the threads that read what it writes."""

    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        for stream, lines in ((self.process.stdout, self.output), (self.process.stderr, self.errors)):
            assert stream is not None
            reader = threading.Thread(target=_read, args=(stream, lines), daemon=True)
            reader.start()
            self.readers.append(reader)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status, after all that was written has been read."""
        self.process.send_signal(number)
        status = self.process.wait(_END_SECONDS)
        for reader in self.readers:
            reader.join(_END_SECONDS)
        return status


class BotProcess:
    """A bot that talks to the stand-in. It keeps its state and its log over restarts."""

    def __init__(
        self,
        stand_in: StandIn,
        articles: Path,
        index: Path,
        state: Path,
        settings: Mapping[str, str] | None = None,
        options: tuple[str, ...] = ("--no-build",),
    ) -> None:
        """Say what to run; `start` runs it.

        Args:
            stand_in: Takes Telegram's place.
            articles: The articles folder.
            index: The index folder, built already unless `options` say otherwise.
            state: The state folder.
            settings: Variables of the environment, such as FOOTNOTE_ADMINS.
            options: Of `footnote run`.
        """
        self._stand_in = stand_in
        self.articles = articles
        self.index = index
        self.state = state
        self.settings = dict(settings or {})
        self._options = options
        self._runs: list[_Run] = []

    def start(self) -> Self:
        """Start the process, and wait until it polls, or has set its webhook.

        Raises:
            AssertionError: It ended, or took too long; the error tells what it wrote.
        """
        assert not self.is_running, "it runs already"
        began = time.monotonic()
        command = ["-m", "bot", "run", "--articles", str(self.articles), "--index", str(self.index)]
        process = subprocess.Popen(
            [sys.executable, *command, *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            cwd=self.state.parent,
            env=self._environment(),
        )
        run = _Run(process)
        self._runs.append(run)

        def takes_updates() -> bool:
            assert process.poll() is None, f"it ended with {process.returncode}:\n{self.errors}"
            if "--webhook" in self._options:
                return any("event=webhook_set" in line.split() for line in list(run.errors))
            calls = self._stand_in.calls("getUpdates")
            return any(call.started_seconds > began for call in calls)

        self._stand_in.wait_for(takes_updates, timeout_seconds=_START_SECONDS)
        return self

    def stop(self) -> None:
        """Ask the process to end, and wait until it has.

        Raises:
            AssertionError: It ended otherwise than it should.
        """
        status = self._runs[-1].end(signal.SIGTERM)
        assert status == 0, f"it ended with {status}:\n{self.errors}"

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self._runs[-1].end(signal.SIGKILL)

    def restart(self) -> Self:
        """Stop it, and start it again with the state it had."""
        self.stop()
        return self.start()

    def discard(self) -> None:
        """End the process if it runs still, as after a test that failed."""
        if self.is_running:
            self.kill()

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run for as long as the block, then end as it should with every secret kept.

        After a block that failed it is ended all the same, and nothing more is asserted.
        """
        try:
            yield self.start()
            self.stop()
            self.assert_keeps_secrets()
        finally:
            self.discard()

    def wait_until_idle(self) -> None:
        """Wait until every update that there is has been handled."""
        self._stand_in.wait_for(lambda: not self._stand_in.world.updates.waiting and not self._pending())

    @property
    def database(self) -> Path:
        """The file of what must survive a restart."""
        return self.state / str(BOT_ID) / "state.sqlite3"

    @property
    def is_running(self) -> bool:
        """Whether there is a process that has not ended."""
        return bool(self._runs) and self._runs[-1].process.poll() is None

    @property
    def output(self) -> str:
        """What was written to standard output, over all starts."""
        return "".join(line for run in self._runs for line in run.output)

    @property
    def errors(self) -> str:
        """What was logged, over all starts."""
        return "".join(line for run in self._runs for line in run.errors)

    def lines(self, event: str) -> list[str]:
        """Return the lines of the log about one kind of event."""
        return [line for line in self.errors.splitlines() if f"event={event}" in line.split()]

    def assert_keeps_secrets(self) -> None:
        """Assert that neither the token nor anything that people wrote is in what was written."""
        written = self.output + self.errors
        assert self._stand_in.token.split(":")[1] not in written
        for text in _written_by_people(self._stand_in):
            assert text not in written, text

    def _pending(self) -> int:
        with closing(sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)) as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM footnote_inbox WHERE done_at IS NULL"
            ).fetchone()
        return int(count)

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
        return {
            **inherited,
            "PYTHONPATH": str(Path(bot.__file__).parents[1]),
            "PYTHONIOENCODING": "utf-8",
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "FOOTNOTE_TOKEN": self._stand_in.token,
            "FOOTNOTE_BOT_API_URL": self._stand_in.url,
            "FOOTNOTE_STATE": str(self.state),
            **self.settings,
        }


def _read(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(stream)


def _written_by_people(stand_in: StandIn) -> Iterator[str]:
    """Yield what people have written and typed, in every form it had, where that tells it apart."""
    world = stand_in.world
    for chat in list(world.chats.values()):
        for message in list(chat.messages.values()):
            if not message.by_bot and message.via_bot is None:
                yield from filter(_is_telling, (each.text for each in (message.content, *message.history)))
    yield from filter(_is_telling, (query.text for query in list(world.inline_queries.values())))


def _is_telling(text: str) -> bool:
    return len(text) >= _TELLING
