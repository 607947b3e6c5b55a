"""Rebuilds the index beside the answering: one process at a time, followed, cancelled, and survived.

How a rebuild ended is read off the disk, where the switch is one rename: a process that died just
after it has finished, and one that died before has not.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from bot.composition import Place
from bot.rebuild_environment import rebuild_command, rebuild_environment
from bot.rebuild_events import (
    Cancelled,
    Failed,
    Finished,
    Judged,
    Outcome,
    Progress,
    RebuildEvent,
    Worse,
    from_line,
)
from bot.wrapping import one_line
from index.errors import GenerationError
from index.generation import IndexFolder

PATIENCE_SECONDS: Final = 10.0
"""How long a cancelled process may take to end by itself."""

_LONGEST_LINE_BYTES: Final = 64 * 1024 * 1024
"""The report names every file that was skipped."""

_LONGEST_WORDS: Final = 300


class Rebuild:
    """One rebuild, from its process's start to its outcome."""

    def __init__(self, place: Place, redact: Callable[[str], str], patience_seconds: float) -> None:
        """Take what is rebuilt; `Rebuilding.start` is the way in."""
        self._place = place
        self._redact = redact
        self._patience_seconds = patience_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._is_cancelled = False
        self._progress: Progress | None = None
        self._judged: Judged | None = None
        self._failed: Failed | None = None
        self._outcome: Outcome | None = None
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it runs."""
        return self._outcome

    @property
    def process_id(self) -> int | None:
        """The id of its process; None before it has begun."""
        return None if self._process is None else self._process.pid

    async def events(self) -> AsyncIterator[RebuildEvent]:
        """Yield how far it is, then how it ended; any number may listen, from the beginning or later.

        Whoever listens slowly gets the latest, not everything that was true in between.
        """
        shown: Progress | None = None
        while self._outcome is None:
            changed = self._changed
            if self._progress is not None and self._progress is not shown:
                shown = self._progress
                yield shown
            else:
                await changed.wait()
        yield self._outcome

    async def wait(self) -> Outcome:
        """Return how it ended, once it has."""
        await self._ended.wait()
        assert self._outcome is not None
        return self._outcome

    async def cancel(self) -> Outcome:
        """Have it end, by force where it takes too long, and return how it did: it may just have finished."""
        self._is_cancelled = True
        self._interrupt()
        try:
            async with asyncio.timeout(self._patience_seconds):
                return await self.wait()
        except TimeoutError:
            self._kill()
            return await self.wait()

    async def follow(self) -> None:
        """Start the process and follow it to its end, whatever that is."""
        try:
            self._outcome = await self._run()
        finally:
            if self._outcome is None:
                self._outcome = Failed("The build could not be followed to its end; try again.")
            self._kill()
            self._tell()
            self._ended.set()

    async def _run(self) -> Outcome:
        folder = self._place.index_folder
        candidate_before = await asyncio.to_thread(_candidate_name, folder)
        try:
            process = await asyncio.create_subprocess_exec(
                *rebuild_command(self._place),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=rebuild_environment(self._place.settings),
                limit=_LONGEST_LINE_BYTES,
                # Ctrl-C in the terminal is for the bot, which then cancels the build.
                start_new_session=True,
            )
        except OSError as error:
            return Failed(f"The build's process could not be started ({error.strerror}); try again.")
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        if self._is_cancelled:
            self._interrupt()
        words, _ = await asyncio.gather(_last_words(process.stderr), self._take_in(process.stdout))
        status = await process.wait()
        outcome = await asyncio.to_thread(_outcome_on_disk, folder, self._judged)
        if outcome is None:
            await asyncio.to_thread(_discard_new_candidate, folder, candidate_before)
            outcome = Cancelled() if self._is_cancelled else self._failure(status, words)
        return outcome

    async def _take_in(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            match from_line(line.decode(errors="replace")):
                case Progress() as progress:
                    self._progress = progress
                    self._tell()
                case Judged() as judged:
                    self._judged = judged
                case Failed() as failed:
                    self._failed = failed

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _failure(self, status: int, words: str) -> Failed:
        if self._failed is not None:
            return Failed(self._redact(self._failed.reason))
        end = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        said = f" after saying: {one_line(self._redact(words))[:_LONGEST_WORDS]}" if words else ""
        return Failed(f"The build's process {end}{said}")

    def _interrupt(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                # Not SIGINT: what is started in the background of a shell begins with that ignored.
                self._process.terminate()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()


class Rebuilding:
    """Starts rebuilds, never two at once, and decides on what they built. Belongs to one event loop.

    The answering goes on from the generation that it has open; whoever calls switches it.
    """

    def __init__(
        self,
        place: Place,
        *,
        redact: Callable[[str], str],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Name what is rebuilt; nothing is started.

        Args:
            place: Articles, index and settings.
            redact: Takes secrets out of what a process said last.
            patience_seconds: How long a cancelled process may take to end by itself.
        """
        self._place = place
        self._redact = redact
        self._patience_seconds = patience_seconds
        self._rebuild: Rebuild | None = None
        self._following: asyncio.Task[None] | None = None

    @property
    def running(self) -> Rebuild | None:
        """The rebuild that runs, None without one."""
        rebuild = self._rebuild
        return rebuild if rebuild is not None and rebuild.outcome is None else None

    def start(self) -> Rebuild:
        """Start a rebuild and return it, or return the one that runs."""
        if (rebuild := self.running) is None:
            rebuild = self._rebuild = Rebuild(self._place, self._redact, self._patience_seconds)
            self._following = asyncio.create_task(rebuild.follow())
        return rebuild

    async def candidate(self) -> str | None:
        """Return the name of the generation that waits to be approved, None without one."""
        return await asyncio.to_thread(_candidate_name, self._place.index_folder)

    async def approve(self, candidate: str | None = None) -> str:
        """Switch to the candidate, however its questions fared, and return its name.

        Args:
            candidate: The one that was looked at; None for whichever there is.

        Raises:
            GenerationError: There is none, it is another one, it is damaged, or a build runs.
        """
        return await asyncio.to_thread(_approve, self._place.index_folder, candidate)

    async def discard(self) -> None:
        """Remove the candidate, and choose the one in use over it; without one, nothing is done.

        Raises:
            GenerationError: A build runs, or the folder cannot be written to.
        """
        await asyncio.to_thread(self._place.index_folder.discard_candidate, chosen=True)

    async def rollback(self, *, chosen: bool = True) -> str:
        """Put the previous generation back into service and return its name; again undoes it.

        Args:
            chosen: Whether somebody wants that, so that no start builds anew.

        Raises:
            GenerationError: There is none, it is damaged, or a build runs.
        """
        return await asyncio.to_thread(self._place.index_folder.rollback, chosen=chosen)

    async def aclose(self) -> None:
        """Cancel the rebuild that runs, if any, and return once its process has ended."""
        if (rebuild := self.running) is not None:
            await rebuild.cancel()
        if self._following is not None:
            await asyncio.wait([self._following])


async def _last_words(errors: asyncio.StreamReader) -> str:
    """Return the last line that is not blank of what a process says, once it has ended."""
    last = b""
    async for line in errors:
        last = line.strip() or last
    return last.decode(errors="replace")


def _outcome_on_disk(folder: IndexFolder, judged: Judged | None) -> Outcome | None:
    """Return how a rebuild ended that came as far as a judgement; None where it did not end well."""
    if judged is None:
        return None
    report, before, after = judged.report, judged.score_before, judged.score_after
    try:
        if folder.current_name() == report.generation:
            report = replace(report, switched=judged.is_new)
            return Finished(report, before, after, judged.is_new, judged.lost)
        is_kept = folder.candidate_name() == report.generation
    except GenerationError:
        return None
    if judged.is_worse and is_kept and before is not None and after is not None:
        return Worse(report, before, after, judged.lost)
    return None


def _candidate_name(folder: IndexFolder) -> str | None:
    try:
        return folder.candidate_name()
    except GenerationError:
        return None


def _discard_new_candidate(folder: IndexFolder, candidate_before: str | None) -> None:
    """Remove what a rebuild left that came to nothing; the next build would do so too."""
    with suppress(GenerationError):
        if folder.candidate_name() != candidate_before:
            folder.discard_candidate()


def _approve(folder: IndexFolder, candidate: str | None) -> str:
    name = candidate or folder.candidate_name()
    if name is None:
        raise GenerationError("There is no new generation to switch to; rebuild first.")
    folder.switch_to(name)
    return name
