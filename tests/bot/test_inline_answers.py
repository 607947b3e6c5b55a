"""What is typed is looked up once a generation, by the first look, and nothing else is waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from hypothesis import given
from hypothesis import strategies as st

from bot.answering import Answering
from bot.composition import Place
from bot.good_examples import GoodExamples
from bot.inline_answers import InlineAnswers
from bot.inline_pages import InlinePage
from bot.phrases import phrases_for
from bot.settings import Settings
from index.pending_question import PendingQuestion
from index.types import Answer
from tests.bot.answers import answer_of, ranked

EN = phrases_for("en")
FIRST, SECOND = "20260101T000000Z-aaaaaa", "20260102T000000Z-bbbbbb"
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Named:
    name: str


@dataclass
class ScriptedRetriever:
    """Answers every question with so many passages, unless it is about nothing."""

    generation: Named
    passages: int = 30
    asked: list[tuple[str, int, bool]] = field(default_factory=list)
    let: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.let.set()

    def understood(self, question: str) -> str:
        return question

    def begin(self, _: str) -> None:
        return None

    def ask(self, begun: PendingQuestion, *, top_k: int, second_look: bool) -> Answer:
        question = begun.text
        assert self.let.wait(60)
        self.asked.append((question, top_k, second_look))
        answered = question != "nothing"
        made = ranked(probability=0.9 if answered else 0.05)
        passages = (
            replace(made, passage=replace(made.passage, passage_id=f"{number:016x}"))
            for number in range(min(top_k, self.passages))
        )
        answer = answer_of(*passages, question=question, answered=answered)
        return replace(answer, generation=self.generation.name)

    def close(self) -> None:
        pass


class KeptQuestions:
    """Keeps questions as the store does."""

    def __init__(self) -> None:
        self.kept: list[str] = []

    async def keep_question(self, question: str) -> str:
        self.kept.append(question)
        return f"key{len(self.kept)}"


@dataclass(frozen=True)
class Scene:
    answers: InlineAnswers
    answering: Answering
    retriever: ScriptedRetriever
    store: KeptQuestions

    async def page(self, query: str, offset: str = "") -> InlinePage:
        phrases = asyncio.create_task(asyncio.sleep(0, EN))
        return await self.answers.page(query, offset, phrases)


def in_scene(play: Callable[[Scene], Awaitable[_Result]], *, queue_size: int = 8) -> _Result:
    async def run() -> _Result:
        retriever, store = ScriptedRetriever(Named(FIRST)), KeptQuestions()
        answering = Answering(cast(Any, retriever), queue_size=queue_size, question_seconds=60)
        place = Place(Path("nowhere"), Path("nowhere"), Settings())
        try:
            answers = InlineAnswers(answering, cast(Any, store), GoodExamples(answering, place))
            return await play(Scene(answers, answering, retriever, store))
        finally:
            retriever.let.set()
            await answering.aclose()

    return asyncio.run(run())


def test_only_the_first_look_is_taken() -> None:
    async def play(scene: Scene) -> None:
        await scene.page("Who?")
        assert scene.retriever.asked == [("Who?", 11, False)]

    in_scene(play)


def test_the_same_words_are_looked_up_once() -> None:
    async def play(scene: Scene) -> None:
        assert await scene.page("Who leads?") == await scene.page(" Who  leads? ")
        assert len(scene.retriever.asked) == 1

    in_scene(play)


def test_scrolling_asks_for_no_more_than_it_shows() -> None:
    async def play(scene: Scene) -> None:
        offset, ids = "", []
        for _ in range(3):
            page = await scene.page("Who?", offset)
            offset = page.next_offset
            ids += [item.result_id for item in page.items]
        assert ids == [f"{number:016x}" for number in range(30)]
        assert not offset
        assert [top_k for _, top_k, _ in scene.retriever.asked] == [11, 21, 31]

    in_scene(play)


def test_what_was_found_is_forgotten_after_a_switch() -> None:
    async def play(scene: Scene) -> None:
        assert len((await scene.page("Who?")).items) == 10
        opened = ScriptedRetriever(Named(SECOND), passages=2)
        await scene.answering.switch(lambda: cast(Any, opened))
        assert len((await scene.page("Who?")).items) == 2
        assert opened.asked == [("Who?", 11, False)]

    in_scene(play)


def test_a_question_that_nothing_answers_is_kept_for_the_private_chat() -> None:
    async def play(scene: Scene) -> None:
        page = await scene.page("nothing")
        assert scene.store.kept == ["nothing"]
        assert page.button is not None
        assert page.button.start_parameter == "q_key1"
        assert page.items == ()

    in_scene(play)


def test_a_question_that_is_answered_is_not_kept() -> None:
    async def play(scene: Scene) -> None:
        await scene.page("Who?")
        assert scene.store.kept == []

    in_scene(play)


def test_a_full_queue_is_told_at_once() -> None:
    async def play(scene: Scene) -> None:
        scene.retriever.let.clear()
        waiting = [asyncio.create_task(scene.page(f"question {number}")) for number in range(2)]
        await asyncio.sleep(0)
        page = await scene.page("one too many")
        scene.retriever.let.set()
        await asyncio.gather(*waiting)
        assert page.button is not None
        assert page.button.text == EN.inline_busy
        assert (await scene.page("one too many")).items

    in_scene(play, queue_size=1)


def test_an_offset_that_was_never_given_costs_nothing() -> None:
    async def play(scene: Scene) -> None:
        assert await scene.page("Who?", "1000") == InlinePage()
        assert scene.retriever.asked == []

    in_scene(play)


@given(st.text(alphabet=st.characters(), max_size=256).filter(lambda text: any(map(str.isalnum, text))))
def test_any_text_has_a_page(text: str) -> None:
    page = in_scene(lambda scene: scene.page(text))
    assert len({item.result_id for item in page.items}) == len(page.items)
    assert all(item.title for item in page.items)
