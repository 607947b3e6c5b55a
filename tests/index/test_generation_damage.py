"""A crash at any byte, or damage to any file: a whole generation serves, or the error names the remedy."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from index.errors import (
    DamagedGenerationError,
    NoGenerationError,
    OtherFormatError,
)
from index.generation import FORMAT_VERSION, IndexFolder, Manifest, Verification

SCRIPT = Path(__file__).with_name("crashing_builds.py")
_script = runpy.run_path(str(SCRIPT))
MANIFEST: Manifest = _script["MANIFEST"]
build: Callable[..., str] = _script["build"]
generations: Callable[[Path], set[str]] = _script["generations"]

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and limits of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index folder that does not exist yet, with a space and letters beyond ASCII."""
    return tmp_path / "some where" / "índice 索引"


def truncate(folder: Path) -> None:
    """Cut the last byte off."""
    os.truncate(folder / "texts.sqlite", (folder / "texts.sqlite").stat().st_size - 1)


def flip(folder: Path) -> None:
    """Change one bit of one byte."""
    data = bytearray((folder / "passages.faiss").read_bytes())
    data[3] ^= 1
    (folder / "passages.faiss").write_bytes(data)


def flip_in_manifest(folder: Path) -> None:
    """Change a letter where the manifest stays one."""
    manifest = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(manifest.replace("all-minilm", "all-minilN"))


def file_to_folder(folder: Path) -> None:
    """Put a folder where a file was."""
    (folder / "texts.sqlite").unlink()
    (folder / "texts.sqlite").mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "truncated": (truncate, r"texts\.sqlite has 18 bytes; expected 19"),
    "one bit": (flip, r"passages\.faiss differs"),
    "missing": (lambda folder: (folder / "lexical/segments/1").unlink(), r"segments.1 is missing"),
    "missing folder": (lambda folder: shutil.rmtree(folder / "lexical"), r"meta is missing"),
    "folder for file": (file_to_folder, r"texts\.sqlite is missing"),
    "missing manifest": (lambda folder: (folder / "manifest.json").unlink(), r"manifest\.json is missing"),
    "empty manifest": (lambda folder: (folder / "manifest.json").write_bytes(b""), "not a manifest"),
    "no json": (lambda folder: (folder / "manifest.json").write_bytes(b"\xff{"), "not a manifest"),
    "one letter of the manifest": (flip_in_manifest, r"manifest\.json differs"),
    "missing generation": (shutil.rmtree, r"manifest\.json is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named_with_its_remedy_and_mended_by_a_build(path: Path, damage: str) -> None:
    """The message names the file; rolling back serves again, and so does building."""
    build(path, "old")
    name = build(path, "new")
    harm, message = DAMAGES[damage]
    harm(path / "generations" / name)
    with pytest.raises(DamagedGenerationError, match=f"{message}.*`footnote rollback` or `footnote build`"):
        IndexFolder(path).current()
    IndexFolder(path).rollback()
    assert IndexFolder(path).current().manifest.corpus_fingerprint == "old"
    name = build(path, "next")
    assert IndexFolder(path).current().name == name


def test_sizes_alone_do_not_see_a_changed_byte(path: Path) -> None:
    """Opening without reading everything still sees what is missing or cut."""
    name = build(path, "first")
    flip(path / "generations" / name)
    assert IndexFolder(path).current(Verification.SIZES).name == name
    truncate(path / "generations" / name)
    with pytest.raises(DamagedGenerationError, match="expected 21"):
        IndexFolder(path).current(Verification.SIZES)


def test_spots_see_a_changed_byte_of_a_small_file_and_another_large_one(path: Path) -> None:
    """What a start reads is bounded; the check of every byte sees the rest."""
    name = build(path, "first", large=bytes(range(256)) * 40_000)
    folder = path / "generations" / name
    assert IndexFolder(path).current(Verification.SPOTS).name == name
    large = bytearray((folder / "large").read_bytes())
    large[100_000] ^= 1
    (folder / "large").write_bytes(large)
    assert IndexFolder(path).current(Verification.SPOTS).name == name
    with pytest.raises(DamagedGenerationError, match="large differs"):
        IndexFolder(path).current()
    (folder / "large").write_bytes(bytes(len(large)))
    with pytest.raises(DamagedGenerationError, match="large differs"):
        IndexFolder(path).current(Verification.SPOTS)
    (folder / "large").write_bytes(bytes(range(256)) * 40_000)
    flip(folder)
    with pytest.raises(DamagedGenerationError, match=r"passages\.faiss differs"):
        IndexFolder(path).current(Verification.SPOTS)


def test_unlisted_files_are_ignored(path: Path) -> None:
    """What something else dropped into the folder takes nothing away."""
    name = build(path, "first")
    (path / "generations" / name / ".DS_Store").write_text("dropped")
    assert IndexFolder(path).current().name == name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"current": null, "previous": null}',
        b'{"current": "20261124T040102Z-1f3a9c"}',
        b'{"current": "../../elsewhere", "previous": null}',
        b'{"current": "20261124T040102Z-1f3a9c", "previous": 7}',
        b'{"current": "20261124T040102Z-1f3a9c", "previous": ".."}',
    ],
)
def test_a_damaged_current_file_is_named_and_mended_by_a_build(path: Path, content: bytes) -> None:
    """It names no generation, so only a build can help, and it does."""
    build(path, "first")
    (path / "current.json").write_bytes(content)
    with pytest.raises(DamagedGenerationError, match=r"current\.json holds .*run `footnote build`"):
        IndexFolder(path).current()
    with pytest.raises(DamagedGenerationError, match=r"current\.json holds"):
        IndexFolder(path).rollback()
    name = build(path, "second")
    assert IndexFolder(path).current().name == name
    assert generations(path) == {name}


def test_another_format_is_told_apart_from_damage(path: Path) -> None:
    """Both versions are named; a build keeps the generation for the program that can read it."""
    name = build(path, "first")
    manifest = path / "generations" / name / "manifest.json"
    manifest.write_text(json.dumps({"format_version": 7, "something": "new"}))
    with pytest.raises(
        OtherFormatError, match=rf"format 7 and .* reads format {FORMAT_VERSION}; run `footnote build`"
    ):
        IndexFolder(path).current()
    build(path, "second")
    assert IndexFolder(path).previous_name() == name
    with pytest.raises(OtherFormatError):
        IndexFolder(path).rollback()
    assert IndexFolder(path).current().manifest.corpus_fingerprint == "second"


def after_crash(path: Path) -> str:
    """Check that what serves is whole and that the next build succeeds; return what served."""
    opened = IndexFolder(path).current()
    served = opened.manifest.corpus_fingerprint
    assert (opened.path / "texts.sqlite").read_text() == f"{served} in texts.sqlite"
    previous = IndexFolder(path).previous_name()
    name = build(path, "next")
    assert IndexFolder(path).current().name == name
    assert IndexFolder(path).previous_name() == opened.name != previous
    assert generations(path) == {name, opened.name}
    assert {each.name for each in path.iterdir()} <= {"current.json", "generations", "build.lock"}
    return served


@posix
def test_a_build_killed_before_any_change_to_the_disk_leaves_a_whole_generation(
    path: Path, crash: Callable[..., int]
) -> None:
    """Old until the switch and new from there on, wherever SIGKILL falls; the next build tidies up."""
    build(path, "oldest")
    build(path, "old")
    served: list[str] = []
    killed = signal.SIGKILL.value
    while killed:
        copy = path.with_name(f"{path.name} {len(served)}")
        shutil.copytree(path, copy)
        killed = crash("change", len(served) + 1, copy)
        assert killed in (0, signal.SIGKILL)
        served.append(after_crash(copy))
    switched = served.index("new")
    assert served == ["old"] * switched + ["new"] * (len(served) - switched)
    # Six folders and files of its own, the manifest, the rename and what comes before the switch;
    # after it the oldest generation's four folders and five files go.
    assert switched > 8
    assert len(served) - switched > 8


@posix
def test_a_first_build_killed_before_any_change_can_be_built_again(
    path: Path, crash: Callable[..., int]
) -> None:
    """Where nothing served before, nothing does, or the new generation whole."""
    number, killed = 0, 1
    while killed:
        number += 1
        copy = path.with_name(f"{path.name} {number}")
        killed = crash("change", number, copy)
        try:
            assert IndexFolder(copy).current().manifest.corpus_fingerprint == "new"
        except NoGenerationError:
            build(copy, "next")
            assert len(generations(copy)) == 1
    assert IndexFolder(copy).current().manifest.corpus_fingerprint == "new"


@posix
@pytest.mark.parametrize(
    ("name", "size"),
    [
        *(("manifest.json", size) for size in (0, 1, 25, 700, 1100)),
        *(("current.json.new", size) for size in (0, 1, 11, 25, 50, 76, 77)),
        ("texts.sqlite", 5),
    ],
)
def test_a_build_killed_in_the_middle_of_a_file_leaves_the_old_generation(
    path: Path, crash: Callable[..., int], name: str, size: int
) -> None:
    """The process dies with that many bytes of the file written."""
    build(path, "oldest")
    build(path, "old")
    assert crash(name, size, path) == signal.SIGXFSZ
    (written,) = (each for each in path.rglob(name) if each.parent.parent.name != "generations")
    assert written.stat().st_size == size
    assert after_crash(path) == "old"
