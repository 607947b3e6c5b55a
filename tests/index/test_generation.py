"""Whatever happens to a build or to the disk: a whole generation serves, or an error says what to do."""

from __future__ import annotations

import errno
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from index.errors import (
    BuildRunningError,
    DamagedGenerationError,
    GenerationError,
    NoGenerationError,
)
from index.generation import IndexFolder, Manifest

SCRIPT = Path(__file__).with_name("crashing_builds.py")
_script = runpy.run_path(str(SCRIPT))
MANIFEST: Manifest = _script["MANIFEST"]
build: Callable[[Path, str], str] = _script["build"]
environment: Callable[[], dict[str, str]] = _script["environment"]
generations: Callable[[Path], set[str]] = _script["generations"]

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and limits of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index folder that does not exist yet, with a space and letters beyond ASCII."""
    return tmp_path / "some where" / "índice 索引"


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below the folder."""
    return {
        each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()
    }


def test_a_published_generation_serves(path: Path) -> None:
    """It has the name, the files and the manifest that were given, and nothing is left over."""
    name = build(path, "first")
    opened = IndexFolder(path).current()
    assert opened.name == name == IndexFolder(path).current_name()
    assert opened.path == path / "generations" / name
    assert replace(opened.manifest, files=()) == replace(MANIFEST, corpus_fingerprint="first")
    assert [record.path for record in opened.manifest.files] == [
        "lexical/meta",
        "lexical/segments/1",
        "passages.faiss",
        "texts.sqlite",
    ]
    assert (opened.path / "lexical/segments/1").read_text() == "first in lexical/segments/1"
    assert name.startswith("20261124T040102Z-")
    assert {each.name for each in path.iterdir()} <= {"current.json", "generations", "build.lock"}
    assert IndexFolder(path).previous_name() is None


def test_two_generations_are_kept(path: Path) -> None:
    """The one that serves and the one before it; older ones go."""
    _, second, third = (build(path, content) for content in ("first", "second", "third"))
    assert IndexFolder(path).current_name() == third
    assert IndexFolder(path).previous_name() == second
    assert generations(path) == {second, third}


def test_equal_generations_have_names_of_their_own(path: Path) -> None:
    """Even in the same second, a generation never takes the folder of another."""
    first, second = build(path, "same"), build(path, "same")
    assert second == f"{first}-2"
    assert IndexFolder(path).current().name == second


def test_rolling_back_twice_returns(path: Path) -> None:
    """Rolling back swaps the two generations, and a build after it replaces the right one."""
    first, second = build(path, "first"), build(path, "second")
    folder = IndexFolder(path)
    assert folder.rollback() == first
    assert folder.current().name == first
    assert folder.rollback() == second
    assert folder.current().name == second
    folder.rollback()
    third = build(path, "third")
    assert (folder.current_name(), folder.previous_name()) == (third, first)
    assert generations(path) == {first, third}


def test_there_must_be_something_to_roll_back_to(path: Path) -> None:
    """Without a generation, or without a second one, the error says so and nothing is made."""
    with pytest.raises(NoGenerationError, match="`footnote build`"):
        IndexFolder(path).rollback()
    assert not path.exists()
    name = build(path, "first")
    with pytest.raises(GenerationError, match=f"no generation before {name}"):
        IndexFolder(path).rollback()
    assert IndexFolder(path).current().name == name


def test_a_damaged_generation_is_not_rolled_back_to(path: Path) -> None:
    """What serves stays."""
    first, second = build(path, "first"), build(path, "second")
    (path / "generations" / first / "texts.sqlite").write_text("First in texts.sqlite")
    with pytest.raises(DamagedGenerationError, match=f"{second} stays"):
        IndexFolder(path).rollback()
    assert IndexFolder(path).current().name == second


def test_a_build_over_a_damaged_generation_keeps_the_whole_one(path: Path) -> None:
    """The way back leads to the last generation that can serve."""
    first, second = build(path, "first"), build(path, "second")
    (path / "generations" / second / "texts.sqlite").unlink()
    third = build(path, "third")
    assert IndexFolder(path).rollback() == first
    assert generations(path) == {first, third}


def test_without_a_generation_the_error_says_how_to_build_one(path: Path) -> None:
    """For a folder that does not exist and for an empty one; asking makes neither."""
    for _ in range(2):
        with pytest.raises(NoGenerationError, match="run `footnote build`"):
            IndexFolder(path).current()
        path.mkdir(parents=True, exist_ok=True)
    assert list(path.iterdir()) == []


def test_an_index_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    """Reading and building say the same."""
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(GenerationError, match=r"file cannot be used .*name another index folder"):
        IndexFolder(path).current()
    with pytest.raises(GenerationError, match=r"file cannot be used .*name another index folder"):
        build(path, "first")
    with pytest.raises(GenerationError, match="name another index folder"):
        build(path / "below", "first")
    assert path.read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_index_folder_still_serves(path: Path) -> None:
    """Building says what is missing."""
    name = build(path, "first")
    path.chmod(0o555)
    try:
        assert IndexFolder(path).current().name == name
        with pytest.raises(GenerationError, match="the right to read and write"):
            build(path, "second")
    finally:
        path.chmod(0o755)


@pytest.mark.parametrize(
    ("number", "remedy", "call"),
    [
        *((errno.ENOSPC, "free space", call) for call in range(1, 12)),
        (errno.EDQUOT, "free space", 9),
        (errno.EROFS, "the right to read and write", 9),
        (errno.EACCES, "the right to read and write", 9),
        (errno.EIO, "check the disk", 9),
    ],
)
def test_what_the_system_refuses_leaves_the_old_generation(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str, call: int
) -> None:
    """At whichever flush it refuses: the error gives folder and remedy, and the next build succeeds."""
    build(path, "old")
    calls = 0
    flush = os.fsync

    def refuse(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(number, os.strerror(number))
        flush(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(GenerationError, match=f"índice 索引 cannot be used .*{remedy}"):
            build(path, "new")
    assert IndexFolder(path).current().manifest.corpus_fingerprint == "old"
    assert not list(path.glob("building-*"))
    name = build(path, "next")
    assert IndexFolder(path).current().name == name
    assert len(generations(path)) == 2


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.ENOSPC, "free space"), (errno.EDQUOT, "free space"), (errno.EFBIG, "check the disk")],
)
def test_a_disk_that_fills_up_while_building_is_told(path: Path, number: int, remedy: str) -> None:
    """Whichever module was writing; other errors of the builder pass as they are."""
    with pytest.raises(GenerationError, match=f"cannot be used .*{remedy}"), IndexFolder(path).building():
        raise OSError(number, os.strerror(number))
    with pytest.raises(FileNotFoundError), IndexFolder(path).building():
        raise FileNotFoundError("an article")


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_build_that_stops_leaves_nothing(path: Path, error: type[BaseException]) -> None:
    """Its folder goes and the lock is free, whatever stopped it."""
    build(path, "first")
    before = contents(path / "generations")

    def stop() -> None:
        with IndexFolder(path).building() as private:
            (private / "texts.sqlite").write_text("half")
            raise error

    with pytest.raises(error):
        stop()
    assert not list(path.glob("building-*"))
    assert contents(path / "generations") == before
    build(path, "second")


def test_what_was_not_published_is_gone_after_the_block(path: Path) -> None:
    """A build that finds nothing new just leaves the block."""
    with IndexFolder(path).building() as private:
        assert list(private.iterdir()) == []
    assert not private.exists()
    with pytest.raises(NoGenerationError):
        IndexFolder(path).current()


def test_only_the_folder_being_built_can_be_published(path: Path, tmp_path: Path) -> None:
    """Neither another folder nor the same one after its block."""
    folder = IndexFolder(path)
    with folder.building() as private, pytest.raises(ValueError, match="not being built in"):
        folder.publish(tmp_path, MANIFEST)
    with pytest.raises(ValueError, match="not being built in"):
        folder.publish(private, MANIFEST)


@posix
def test_a_link_is_not_published(path: Path, tmp_path: Path) -> None:
    """A generation holds its files itself."""
    (tmp_path / "elsewhere").write_text("mine")
    folder = IndexFolder(path)
    with folder.building() as private:
        (private / "texts.sqlite").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(GenerationError, match=r"texts\.sqlite is a link"):
            folder.publish(private, MANIFEST)


def test_one_builds_at_a_time(path: Path) -> None:
    """The second is told; the first is not disturbed, and reading goes on."""
    build(path, "first")
    build(path, "second")
    with IndexFolder(path).building() as private:
        with pytest.raises(BuildRunningError, match="wait until it ends"):
            build(path, "third")
        with pytest.raises(BuildRunningError, match="wait until it ends"):
            IndexFolder(path).rollback()
        assert private.exists()
        assert IndexFolder(path).current().manifest.corpus_fingerprint == "second"
    build(path, "third")


def test_another_process_holds_the_lock_until_it_dies(path: Path) -> None:
    """Killed in the middle, it leaves a folder that the next build removes."""
    build(path, "first")
    code = (
        "import sys, pathlib, index.generation as g\n"
        "with g.IndexFolder(pathlib.Path(sys.argv[1])).building() as private:\n"
        "    (private / 'half').write_text('half')\n"
        "    sys.stdout.write('.'); sys.stdout.flush(); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()) as other:
        assert other.stdout is not None
        assert other.stdout.read(1) == b"."
        with pytest.raises(BuildRunningError):
            build(path, "second")
        other.kill()
    assert len(list(path.glob("building-*"))) == 1
    build(path, "second")
    assert not list(path.glob("building-*"))


def test_reading_follows_builds_that_replace_what_it_opens(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where builds removed the generation between its name and its files, the new one is opened."""
    build(path, "first")
    name_read = IndexFolder.current_name
    names: list[str] = []

    def overtaken(folder: IndexFolder) -> str:
        name = name_read(folder)
        if not names:
            names.extend([build(path, "second"), build(path, "third")])
        return name

    monkeypatch.setattr(IndexFolder, "current_name", overtaken)
    assert IndexFolder(path).current().name == names[-1]


def test_everything_is_on_the_disk_before_the_switch(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, then their folders, then the rename, and `current.json` last: power may fail at any time."""
    build(path, "old")
    flushed: list[int] = []
    at_switch: list[set[int]] = []
    flush, move = os.fsync, os.replace

    def record_flush(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        flush(descriptor)

    def record_switch(source: Path, target: Path) -> None:
        assert Path(target).name == "current.json"
        at_switch.append(set(flushed))
        flushed.clear()
        move(source, target)

    monkeypatch.setattr(os, "fsync", record_flush)
    monkeypatch.setattr(os, "replace", record_switch)
    name = build(path, "new")
    generation = path / "generations" / name
    durable = [generation, *generation.rglob("*"), path / "generations", path, path / "current.json"]
    assert at_switch == [{each.stat().st_ino for each in durable}]
    assert flushed == [path.stat().st_ino]
