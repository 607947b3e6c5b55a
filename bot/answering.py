"""The one way to an Answer, for Telegram and the terminal: nothing waits on the event loop.

Questions pass two threads: one encodes them and begins to look for what is near, while the other looks for
their words and then ranks. Where several wait, the next one is encoded while this one is ranked; while many
do, the first look alone answers.
Passages and lists are read on a third thread, so that a press on a button does not wait behind questions.
A new generation is opened beside the one in use and takes its place between two questions; the old one is
closed when nothing reads from it any more.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from bot.opening import in_context, shown_passage, source_entries
from bot.shown import ShownPassage, SourceEntry
from index.errors import FootnoteError
from index.metrics import percentile
from index.pending_question import PendingQuestion
from index.types import Answer

if TYPE_CHECKING:
    from index.candidates import BegunSearch
    from index.generation import OpenGeneration
    from index.retriever import Retriever

Result = TypeVar("Result")

WAITING_FOR_SECOND_LOOK: Final = 4
"""With more questions waiting than this, those in turn get the first look alone: a second one takes
several times as long, and all who wait would wait for it."""

TIMES_KEPT: Final = 1_000
"""How many of the last answers' times are kept."""


class BusyError(FootnoteError):
    """Too many questions wait already, or answering is about to end."""


class TooSlowError(FootnoteError):
    """There was no answer within the time that one question may take."""


@dataclass(frozen=True, slots=True)
class AnsweringStatistics:
    """How answering goes."""

    p50_ms: float | None
    """Half of the last 1,000 answers were there within so long, waiting included; None before the first."""
    p95_ms: float | None
    """The same for 95 of 100 answers."""
    answered: int
    """Questions that got an Answer, declining ones included."""
    waiting: int
    """Questions that wait for their turn."""


@dataclass(slots=True, eq=False)
class _Asked:
    """One question on its way."""

    question: str = field(repr=False)
    top_k: int
    second_look: bool
    deadline: float | None
    abandoned: bool = False
    in_work: bool = False
    """Whether its turn for ranking has come."""

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self.abandoned or (self.deadline is not None and time.monotonic() >= self.deadline)


@dataclass(frozen=True, slots=True)
class _Understood:
    """A question as one retriever understands it."""

    by: Retriever
    text: str = field(repr=False)
    taken_up: float


class Answering:
    """Answers questions from the generation in use, and shows its passages.

    It owns the retriever, and belongs to one event loop. Whatever error a question meets reaches
    whoever asked it, and the next question is answered all the same.
    """

    def __init__(
        self,
        retriever: Retriever,
        *,
        queue_size: int,
        question_seconds: float | None,
        waiting_elsewhere: Callable[[], int] = lambda: 0,
    ) -> None:
        """Take over an open retriever.

        Args:
            retriever: Closed by `aclose`, or by `switch` once another one took its place.
            queue_size: How many questions may wait, at least 1.
            question_seconds: How long one may take from `ask` to its answer; None for any time.
            waiting_elsewhere: How many more wait to get as far as `ask`; called on any thread.
        """
        self._retriever = retriever
        self._queue_size = queue_size
        self._question_seconds = question_seconds
        self._waiting_elsewhere = waiting_elsewhere
        self._encoder = ThreadPoolExecutor(1, thread_name_prefix="encoding")
        self._ranker = ThreadPoolExecutor(1, thread_name_prefix="ranking")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._lock = threading.Lock()
        self._waiting: list[_Asked] = []
        self._reads_waiting = 0
        self._closing = False
        self._switching = asyncio.Lock()
        self._times_ms: deque[float] = deque(maxlen=TIMES_KEPT)
        self._answered = 0
        self._entries: tuple[SourceEntry, ...] = ()
        self._entries_of = ""

    @property
    def generation(self) -> OpenGeneration:
        """The generation that the next question is answered from."""
        return self._retriever.generation

    @property
    def is_open(self) -> bool:
        """Whether questions are taken."""
        return not self._closing

    async def ask(self, question: str, *, top_k: int = 10, second_look: bool = True) -> Answer:
        """Return the answer to a question, as `Retriever.ask` gives it.

        Where the caller is cancelled or the time is over while the question waits, no work is done
        for it.

        Raises:
            BusyError: Too many wait already; nothing was begun.
            TooSlowError: The time is over.
            FootnoteError: The generation cannot be read.
        """
        began = time.monotonic()
        seconds = self._question_seconds
        asked = _Asked(question, top_k, second_look, None if seconds is None else began + seconds)
        with self._lock:
            self._expect_room(len(self._waiting))
            self._waiting.append(asked)
            understanding = self._encoder.submit(self._understand, asked)
            begun = self._encoder.submit(self._begin, asked, understanding)
            future = self._ranker.submit(self._answer, asked, understanding, begun)
        try:
            answer = await self._in_time(future)
        finally:
            asked.abandoned = True
        self._times_ms.append((time.monotonic() - began) * 1000)
        self._answered += 1
        return answer

    async def passage(self, passage_id: str) -> ShownPassage | None:
        """Return the passage of this id, None where it does not exist any more.

        Raises:
            FootnoteError: As `ask` says.
        """
        return await self._read(lambda retriever: shown_passage(retriever.texts, passage_id))

    async def context(self, passage_id: str) -> tuple[ShownPassage, ...]:
        """Return a passage with its neighbours under the same heading, in order; empty where it is gone.

        Raises:
            FootnoteError: As `ask` says.
        """
        return await self._read(lambda retriever: in_context(retriever.texts, passage_id))

    async def sources(self) -> tuple[SourceEntry, ...]:
        """Return every article that has a passage, in the order of their ids.

        Raises:
            FootnoteError: As `ask` says.
        """
        return await self._read(self._listed)

    async def switch(self, opener: Callable[[], Retriever], name: str | None = None) -> None:
        """Answer from another generation from the next question on; no question is lost.

        Args:
            opener: Called on a thread of its own. Where it fails, all stays as it is.
            name: The generation's; nothing is done where somebody else switched to it meanwhile.

        Raises:
            BusyError: Answering ended meanwhile; what was opened is closed.
            FootnoteError: What `opener` raises.
        """
        async with self._switching:
            if name == self.generation.name:
                return
            opening = asyncio.get_running_loop().run_in_executor(None, opener)
            try:
                opened = await asyncio.shield(opening)
            except asyncio.CancelledError:
                opening.add_done_callback(_close_opened)
                raise
            with self._lock:
                if self._closing:
                    opened.close()
                    raise _closing()
                replaced, self._retriever = self._retriever, opened
                retired = self._ranker.submit(self._retire, replaced)
        await asyncio.shield(asyncio.wrap_future(retired))

    def statistics(self) -> AnsweringStatistics:
        """Return how answering goes just now."""
        times_ms = list(self._times_ms)
        return AnsweringStatistics(
            p50_ms=percentile(times_ms, 50),
            p95_ms=percentile(times_ms, 95),
            answered=self._answered,
            waiting=len(self._waiting),
        )

    async def aclose(self) -> None:
        """Finish the question in work, refuse those that wait, and close the retriever."""
        with self._lock:
            self._closing = True
        await asyncio.to_thread(self._shut_down)

    def _expect_somebody(self, asked: _Asked) -> None:
        """Raise what ends a question: that answering ends, or that nobody waits for this one any more."""
        if self._closing:
            raise _closing()
        if asked.is_over:
            raise self._too_slow()

    def _expect_room(self, waiting: int) -> None:
        if self._closing:
            raise _closing()
        if waiting >= self._queue_size:
            raise BusyError(
                f"{waiting} questions wait already and at most {self._queue_size} may; ask again shortly."
            )

    async def _in_time(self, future: Future[Result]) -> Result:
        try:
            async with asyncio.timeout(self._question_seconds):
                # Shielded, so that every job reaches its thread and is counted off the queue there.
                return await asyncio.shield(asyncio.wrap_future(future))
        except TimeoutError as error:
            raise self._too_slow() from error

    def _understand(self, asked: _Asked) -> _Understood:
        self._expect_somebody(asked)
        taken_up, retriever = time.perf_counter(), self._retriever
        return _Understood(retriever, retriever.understood(asked.question), taken_up)

    def _begin(self, asked: _Asked, understanding: Future[_Understood]) -> BegunSearch:
        # Done by now, on this very thread: one was handed in right after the other.
        understood = understanding.result()
        if not asked.in_work:
            self._expect_somebody(asked)
        return understood.by.begin(understood.text)

    def _answer(
        self, asked: _Asked, understanding: Future[_Understood], begun: Future[BegunSearch]
    ) -> Answer:
        with self._lock:
            self._waiting.remove(asked)
            waiting = len(self._waiting)
        is_crowded = waiting + self._waiting_elsewhere() > WAITING_FOR_SECOND_LOOK
        # From here on encoding it refuses nothing, so what is not refused below is finished.
        asked.in_work = True
        understood = understanding.result()
        self._expect_somebody(asked)
        retriever = self._retriever
        # Another generation may have come between, and with it another encoder.
        is_current = understood.by is retriever
        return retriever.ask(
            PendingQuestion(understood.text, begun, understood.taken_up) if is_current else asked.question,
            top_k=asked.top_k,
            second_look=asked.second_look and not is_crowded,
        )

    async def _read(self, read: Callable[[Retriever], Result]) -> Result:
        def job() -> Result:
            with self._lock:
                self._reads_waiting -= 1
            if self._closing:
                raise _closing()
            return read(self._retriever)

        with self._lock:
            self._expect_room(self._reads_waiting)
            self._reads_waiting += 1
            future = self._reader.submit(job)
        return await self._in_time(future)

    def _listed(self, retriever: Retriever) -> tuple[SourceEntry, ...]:
        # On the reading thread alone, so nothing can come between.
        name = retriever.generation.name
        if self._entries_of != name:
            self._entries = source_entries(retriever.texts)
            self._entries_of = name
        return self._entries

    def _retire(self, retriever: Retriever) -> None:
        """Close a retriever that was replaced: the ranker is here, and the others get there in turn."""
        self._encoder.submit(lambda: None).result()
        self._reader.submit(retriever.close).result()

    def _shut_down(self) -> None:
        self._ranker.shutdown()
        self._encoder.shutdown()
        self._reader.shutdown()
        self._retriever.close()

    def _too_slow(self) -> TooSlowError:
        return TooSlowError(
            f"There was no answer within {self._question_seconds} s; ask again shortly, or set "
            "FOOTNOTE_QUESTION_SECONDS higher."
        )


def _closing() -> BusyError:
    return BusyError("Footnote is about to end or to start again; ask again shortly.")


def _close_opened(opening: asyncio.Future[Retriever]) -> None:
    """Close what was opened for somebody who did not wait for it."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
