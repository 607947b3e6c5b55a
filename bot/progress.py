"""Tells how far a build or an evaluation is: a bar in a terminal, a line now and then elsewhere.

Reading files is told only where it takes long, so that an index which is up to date is silent.
Rich is loaded only for what is shown in a terminal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO

from bot.terminal import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from index.builder import BuildProgress

_PATIENCE_SECONDS: Final = 2.0
"""How long files are read in silence."""
_LINE_EVERY_SECONDS: Final = 10.0
"""How long no line is written where there is no terminal."""

_LABELS: Final = {
    "reading": "Reading files",
    "exporting": "Preparing the encoder",
    "embedding": "Encoding texts",
    "writing": "Writing the index",
}


class ProgressTeller:
    """Shows how much of something is done; a context manager, at whose end the bar is gone."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Name where to show it; nothing is shown before the first `tell`."""
        self._stream = stream
        self._clock = clock
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._label = ""
        self._told_at = 0.0

    def tell(self, label: str, done: int, total: int) -> None:
        """Show that `done` of `total` are done; nothing where there is nothing to do."""
        if not total:
            return
        if is_terminal(self._stream):
            self._move_bar(label, done, total)
        else:
            self._write_line(label, done, total)

    def __enter__(self) -> Self:
        """Return this teller."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take the bar away, whatever happened."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _move_bar(self, label: str, done: int, total: int) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                MofNCompleteColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._bar.start()
        if label not in self._tasks:
            self._tasks[label] = self._bar.add_task(label, total=total)
        self._bar.update(self._tasks[label], completed=done, total=total)

    def _write_line(self, label: str, done: int, total: int) -> None:
        now = self._clock()
        if label == self._label and now - self._told_at < _LINE_EVERY_SECONDS:
            return
        begins = label != self._label
        self._label, self._told_at = label, now
        said = f"{label}: {total:,}" if begins else f"{label}: {done:,} of {total:,}"
        self._stream.write(f"{said}\n")
        self._stream.flush()


@contextmanager
def telling_build(
    stream: TextIO, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[BuildProgress], None]]:
    """Give what `build_index` is to call as it goes on."""
    began = clock()
    with ProgressTeller(stream, clock) as teller:

        def tell(progress: BuildProgress) -> None:
            if progress.phase != "reading" or clock() - began >= _PATIENCE_SECONDS:
                teller.tell(_LABELS[progress.phase], progress.done, progress.total)

        yield tell


@contextmanager
def waiting(stream: TextIO, what: str) -> Iterator[None]:
    """Show in a terminal, for as long as the block takes, what is waited for; nothing elsewhere."""
    if not is_terminal(stream):
        yield
        return
    from rich.console import Console

    with Console(file=stream).status(what):
        yield
