"""What is decided about generations is followed by the answering, once, or taken back."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from bot.answering import Answering
from bot.composition import Place
from bot.generations import Generations, OverError
from bot.rebuild_events import Cancelled, Failed, Finished
from bot.rebuilding import Rebuilding
from bot.settings import read_settings
from index.builder import build_index
from index.encoder import Encoder
from index.errors import BuildRunningError, GenerationError, ModelError
from index.generation import IndexFolder
from index.retriever import Retriever
from index.types import BuildReport


@dataclass
class Scene:
    """An index of two articles that is answered from, and a candidate with a third."""

    folder: IndexFolder
    path: Path
    report: BuildReport
    old: str
    broken: bool = False
    """Whether no generation opens."""
    opened: list[str] = field(default_factory=list)
    answering: Answering = field(init=False)
    generations: Generations = field(init=False)

    @property
    def new(self) -> str:
        return self.report.generation


def play(corpus: Path, built_index: Path, tmp_path: Path, act: Callable[[Scene], Awaitable[None]]) -> None:
    """Make the scene, act in it, and see that the disk and the answering agree at the end."""
    articles, index = tmp_path / "articles", tmp_path / "index"
    shutil.copytree(corpus, articles)
    shutil.copytree(built_index, index)
    place = Place(articles, index, read_settings())
    encoder, folder = Encoder.load(), place.index_folder
    old = folder.current_name()
    (articles / "coffee.txt").write_text("Coffee is roasted before it is ground.\n", encoding="utf-8")
    report = build_index(articles, folder, encoder, switch=False)
    scene = Scene(folder, index, report, old)

    def opener() -> Retriever:
        if scene.broken:
            raise ModelError("The encoder is missing; expected it; install it.")
        retriever = Retriever.open(folder, encoder, None)
        scene.opened.append(retriever.generation.name)
        return retriever

    async def run() -> None:
        scene.answering = Answering(Retriever.open(folder, encoder, None), queue_size=8, question_seconds=60)
        rebuilding = Rebuilding(place, redact=str)
        scene.generations = Generations(folder, rebuilding, scene.answering, opener)
        try:
            await act(scene)
            assert scene.generations.serving == folder.current_name()
        finally:
            await scene.answering.aclose()

    asyncio.run(run())


@pytest.fixture
def in_scene(
    corpus: Path, built_index: Path, tmp_path: Path
) -> Callable[[Callable[[Scene], Awaitable[None]]], None]:
    return lambda act: play(corpus, built_index, tmp_path, act)


InScene = Callable[[Callable[[Scene], Awaitable[None]]], None]


def test_approved_rolled_back_and_each_only_once(in_scene: InScene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot.generations")

    async def act(scene: Scene) -> None:
        decide = scene.generations
        assert not await decide.can_roll_back()
        with pytest.raises(OverError):
            await decide.approve(scene.old)
        await decide.approve(scene.new)
        assert decide.serving == scene.new
        assert (await scene.answering.ask("What happens to coffee before it is ground?")).answered
        assert await decide.can_roll_back()
        for press in (decide.approve, decide.discard):
            with pytest.raises(OverError):
                await press(scene.new)
        with pytest.raises(OverError):
            await decide.roll_back(scene.old)
        await decide.roll_back(scene.new)
        assert decide.serving == scene.old
        with pytest.raises(OverError):
            await decide.roll_back(scene.new)
        await decide.roll_back()
        assert decide.serving == scene.new
        assert scene.opened == [scene.new, scene.old, scene.new]
        assert [record.getMessage() for record in caplog.records if record.name == "bot.generations"] == [
            "answers_from"
        ] * 3

    in_scene(act)


def test_two_presses_at_the_same_time_are_one_decision(in_scene: InScene) -> None:
    async def act(scene: Scene) -> None:
        presses = (scene.generations.approve(scene.new), scene.generations.approve(scene.new))
        outcomes = await asyncio.gather(*presses, return_exceptions=True)
        assert outcomes[0] is None
        assert isinstance(outcomes[1], OverError)
        assert scene.opened == [scene.new]

    in_scene(act)


def test_a_discarded_candidate_cannot_be_approved(in_scene: InScene) -> None:
    async def act(scene: Scene) -> None:
        with pytest.raises(OverError):
            await scene.generations.discard(scene.old)
        await scene.generations.discard(scene.new)
        with pytest.raises(OverError):
            await scene.generations.approve(scene.new)
        assert scene.generations.serving == scene.old
        with pytest.raises(GenerationError, match="no generation before"):
            await scene.generations.roll_back()

    in_scene(act)


def test_nothing_is_decided_while_a_build_runs(in_scene: InScene) -> None:
    async def act(scene: Scene) -> None:
        with FileLock(scene.path / "build.lock"):
            for decision in (
                scene.generations.approve(scene.new),
                scene.generations.discard(scene.new),
                scene.generations.roll_back(),
            ):
                with pytest.raises(BuildRunningError):
                    await decision
        await scene.generations.approve(scene.new)

    in_scene(act)


def test_what_does_not_open_is_taken_back(in_scene: InScene) -> None:
    async def act(scene: Scene) -> None:
        scene.broken = True
        with pytest.raises(ModelError):
            await scene.generations.approve(scene.new)
        assert scene.generations.serving == scene.old == scene.folder.current_name()
        assert (await scene.answering.ask("How should tea be stored?")).answered
        with pytest.raises(ModelError):
            await scene.generations.roll_back()
        assert scene.generations.serving == scene.old == scene.folder.current_name()

    in_scene(act)


def test_a_rebuild_that_switched_is_followed_and_no_other(in_scene: InScene) -> None:
    async def act(scene: Scene) -> None:
        assert await scene.generations.follow(Cancelled()) == Cancelled()
        unchanged = Finished(scene.report, None, None, switched=False)
        assert await scene.generations.follow(unchanged) == unchanged
        assert scene.opened == []
        scene.folder.switch_to(scene.new)
        finished = Finished(scene.report, None, None, switched=True)
        assert await scene.generations.follow(finished) == finished
        assert scene.generations.serving == scene.new

    in_scene(act)


def test_a_rebuild_that_does_not_open_has_failed(in_scene: InScene) -> None:
    async def act(scene: Scene) -> None:
        scene.folder.switch_to(scene.new)
        scene.broken = True
        outcome = await scene.generations.follow(Finished(scene.report, None, None, switched=True))
        assert outcome == Failed("The encoder is missing; expected it; install it.")
        assert scene.generations.serving == scene.old

    in_scene(act)
