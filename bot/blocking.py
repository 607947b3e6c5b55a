"""The same answering for whoever waits for each answer: the terminal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from bot.answering import Answering
from index.types import Answer

if TYPE_CHECKING:
    from index.retriever import Retriever


class BlockingAnswering:
    """`Answering`, one question at a time and for as long as it takes; Ctrl-C interrupts it.

    A context manager, to be used outside of event loops.
    """

    def __init__(self, retriever: Retriever) -> None:
        """Take over an open retriever."""
        self._runner = asyncio.Runner()
        self._answering = Answering(retriever, queue_size=1, question_seconds=None)

    def ask(self, question: str, *, top_k: int, second_look: bool) -> Answer:
        """Return the answer to a question, as `Retriever.ask` gives it.

        Raises:
            FootnoteError: The generation cannot be read.
        """
        return self._runner.run(self._answering.ask(question, top_k=top_k, second_look=second_look))

    def __enter__(self) -> Self:
        """Return this answering."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, and the retriever with it."""
        try:
            self._runner.run(self._answering.aclose())
        finally:
            self._runner.close()
