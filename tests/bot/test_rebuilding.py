"""A rebuild goes on beside the answering, and however its process ends, the bot is told and goes on."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.answering import Answering
from bot.composition import Place, bring_up_to_date, load_encoder, opened_retriever
from bot.rebuild_environment import rebuild_command, rebuild_environment
from bot.rebuild_events import Cancelled, Failed, Finished, Progress, RebuildEvent, Worse
from bot.rebuilding import Rebuild, Rebuilding
from bot.settings import read_settings
from index.build_lock import build_lock
from index.builder import build_index
from index.encoder import Encoder
from index.errors import BuildRunningError, GenerationError
from index.generation import IndexFolder
from index.retriever import Retriever
from index.types import Answer

COFFEE = "Coffee is roasted before it is ground.\n"

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")


def redact(text: str) -> str:
    return text.replace("hidden", "[token]")


@pytest.fixture
def place(corpus: Path, built_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The two articles of `corpus` with their index, and a third one that is not in it yet."""
    monkeypatch.setenv("FOOTNOTE_CROSS_ENCODER", "none")
    articles, index = tmp_path / "articles", tmp_path / "index"
    shutil.copytree(corpus, articles)
    shutil.copytree(built_index, index)
    (articles / "coffee.txt").write_text(COFFEE, encoding="utf-8")
    return Place(articles, index, read_settings())


@pytest.fixture
def sitecustomize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Takes a program that every Python started from here runs first."""

    def write(program: str) -> None:
        folder = tmp_path / "customized"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(program, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(folder))

    return write


def write_golden(place: Place, *questions: tuple[str, str, str]) -> None:
    """Write golden questions: each with an article's file and the text there that answers it."""
    lines = []
    for number, (question, file, text) in enumerate(questions):
        start = (place.articles / file).read_bytes().decode().index(text)
        span = {"article": file.partition(".")[0], "start": start, "end": start + len(text), "text": text}
        lines.append(json.dumps({"id": str(number), "question": question, "spans": [span]}))
    (place.articles / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")


async def followed(rebuild: Rebuild) -> list[RebuildEvent]:
    return [event async for event in rebuild.events()]


async def begun(rebuild: Rebuild, phase: str) -> Progress:
    """Return the first progress of a phase."""
    async for event in rebuild.events():
        assert isinstance(event, Progress), event
        if event.phase == phase:
            return event
    raise AssertionError("a rebuild ends with an outcome")


def run(place: Place) -> tuple[list[RebuildEvent], Rebuilding]:
    """Rebuild and return what was told."""
    rebuilding = Rebuilding(place, redact=redact)

    async def scene() -> list[RebuildEvent]:
        events = await followed(rebuilding.start())
        await rebuilding.aclose()
        return events

    return asyncio.run(scene()), rebuilding


def test_a_rebuild_is_told_answered_beside_and_switched_to(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FOOTNOTE_CROSS_ENCODER")
    place = Place(place.articles, place.index, read_settings())
    write_golden(
        place,
        ("How should tea be stored?", "tea.md", "dark tin"),
        ("What happens to coffee before it is ground?", "coffee.txt", "roasted"),
    )
    # Everything in this article moves, but no answer changes.
    tea = place.articles / "tea.md"
    tea.write_text(tea.read_text().replace("# Tea\n", "# Tea\n\nFew drinks are as old as tea.\n", 1))
    old = IndexFolder(place.index).current_name()
    encoder = Encoder.load()

    def opener() -> Retriever:
        return Retriever.open(place.index_folder, encoder, None)

    async def scene() -> tuple[list[RebuildEvent], list[RebuildEvent], list[Answer], Answer]:
        answering = Answering(opener(), queue_size=8, question_seconds=60)
        rebuilding = Rebuilding(place, redact=redact)
        rebuild = rebuilding.start()
        assert rebuilding.start() is rebuild is rebuilding.running
        listening = [asyncio.create_task(followed(rebuild)) for _ in range(2)]
        if sys.platform == "linux":
            await begun(rebuild, "embedding")
            assert rebuild.process_id is not None
            assert os.getpriority(os.PRIO_PROCESS, rebuild.process_id) == min(19, os.nice(0) + 10)
            assert len(os.sched_getaffinity(rebuild.process_id)) == 1
        answers = [await answering.ask("How should tea be stored?")]
        while rebuild.outcome is None:
            answers.append(await answering.ask("How should tea be stored?"))
            await asyncio.sleep(0.2)
        await answering.switch(opener)
        answer = await answering.ask("What happens to coffee before it is ground?")
        await answering.aclose()
        assert rebuilding.running is None
        await rebuilding.aclose()
        return await listening[0], await listening[1], answers, answer

    events, others, answers, answer = asyncio.run(scene())
    *progress, finished = events
    assert others[-1] == finished
    assert all(isinstance(each, Progress) for each in progress)
    assert {each.phase for each in progress if isinstance(each, Progress)} <= {
        "reading",
        "exporting",
        "embedding",
        "writing",
        "scoring",
    }
    assert isinstance(finished, Finished)
    assert finished.switched
    assert finished.report.switched
    assert (finished.report.articles_added, finished.report.articles_changed) == (1, 1)
    assert (finished.score_before, finished.score_after) == (0.5, 1.0)
    assert finished.lost == ()
    assert all(each.answered and each.generation == old for each in answers)
    assert answer.answered
    assert answer.generation == finished.report.generation == IndexFolder(place.index).current_name()


def test_a_worse_index_waits_for_approval_and_the_unchanged_one_is_up_to_date(place: Place) -> None:
    (place.articles / "bad.md").write_text("")
    write_golden(place, ("How should tea be stored?", "tea.md", "dark tin"))
    (place.articles / "tea.md").unlink()
    folder = place.index_folder
    old = folder.current_name()
    events, rebuilding = run(place)
    worse = events[-1]
    assert isinstance(worse, Worse)
    assert (worse.score_before, worse.score_after) == (1.0, 0.0)
    assert worse.lost == ("How should tea be stored?",)
    assert [file.path for file in worse.report.skipped] == ["bad.md"]
    assert folder.current_name() == old

    # Not even a start, which brings the index up to date, puts it into service unasked.
    encoder = load_encoder(place.settings)
    assert bring_up_to_date(place, encoder) is None
    with opened_retriever(place, encoder, second_look=False) as retriever:
        assert retriever.generation.name == old
    (place.articles / "coffee.txt").rename(place.articles / "cocoa.txt")
    assert bring_up_to_date(place, encoder) is None
    (place.articles / "cocoa.txt").rename(place.articles / "coffee.txt")
    assert folder.current_name() == old

    async def decide() -> None:
        assert await rebuilding.candidate() == worse.report.generation
        with pytest.raises(GenerationError, match="is not the candidate"):
            await rebuilding.approve(old)
        assert await rebuilding.approve(worse.report.generation) == worse.report.generation
        with pytest.raises(GenerationError, match="no new generation"):
            await rebuilding.approve()
        assert await rebuilding.candidate() is None

    asyncio.run(decide())
    assert folder.current_name() == worse.report.generation
    events, _ = run(place)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert not finished.switched
    assert (finished.score_before, finished.score_after) == (None, None)
    assert asyncio.run(rebuilding.rollback()) == old == folder.current_name()


def test_a_candidate_can_be_discarded(place: Place) -> None:
    report = build_index(place.articles, place.index_folder, Encoder.load(), switch=False)
    rebuilding = Rebuilding(place, redact=redact)
    assert asyncio.run(rebuilding.candidate()) == report.generation
    asyncio.run(rebuilding.discard())
    assert asyncio.run(rebuilding.candidate()) is None


def write_many_articles(place: Place) -> None:
    """Write as many as take a while to encode."""
    for number in range(300):
        sentences = (f"Sentence {each} of {number} is about tea {number * each}." for each in range(30))
        (place.articles / f"{number}.txt").write_text(" ".join(sentences), encoding="utf-8")


def until(is_so: Callable[[], bool], timeout_seconds: float = 60.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + timeout_seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_free(place: Place) -> bool:
    """Return whether nobody builds."""
    try:
        with build_lock(place.index):
            return True
    except BuildRunningError:
        return False


def expect_as_before(place: Place, name: str) -> None:
    folder = place.index_folder
    assert folder.current().name == name
    assert folder.candidate_name() is None
    assert not list(place.index.glob("building-*")) or os.name != "posix"


@posix
@pytest.mark.parametrize("is_stubborn", [False, True])
def test_a_cancelled_rebuild_ends_and_the_old_generation_stays(place: Place, is_stubborn: bool) -> None:
    """Also where the process does not listen, and is killed."""
    write_many_articles(place)
    old = place.index_folder.current_name()
    rebuilding = Rebuilding(place, redact=redact, patience_seconds=0.5 if is_stubborn else 60)

    async def scene() -> list[RebuildEvent]:
        rebuild = rebuilding.start()
        await begun(rebuild, "embedding")
        if is_stubborn:
            assert rebuild.process_id is not None
            os.kill(rebuild.process_id, signal.SIGSTOP)
        assert await rebuild.cancel() == Cancelled()
        await rebuilding.aclose()
        return await followed(rebuild)

    assert asyncio.run(scene()) == [Cancelled()]
    if not is_stubborn:
        expect_as_before(place, old)
    assert place.index_folder.current().name == old


def test_closing_cancels_even_before_the_process_has_begun(place: Place) -> None:
    old = place.index_folder.current_name()

    async def scene() -> Rebuild:
        rebuilding = Rebuilding(place, redact=redact)
        rebuild = rebuilding.start()
        await rebuilding.aclose()
        await rebuilding.aclose()
        return rebuild

    assert asyncio.run(scene()).outcome == Cancelled()
    expect_as_before(place, old)


@posix
def test_a_process_that_is_killed_is_a_failure_that_is_told(place: Place) -> None:
    write_many_articles(place)
    old = place.index_folder.current_name()

    async def scene() -> RebuildEvent:
        rebuilding = Rebuilding(place, redact=redact)
        rebuild = rebuilding.start()
        await begun(rebuild, "embedding")
        assert rebuild.process_id is not None
        os.kill(rebuild.process_id, signal.SIGKILL)
        outcome = await rebuild.wait()
        await rebuilding.aclose()
        return outcome

    outcome = asyncio.run(scene())
    assert isinstance(outcome, Failed)
    assert "signal 9" in outcome.reason
    assert place.index_folder.current().name == old


@posix
def test_a_rebuild_ends_when_the_bot_is_killed_and_leaves_the_folder_to_the_next(
    place: Place, tmp_path: Path
) -> None:
    """Not only when it has something to tell: here its lines go to a file, which takes them for ever."""
    write_many_articles(place)
    old = place.index_folder.current_name()
    lines, errors = tmp_path / "lines", tmp_path / "errors"
    program = (
        "import subprocess, sys\n"
        f"with open({str(lines)!r}, 'wb') as lines, open({str(errors)!r}, 'wb') as errors:\n"
        "    subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=lines, stderr=errors)\n"
    )
    environment = {**os.environ, **rebuild_environment(place.settings)}
    bot = subprocess.Popen([sys.executable, "-c", program, *rebuild_command(place)], env=environment)
    until(lambda: lines.exists() and b"embedding" in lines.read_bytes())
    bot.kill()
    bot.wait()
    until(lambda: b"Interrupted" in errors.read_bytes())
    until(lambda: is_free(place))
    expect_as_before(place, old)
    assert b"Judged" not in lines.read_bytes()


def test_a_rebuild_waits_a_moment_for_another_one_to_end(place: Place) -> None:
    async def scene() -> RebuildEvent:
        rebuilding = Rebuilding(place, redact=redact)
        with build_lock(place.index):
            rebuild = rebuilding.start()
            await begun(rebuild, "reading")
            await asyncio.sleep(1)
            assert rebuild.outcome is None
        outcome = await rebuild.wait()
        await rebuilding.aclose()
        return outcome

    assert isinstance(asyncio.run(scene()), Finished)


def test_a_crash_is_told_with_its_status_and_last_words_without_secrets(
    place: Place, sitecustomize: Callable[[str], None]
) -> None:
    sitecustomize(
        "import os, sys\n"
        "sys.stderr.write('first\\nRuntimeError: it is hidden\\x1b[2J here\\n\\n'); sys.stderr.flush()\n"
        "os._exit(7)\n"
    )
    (outcome,), _ = run(place)
    assert isinstance(outcome, Failed)
    assert "status 7" in outcome.reason
    assert "RuntimeError: it is [token]" in outcome.reason
    assert "first" not in outcome.reason
    assert "\x1b" not in outcome.reason


def test_a_process_that_dies_after_the_switch_has_finished(
    place: Place, sitecustomize: Callable[[str], None]
) -> None:
    sitecustomize("import atexit, os\natexit.register(os._exit, 9)\n")
    events, _ = run(place)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.switched
    assert place.index_folder.current_name() == finished.report.generation


def test_what_we_refuse_is_told_in_its_own_words(place: Place) -> None:
    (place.articles / "questions.jsonl").write_text("{hidden")
    (outcome,), _ = run(place)
    assert isinstance(outcome, Failed)
    assert "questions.jsonl, line 1" in outcome.reason
    assert "status" not in outcome.reason


def test_a_process_that_cannot_be_started_is_a_failure_that_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(place.articles / "missing"))
    (outcome,), _ = run(place)
    assert isinstance(outcome, Failed)
    assert "could not be started" in outcome.reason
