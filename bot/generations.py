"""Which generation answers: what is decided on the disk is followed by the answering, or taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from bot.logs import EventLog
from bot.rebuild_events import Failed, Finished, Outcome
from index.errors import FootnoteError, GenerationError, ModelError

if TYPE_CHECKING:
    from bot.answering import Answering
    from bot.rebuilding import Rebuilding
    from index.generation import IndexFolder
    from index.retriever import Retriever

_log: Final = EventLog(__name__)


class OverError(FootnoteError):
    """What was to be decided is decided, or is about another generation than was looked at."""


class Generations:
    """Decides which generation answers, one decision after another.

    A generation that is in use on the disk and does not open is put out of use again, so that the
    one that answers is the one that the next start finds.
    """

    def __init__(
        self,
        folder: IndexFolder,
        rebuilding: Rebuilding,
        answering: Answering,
        opener: Callable[[], Retriever],
    ) -> None:
        """Take the index folder, what decides in it, what answers from it, and what opens it."""
        self._folder = folder
        self._rebuilding = rebuilding
        self._answering = answering
        self._opener = opener
        self._deciding = asyncio.Lock()

    @property
    def serving(self) -> str:
        """The name of the generation that answers."""
        return self._answering.generation.name

    async def in_use(self) -> str:
        """Return the name of the generation in use on the disk, which is the one that answers, or soon is.

        Raises:
            GenerationError: The folder cannot be read.
        """
        return await asyncio.to_thread(self._folder.current_name)

    async def can_roll_back(self) -> bool:
        """Return whether there is a generation before the one in use."""
        try:
            return await asyncio.to_thread(self._folder.previous_name) is not None
        except GenerationError:
            return False

    async def follow(self, outcome: Outcome) -> Outcome:
        """Answer from what a rebuild switched to, and return how that ended: it may not open.

        Raises:
            BusyError: Answering ended meanwhile.
        """
        if not isinstance(outcome, Finished):
            return outcome
        async with self._deciding:
            try:
                await self._answer_from_current()
            except (GenerationError, ModelError) as error:
                return Failed(str(error))
        return outcome

    async def approve(self, candidate: str) -> None:
        """Switch to a candidate although its golden questions got worse.

        Raises:
            OverError: There is no such candidate any more.
            BuildRunningError: A build runs.
            GenerationError: It is damaged or does not open; what answers goes on.
            ModelError: It does not open for want of its encoder; what answers goes on.
        """
        async with self._deciding:
            await self._expect_candidate(candidate)
            await self._rebuilding.approve(candidate)
            await self._answer_from_current()

    async def discard(self, candidate: str) -> None:
        """Remove a candidate, and go on answering as before.

        Raises:
            OverError: There is no such candidate any more.
            BuildRunningError: A build runs.
            GenerationError: The folder cannot be written to.
        """
        async with self._deciding:
            await self._expect_candidate(candidate)
            await self._rebuilding.discard()

    async def roll_back(self, looked_at: str | None = None) -> None:
        """Answer from the generation before.

        Args:
            looked_at: The one to go back from; None for whichever is in use.

        Raises:
            OverError: Another one is in use than was looked at.
            BuildRunningError: A build runs.
            GenerationError: There is none before, or it is damaged or does not open; what answers goes on.
            ModelError: It does not open for want of its encoder; what answers goes on.
        """
        async with self._deciding:
            if looked_at is not None and looked_at != await asyncio.to_thread(self._folder.current_name):
                raise OverError(f"Generation {looked_at} is not in use any more, so that it stays so.")
            await self._rebuilding.rollback()
            await self._answer_from_current()

    async def _expect_candidate(self, name: str) -> None:
        if await self._rebuilding.candidate() != name:
            raise OverError(f"Generation {name} does not wait to be switched to any more; rebuild first.")

    async def _answer_from_current(self) -> None:
        try:
            name = await asyncio.to_thread(self._folder.current_name)
            if name != self.serving:
                await self._answering.switch(self._opener, name)
                _log.info("answers_from", generation=self.serving)
        except (GenerationError, ModelError):
            with suppress(GenerationError):
                await self._rebuilding.rollback(chosen=False)
            raise
