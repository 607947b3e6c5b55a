"""Answers from whichever generation is in use on the disk, whoever put it there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from bot.answering import BusyError
from bot.logs import EventLog
from index.errors import GenerationError, ModelError

if TYPE_CHECKING:
    from bot.answering import Answering
    from index.generation import IndexFolder
    from index.retriever import Retriever

_log: Final = EventLog(__name__)

LOOK_SECONDS: Final = 1.0
"""How often the small file is read that names the generation in use."""

_LOOKS_PASSED_OVER: Final = 30
"""After one that could not be opened, which is tried again then."""


class Following:
    """Switches when another process has: after its rebuild, its roll back, or what was decided there."""

    def __init__(
        self,
        folder: IndexFolder,
        answering: Answering,
        opener: Callable[[], Retriever],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Take the parts.

        Args:
            folder: The index folder that the processes share.
            answering: What switches.
            opener: Opens the generation in use.
            sleep: How waiting is done.
        """
        self._folder = folder
        self._answering = answering
        self._opener = opener
        self._sleep = sleep

    async def run(self) -> None:
        """Follow until cancelled. What cannot be read or opened leaves the generation that answers."""
        failed, passed_over = "", 0
        while True:
            await self._sleep(LOOK_SECONDS)
            try:
                name = await asyncio.to_thread(self._folder.current_name)
            except GenerationError as error:
                _log.warning("pointer_not_read", error=error)
                continue
            if name == self._answering.generation.name:
                continue
            passed_over += 1
            if name == failed and passed_over < _LOOKS_PASSED_OVER:
                continue
            try:
                await self._answering.switch(self._opener, name)
            except (GenerationError, ModelError, OSError, MemoryError) as error:
                failed, passed_over = name, 0
                _log.error("not_followed", error=error, generation=name)
            except BusyError:
                return  # The end was asked for.
            else:
                failed = ""
                _log.info("answers_from", generation=self._answering.generation.name)
