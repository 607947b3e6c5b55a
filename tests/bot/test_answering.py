"""Questions queue for one worker, within bounds; nothing is lost when the index is switched."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.answering import WAITING_FOR_SECOND_LOOK, Answering, BusyError, TooSlowError
from bot.blocking import BlockingAnswering
from index.builder import build_index
from index.candidates import BegunSearch
from index.cleaning import clean_question
from index.encoder import Encoder
from index.errors import DamagedGenerationError, NoGenerationError
from index.generation import IndexFolder
from index.pending_question import PendingQuestion
from index.retriever import Retriever
from index.types import Answer

QUESTION = "How should tea be stored?"
FAILING = "What is damaged?"


class WatchedRetriever:
    """A real retriever that answers when it is let, and remembers what it did."""

    def __init__(self, retriever: Retriever) -> None:
        self.retriever = retriever
        self.generation = retriever.generation
        self.texts = retriever.texts
        self.encoded: list[str] = []
        self.asked: list[str] = []
        self.given: list[str | PendingQuestion] = []
        self.looked_twice: list[bool] = []
        self.begun = threading.Event()
        self.let = threading.Event()
        self.let.set()
        self.held: str | None = None
        self.held_in_encoding: str | None = None
        self.is_closed = False

    def understood(self, question: str) -> str:
        return self.retriever.understood(question)

    def begin(self, understood: str) -> BegunSearch:
        if understood == self.held_in_encoding:
            self.begun.set()
            assert self.let.wait(60)
        self.encoded.append(understood)
        return self.retriever.begin(understood)

    def ask(self, question: str | PendingQuestion, **options: Any) -> Answer:
        text = question if isinstance(question, str) else question.text
        if text == self.held:
            self.begun.set()
            assert self.let.wait(60)
        assert not self.is_closed
        self.asked.append(text)
        self.given.append(question)
        self.looked_twice.append(options["second_look"])
        if text == FAILING:
            raise DamagedGenerationError("The texts cannot be read; run `footnote build`.")
        return self.retriever.ask(question, **options)

    def close(self) -> None:
        self.is_closed = True
        self.retriever.close()

    async def hold(
        self, answering: Answering, question: str = QUESTION, *, in_encoding: bool = False
    ) -> asyncio.Task[Answer]:
        """Ask a question that is in work, on the one thread or the other, until `let` is set again."""
        self.held, self.held_in_encoding = (None, question) if in_encoding else (question, None)
        self.let.clear()
        self.begun.clear()
        task = asyncio.create_task(answering.ask(question))
        await asyncio.to_thread(self.begun.wait, 60)
        async with asyncio.timeout(60):
            while answering.statistics().waiting:
                await asyncio.sleep(0.01)  # The other thread has taken it up too, and waits for the first.
        return task


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load()


@pytest.fixture(scope="module")
def open_watched(built_index: Path, encoder: Encoder) -> Callable[[], WatchedRetriever]:
    return lambda: WatchedRetriever(Retriever.open(IndexFolder(built_index), encoder, None))


@pytest.fixture
def watched(open_watched: Callable[[], WatchedRetriever]) -> Iterator[WatchedRetriever]:
    retriever = open_watched()
    yield retriever
    retriever.let.set()
    retriever.close()


def answering_with(
    retriever: WatchedRetriever, *, queue_size: int = 8, question_seconds: float | None = 60
) -> Answering:
    return Answering(retriever, queue_size=queue_size, question_seconds=question_seconds)  # type: ignore[arg-type]


async def waiting_asks(answering: Answering, questions: Sequence[str]) -> list[asyncio.Task[Answer]]:
    """Ask questions, and return once all of them wait."""
    tasks = [asyncio.create_task(answering.ask(question)) for question in questions]
    await asyncio.sleep(0)
    assert answering.statistics().waiting == len(tasks)
    return tasks


async def encoded(watched: WatchedRetriever, count: int) -> None:
    """Wait until so many questions are encoded."""
    async with asyncio.timeout(60):
        while len(watched.encoded) < count:
            await asyncio.sleep(0.01)


def test_an_answer_is_the_retrievers_own(watched: WatchedRetriever) -> None:
    async def scene() -> Answer:
        answering = answering_with(watched)
        answer = await answering.ask(QUESTION, top_k=2, second_look=False)
        assert answering.generation == watched.generation
        return answer

    answer = asyncio.run(scene())
    expected = watched.retriever.ask(QUESTION, top_k=2, second_look=False)
    assert answer.answered
    assert replace(answer, elapsed_ms=0) == replace(expected, elapsed_ms=0)


def test_questions_that_wait_are_encoded_while_another_is_ranked(watched: WatchedRetriever) -> None:
    questions = [f"What is sourdough number {number}?" for number in range(4)]

    async def scene() -> list[Answer]:
        answering = answering_with(watched)
        first = await watched.hold(answering)
        others = await waiting_asks(answering, questions)
        await encoded(watched, 5)
        assert watched.asked == []
        watched.let.set()
        return await asyncio.gather(first, *others)

    answers = asyncio.run(scene())
    assert watched.encoded == watched.asked == [QUESTION, *questions]
    alone = watched.retriever.ask(questions[2])
    assert replace(answers[3], elapsed_ms=0) == replace(alone, elapsed_ms=0)


def test_a_question_is_taken_up_for_ranking_while_it_is_encoded(watched: WatchedRetriever) -> None:
    async def scene() -> Answer:
        answering = answering_with(watched)
        held = await watched.hold(answering, in_encoding=True)
        async with asyncio.timeout(60):
            while not watched.asked:
                await asyncio.sleep(0.01)
        assert watched.encoded == []
        watched.let.set()
        return await held

    assert asyncio.run(scene()).answered
    (begun,) = watched.given
    assert isinstance(begun, PendingQuestion)
    assert begun.text == QUESTION


def test_while_many_wait_the_first_look_answers(watched: WatchedRetriever) -> None:
    async def run() -> None:
        answering = Answering(watched, queue_size=50, question_seconds=None)  # type: ignore[arg-type]
        held = await watched.hold(answering)
        count = WAITING_FOR_SECOND_LOOK + 3
        others = [asyncio.create_task(answering.ask(f"Tea {number}?")) for number in range(count)]
        await asyncio.sleep(0)
        watched.let.set()
        await asyncio.gather(held, *others)
        await answering.aclose()

    asyncio.run(run())
    assert watched.looked_twice == [True, False, False, *[True] * (WAITING_FOR_SECOND_LOOK + 1)]


@pytest.mark.parametrize("elsewhere", [WAITING_FOR_SECOND_LOOK, WAITING_FOR_SECOND_LOOK + 1])
def test_those_who_wait_elsewhere_are_waited_for_too(watched: WatchedRetriever, elsewhere: int) -> None:
    async def run() -> None:
        answering = Answering(
            watched,  # type: ignore[arg-type]
            queue_size=50,
            question_seconds=None,
            waiting_elsewhere=lambda: elsewhere,
        )
        await answering.ask(QUESTION)
        await answering.aclose()

    asyncio.run(run())
    assert watched.looked_twice == [elsewhere <= WAITING_FOR_SECOND_LOOK]


def test_a_full_queue_refuses_at_once_and_loses_nobody(watched: WatchedRetriever) -> None:
    async def scene() -> list[Answer]:
        answering = answering_with(watched, queue_size=2)
        first = await watched.hold(answering)
        others = await waiting_asks(answering, ["What is bread?", "What is tea?"])
        with pytest.raises(BusyError, match=r"at most 2 .* ask again shortly"):
            await answering.ask("One too many?")
        watched.let.set()
        answers = await asyncio.gather(first, *others)
        answers.append(await answering.ask("And now?"))
        return answers

    assert len(asyncio.run(scene())) == 4
    assert "One too many?" not in watched.asked


def test_a_question_whose_time_is_over_is_dropped_without_work(watched: WatchedRetriever) -> None:
    async def scene() -> Answer:
        answering = answering_with(watched, question_seconds=0.2)
        first = await watched.hold(answering, in_encoding=True)
        (second,) = await waiting_asks(answering, ["What waits?"])
        for task in (first, second):
            with pytest.raises(TooSlowError, match=r"within 0\.2 s"):
                await task
        watched.let.set()
        answering = answering_with(watched, question_seconds=60)
        return await answering.ask("And now?")

    asyncio.run(scene())
    assert "What waits?" not in watched.asked
    assert "What waits?" not in watched.encoded


def test_a_cancelled_question_is_dropped_without_work(watched: WatchedRetriever) -> None:
    async def scene() -> None:
        answering = answering_with(watched)
        first = await watched.hold(answering, in_encoding=True)
        superseded, latest = await waiting_asks(answering, ["What is sou", "What is sourdough?"])
        superseded.cancel()
        await asyncio.wait([superseded])
        watched.let.set()
        await asyncio.gather(first, latest)

    asyncio.run(scene())
    assert watched.encoded == watched.asked == [QUESTION, "What is sourdough?"]


def test_an_error_reaches_whoever_asked_and_nobody_else(watched: WatchedRetriever) -> None:
    async def scene() -> list[Answer | BaseException]:
        answering = answering_with(watched)
        first = await watched.hold(answering)
        others = await waiting_asks(answering, [FAILING, "What is bread?"])
        watched.let.set()
        found = await asyncio.gather(first, *others, return_exceptions=True)
        with pytest.raises(ValueError, match="top_k is 0"):
            await answering.ask(QUESTION, top_k=0)
        assert answering.statistics().answered == 2
        return [*found, await answering.ask(QUESTION)]

    first, failed, second, third = asyncio.run(scene())
    assert isinstance(failed, DamagedGenerationError)
    assert all(isinstance(each, Answer) for each in (first, second, third))


def test_passages_are_read_while_a_question_is_in_work(watched: WatchedRetriever) -> None:
    async def scene() -> None:
        answering = answering_with(watched)
        answer = await answering.ask(QUESTION)
        ranked = answer.passages[0]
        held = await watched.hold(answering)
        shown = await answering.passage(ranked.passage.passage_id)
        assert shown is not None
        assert (shown.passage, shown.source, shown.text) == (ranked.passage, ranked.source, ranked.text)
        assert shown in await answering.context(ranked.passage.passage_id)
        assert await answering.passage("0" * 16) is None
        assert await answering.context("0" * 16) == ()
        sources = await answering.sources()
        assert [entry.source.title for entry in sources] == ["Bread", "Tea"]
        assert await answering.sources() is sources
        watched.let.set()
        await held

    asyncio.run(scene())


def test_a_switch_comes_between_two_questions_and_closes_the_old_one_after(
    watched: WatchedRetriever, corpus: Path, built_index: Path, encoder: Encoder, tmp_path: Path
) -> None:
    articles, index = tmp_path / "articles", tmp_path / "index"
    shutil.copytree(corpus, articles)
    shutil.copytree(built_index, index)
    (articles / "coffee.txt").write_text("Coffee is roasted before it is ground.", encoding="utf-8")
    build_index(articles, IndexFolder(index), encoder)

    async def scene() -> tuple[Answer, Answer, int]:
        answering = answering_with(watched)
        await answering.sources()
        old = await watched.hold(answering)
        opened = asyncio.Event()
        loop = asyncio.get_running_loop()

        def opener() -> Retriever:
            retriever = Retriever.open(IndexFolder(index), encoder, None)
            loop.call_soon_threadsafe(opened.set)
            return retriever

        switching = asyncio.create_task(answering.switch(opener))
        await opened.wait()
        new = asyncio.create_task(answering.ask("What happens to coffee?"))
        await asyncio.sleep(0)
        assert not watched.is_closed
        watched.let.set()
        await switching
        assert watched.is_closed
        entries = await answering.sources()
        answers = await old, await new
        await answering.aclose()
        return *answers, len(entries)

    old, new, entries = asyncio.run(scene())
    assert old.generation == watched.generation.name
    assert new.generation == IndexFolder(index).current_name() != old.generation
    assert new.passages[0].source.article_id == "coffee"
    assert entries == 3


def test_questions_encoded_before_a_switch_are_encoded_anew(
    watched: WatchedRetriever, open_watched: Callable[[], WatchedRetriever]
) -> None:
    """The encoder may be another one."""
    second = open_watched()

    async def scene() -> None:
        answering = answering_with(watched)
        first = await watched.hold(answering)
        bread, tea = await waiting_asks(answering, ["What is bread?", "What is tea?"])
        released, watched.let = watched.let, threading.Event()
        watched.held = "What is bread?"
        watched.begun.clear()
        released.set()
        await first
        await asyncio.to_thread(watched.begun.wait, 60)
        await encoded(watched, 3)
        switching = asyncio.create_task(answering.switch(lambda: second))  # type: ignore[arg-type, return-value]
        while answering.generation is watched.generation:
            await asyncio.sleep(0)
        watched.let.set()
        await asyncio.gather(bread, tea, switching)
        await answering.aclose()

    asyncio.run(scene())
    assert watched.encoded == [QUESTION, "What is bread?", "What is tea?"]
    assert watched.asked == [QUESTION, "What is bread?"]
    assert second.given == ["What is tea?"]


def test_an_opener_that_fails_changes_nothing(watched: WatchedRetriever) -> None:
    def opener() -> Retriever:
        raise NoGenerationError("Nothing was built yet; run `footnote build`.")

    async def scene() -> Answer:
        answering = answering_with(watched)
        with pytest.raises(NoGenerationError):
            await answering.switch(opener)
        return await answering.ask(QUESTION)

    assert asyncio.run(scene()).answered


def test_a_switch_that_nobody_waits_for_closes_what_it_opened(
    watched: WatchedRetriever, open_watched: Callable[[], WatchedRetriever]
) -> None:
    second = open_watched()
    begun, let = threading.Event(), threading.Event()

    def opener() -> WatchedRetriever:
        begun.set()
        assert let.wait(60)
        return second

    async def scene() -> None:
        answering = answering_with(watched)
        switching = asyncio.create_task(answering.switch(opener))  # type: ignore[arg-type]
        await asyncio.to_thread(begun.wait, 60)
        switching.cancel()
        await asyncio.wait([switching])
        let.set()
        assert (await answering.ask(QUESTION)).answered

    asyncio.run(scene())
    assert watched.asked == [QUESTION]
    assert second.is_closed


def test_closing_finishes_what_is_in_work_and_refuses_the_rest(
    watched: WatchedRetriever, open_watched: Callable[[], WatchedRetriever]
) -> None:
    second = open_watched()

    async def scene() -> Answer:
        answering = answering_with(watched)
        first = await watched.hold(answering)
        (waiting,) = await waiting_asks(answering, ["What waits?"])
        closing = asyncio.create_task(answering.aclose())
        await asyncio.sleep(0)
        for refused in (answering.ask("Too late?"), answering.passage("0" * 16), answering.sources()):
            with pytest.raises(BusyError, match="about to end"):
                await refused
        watched.let.set()
        with pytest.raises(BusyError):
            await waiting
        await closing
        with pytest.raises(BusyError):
            await answering.switch(lambda: second)  # type: ignore[arg-type, return-value]
        await answering.aclose()
        return await first

    assert asyncio.run(scene()).answered
    assert watched.asked == [QUESTION]
    assert watched.is_closed
    assert second.is_closed


def test_statistics_tell_of_the_answers_alone(watched: WatchedRetriever) -> None:
    async def scene() -> None:
        answering = answering_with(watched)
        assert answering.statistics().p50_ms is None
        with pytest.raises(DamagedGenerationError):
            await answering.ask(FAILING)
        for _ in range(3):
            await answering.ask(QUESTION)
        statistics = answering.statistics()
        assert (statistics.answered, statistics.waiting) == (3, 0)
        assert statistics.p50_ms is not None
        assert statistics.p95_ms is not None
        assert 0 < statistics.p50_ms <= statistics.p95_ms

    asyncio.run(scene())


@settings(max_examples=25, deadline=None)
@given(questions=st.lists(st.text(), min_size=1, max_size=8))
def test_any_texts_asked_at_once_are_all_answered(
    open_watched: Callable[[], WatchedRetriever], questions: list[str]
) -> None:
    async def scene() -> list[Answer]:
        answering = answering_with(open_watched())
        answers = await asyncio.gather(*map(answering.ask, questions))
        await answering.aclose()
        return answers

    for question, answer in zip(questions, asyncio.run(scene()), strict=True):
        assert answer.question == clean_question(question)


def test_the_terminal_waits_for_the_same_answers(watched: WatchedRetriever) -> None:
    with BlockingAnswering(watched) as answering:  # type: ignore[arg-type]
        first = answering.ask(QUESTION, top_k=1, second_look=False)
        with pytest.raises(DamagedGenerationError):
            answering.ask(FAILING, top_k=1, second_look=False)
        second = answering.ask(QUESTION, top_k=3, second_look=False)
    assert (len(first.passages), len(second.passages)) == (1, 3)
    assert watched.is_closed
