"""Example questions that the generation in use answers, for whoever wonders what can be asked."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from bot.answering import BusyError, TooSlowError
from bot.example_questions import example_questions
from bot.inline_pages import Example

if TYPE_CHECKING:
    from bot.answering import Answering
    from bot.composition import Place


class GoodExamples:
    """Finds them once for each generation. It belongs to one event loop."""

    def __init__(self, answering: Answering, place: Place) -> None:
        """Take what answers, and where golden questions are."""
        self._answering = answering
        self._place = place
        self._found: tuple[Example, ...] = ()
        self._found_in = ""
        self._finding = asyncio.Lock()

    async def find(self) -> tuple[Example, ...]:
        """Return the example questions that are answered; none while there is no time to find them."""
        async with self._finding:
            generation = self._answering.generation.name
            if self._found_in == generation:
                return self._found
            path, articles = self._place.settings.questions, self._place.articles
            questions = await asyncio.to_thread(example_questions, path, articles)
            try:
                asked = [self._answering.ask(each, second_look=False) for each in questions]
                answers = await asyncio.gather(*asked)
            except (BusyError, TooSlowError):
                return ()
            self._found = tuple(
                Example(question, answer)
                for question, answer in zip(questions, answers, strict=True)
                if answer.answered
            )
            self._found_in = generation
            return self._found

    async def by_name(self, name: str) -> str | None:
        """Return the example question of a name; None where there is none such any more."""
        questions = (example.question for example in await self.find())
        return next((question for question in questions if name_of(question) == name), None)

    async def by_passage(self, passage_id: str) -> str | None:
        """Return the example question that a passage answers; None where there is none."""
        for example in await self.find():
            if example.answer.passages[0].passage.passage_id == passage_id:
                return example.question
        return None


def name_of(question: str) -> str:
    """Return what a button calls an example question: 16 hexadecimal digits."""
    return hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:16]
