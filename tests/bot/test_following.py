"""What another process puts into service on the disk is what answers here, soon after."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.answering import Answering
from bot.commands import app
from bot.composition import find_place, load_encoder, open_retriever
from bot.following import Following
from index.errors import DamagedGenerationError
from index.generation import IndexFolder
from index.retriever import Retriever


@pytest.fixture
def folders(corpus: Path, built_index: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Articles and their index, to be changed."""
    shutil.copytree(corpus, tmp_path / "articles")
    shutil.copytree(built_index, tmp_path / "index")
    return tmp_path / "articles", tmp_path / "index"


def build_another(articles: Path, index: Path) -> str:
    """Let another process put a new generation into service, and return its name."""
    (articles / "salt.txt").write_text("Salt is won from the sea in flat basins.\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["build", "--articles", str(articles), "--index", str(index)])
    assert result.exit_code == 0, result.output
    return IndexFolder(index).current_name()


def followed(
    folders: tuple[Path, Path],
    use: Callable[[Answering, Callable[[], Awaitable[None]]], Awaitable[None]],
    *failures: Exception,
) -> None:
    """Follow from look to look, as `use` says; opening fails with each of `failures` first."""
    place = find_place(*folders)
    encoder, left = load_encoder(place.settings), list(failures)

    def opener() -> Retriever:
        if left:
            raise left.pop()
        return open_retriever(place, encoder, None)

    async def run() -> None:
        looks: asyncio.Queue[None] = asyncio.Queue()
        waits = asyncio.Event()

        async def sleep(_: float) -> None:
            waits.set()
            await looks.get()

        async def look() -> None:
            waits.clear()
            looks.put_nowait(None)
            await waits.wait()

        answering = Answering(open_retriever(place, encoder, None), queue_size=4, question_seconds=None)
        task = asyncio.create_task(Following(place.index_folder, answering, opener, sleep=sleep).run())
        await waits.wait()
        try:
            await use(answering, look)
        finally:
            task.cancel()
            await asyncio.wait([task])
            await answering.aclose()

    asyncio.run(run())


def test_a_build_and_a_roll_back_elsewhere_are_followed(folders: tuple[Path, Path]) -> None:
    async def use(answering: Answering, look: Callable[[], Awaitable[None]]) -> None:
        before = answering.generation.name
        await look()
        assert answering.generation.name == before
        after = await asyncio.to_thread(build_another, *folders)
        await look()
        assert answering.generation.name == after
        IndexFolder(folders[1]).rollback()
        await look()
        assert answering.generation.name == before

    followed(folders, use)


def test_what_does_not_open_leaves_what_answers_and_is_tried_again_later(
    folders: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    async def use(answering: Answering, look: Callable[[], Awaitable[None]]) -> None:
        before = answering.generation.name
        after = await asyncio.to_thread(build_another, *folders)
        for _ in range(30):
            await look()
            assert answering.generation.name == before
        await look()
        assert answering.generation.name == after

    followed(folders, use, DamagedGenerationError("broken"))
    assert [record.getMessage() for record in caplog.records].count("not_followed") == 1


def test_a_pointer_that_cannot_be_read_is_borne(folders: tuple[Path, Path]) -> None:
    async def use(answering: Answering, look: Callable[[], Awaitable[None]]) -> None:
        pointer = folders[1] / "current.json"
        text: Any = pointer.read_text(encoding="utf-8")
        pointer.write_text("{", encoding="utf-8")
        await look()
        pointer.write_text(text, encoding="utf-8")
        await look()
        assert (await answering.ask("At how many degrees is green tea brewed?", second_look=False)).passages

    followed(folders, use)
