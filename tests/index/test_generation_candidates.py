"""A candidate lies beside what serves until it is switched to, discarded or replaced, whatever happens."""

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
    BuildRunningError,
    DamagedGenerationError,
    GenerationError,
    NoGenerationError,
)
from index.generation import IndexFolder
from index.pointer import Pointer
from index.trial_folder import TrialFolder

SCRIPT = Path(__file__).with_name("crashing_builds.py")
_script = runpy.run_path(str(SCRIPT))
build: Callable[..., str] = _script["build"]
generations: Callable[[Path], set[str]] = _script["generations"]

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and limits of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index folder that does not exist yet."""
    return tmp_path / "index"


def test_a_candidate_does_not_serve_and_survives_what_removes_leftovers(path: Path) -> None:
    oldest, old = build(path, "oldest"), build(path, "old")
    candidate = build(path, "new", switch=False)
    folder = IndexFolder(path)
    for _ in range(2):
        assert folder.current().name == old
        assert (folder.previous_name(), folder.candidate_name()) == (oldest, candidate)
        assert generations(path) == {oldest, old, candidate}
        with folder.building():
            pass


def test_the_candidate_is_switched_to_and_can_be_rolled_back(path: Path) -> None:
    _, old = build(path, "oldest"), build(path, "old")
    candidate = build(path, "new", switch=False)
    folder = IndexFolder(path)
    folder.switch_to(candidate)
    assert folder.current().name == candidate
    assert (folder.previous_name(), folder.candidate_name()) == (old, None)
    assert generations(path) == {old, candidate}
    assert folder.rollback() == old


def test_a_discarded_candidate_is_gone(path: Path) -> None:
    old = build(path, "old")
    candidate = build(path, "new", switch=False)
    folder = IndexFolder(path)
    folder.discard_candidate()
    folder.discard_candidate()
    assert folder.candidate_name() is None
    assert generations(path) == {old}
    with pytest.raises(GenerationError, match=f"{candidate} is not the candidate .*{old} stays"):
        folder.switch_to(candidate)


def test_what_was_chosen_over_a_candidate_is_until_the_next_is_switched_to(path: Path) -> None:
    old = build(path, "old")
    build(path, "new", switch=False)
    folder = IndexFolder(path)
    assert folder.chosen_name() is None
    folder.discard_candidate(chosen=True)
    assert folder.chosen_name() == old
    build(path, "newer", switch=False)
    folder.discard_candidate()
    assert folder.chosen_name() == old
    build(path, "newest")
    assert folder.chosen_name() is None


def test_going_back_is_a_choice_and_going_forth_again_its_end() -> None:
    older, newer = "20260101T000000Z-abcdef", "20260102T000000Z-000000"
    back = Pointer(newer, older).rolled_back_to(older, chosen=True)
    assert back == Pointer(older, newer, is_chosen=True)
    assert back.rolled_back_to(newer, chosen=True) == Pointer(newer, older)


@pytest.mark.parametrize("switch", [True, False])
def test_the_next_build_replaces_the_candidate(path: Path, switch: bool) -> None:
    old = build(path, "old")
    build(path, "new", switch=False)
    newest = build(path, "newest", switch=switch)
    folder = IndexFolder(path)
    assert folder.candidate_name() == (None if switch else newest)
    assert folder.current_name() == (newest if switch else old)
    assert generations(path) == {old, newest}


def test_rolling_back_leaves_the_candidate(path: Path) -> None:
    oldest, old = build(path, "oldest"), build(path, "old")
    candidate = build(path, "new", switch=False)
    folder = IndexFolder(path)
    assert folder.rollback() == oldest
    assert folder.candidate_name() == candidate
    folder.switch_to(candidate)
    assert (folder.current_name(), folder.previous_name()) == (candidate, oldest)
    assert old not in generations(path)


@pytest.mark.parametrize("content", [None, b"{"])
def test_where_nothing_is_in_use_a_candidate_serves_at_once(path: Path, content: bytes | None) -> None:
    """There is nothing that it could be compared with."""
    if content is not None:
        path.mkdir()
        (path / "current.json").write_bytes(content)
    name = build(path, "first", switch=False)
    folder = IndexFolder(path)
    assert folder.current().name == name
    assert folder.candidate_name() is None


def test_a_damaged_candidate_is_not_switched_to(path: Path) -> None:
    old = build(path, "old")
    candidate = build(path, "new", switch=False)
    (path / "generations" / candidate / "texts.sqlite").write_text("NEW in texts.sqlite")
    with pytest.raises(DamagedGenerationError, match="its SHA-256 is another"):
        IndexFolder(path).switch_to(candidate)
    assert IndexFolder(path).current().name == old


def test_another_name_is_not_switched_to(path: Path) -> None:
    """Neither the one before nor one that looks like a way out of the folder."""
    oldest, old = build(path, "oldest"), build(path, "old")
    build(path, "new", switch=False)
    for name in (oldest, old, "../generations", ""):
        with pytest.raises(GenerationError, match="is not the candidate"):
            IndexFolder(path).switch_to(name)
    assert IndexFolder(path).current().name == old


def test_nothing_is_decided_while_somebody_builds_or_where_nothing_was_built(path: Path) -> None:
    folder = IndexFolder(path)
    for decide in (folder.discard_candidate, lambda: folder.switch_to("any"), folder.candidate_name):
        with pytest.raises(NoGenerationError):
            decide()
    assert not path.exists()
    build(path, "old")
    candidate = build(path, "new", switch=False)
    with IndexFolder(path).building():
        with pytest.raises(BuildRunningError):
            folder.switch_to(candidate)
        with pytest.raises(BuildRunningError):
            folder.discard_candidate()


def test_a_candidate_can_be_tried_as_if_it_served(path: Path) -> None:
    """Readers of the folder itself see nothing of it."""
    old = build(path, "old")
    candidate = build(path, "new", switch=False)
    tried = TrialFolder(IndexFolder(path), candidate)
    assert tried.current().manifest.corpus_fingerprint == "new"
    assert IndexFolder(path).current().name == old
    shutil.rmtree(path / "generations" / candidate)
    with pytest.raises(DamagedGenerationError):
        tried.current()


def test_without_a_candidate_the_pointer_is_as_it_was_before_there_were_any(path: Path) -> None:
    """An older version of the program reads it, and this one reads that of an older version."""
    oldest, old = build(path, "oldest"), build(path, "old")
    pointer = path / "current.json"
    assert json.loads(pointer.read_text()) == {"current": old, "previous": oldest}
    assert IndexFolder(path).candidate_name() is None
    candidate = build(path, "new", switch=False)
    assert json.loads(pointer.read_text()) == {"current": old, "previous": oldest, "candidate": candidate}


@pytest.mark.parametrize("candidate", ["..", 7, "", False, ["20261124T040102Z-1f3a9c"]])
def test_a_pointer_to_what_cannot_be_a_candidate_is_damaged(path: Path, candidate: object) -> None:
    name = build(path, "first")
    fields = {"current": name, "previous": None, "candidate": candidate}
    (path / "current.json").write_text(json.dumps(fields))
    with pytest.raises(DamagedGenerationError, match=r"current\.json holds"):
        IndexFolder(path).current()


def after_crash(path: Path) -> tuple[str, str | None]:
    """Check that all that is named is whole; return what serves and what is the candidate."""
    folder = IndexFolder(path)
    served = folder.current().manifest.corpus_fingerprint
    candidate = folder.candidate_name()
    proposed = None
    if candidate is not None:
        proposed = TrialFolder(folder, candidate).current().manifest.corpus_fingerprint
    name = build(path, "next")
    assert generations(path) == {name, folder.previous_name()}
    assert {each.name for each in path.iterdir()} <= {"current.json", "generations", "build.lock"}
    return served, proposed


@posix
@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("propose", ("old", "older"), ("old", "new")),
        ("switch", ("old", "older"), ("older", None)),
        ("discard", ("old", "older"), ("old", None)),
        ("build", ("old", "older"), ("new", None)),
    ],
)
def test_killed_before_any_change_to_the_disk_it_is_as_before_or_done(
    path: Path,
    crash: Callable[..., int],
    action: str,
    before: tuple[str, str | None],
    after: tuple[str, str | None],
) -> None:
    """A candidate "older" is there; wherever SIGKILL falls, one of the two states is found, whole."""
    build(path, "oldest")
    build(path, "old")
    build(path, "older", switch=False)
    found: list[tuple[str, str | None]] = []
    killed = signal.SIGKILL.value
    while killed:
        copy = path.with_name(f"{path.name} {len(found)}")
        shutil.copytree(path, copy)
        killed = crash("change", len(found) + 1, copy, action)
        assert killed in (0, signal.SIGKILL)
        found.append(after_crash(copy))
    done = found.index(after)
    assert done > 1
    assert found == [before] * done + [after] * (len(found) - done)


@posix
@pytest.mark.parametrize("size", [0, 1, 25, 77, 100, 110])
@pytest.mark.parametrize("action", ["propose", "switch", "discard"])
def test_killed_in_the_middle_of_the_pointer_it_is_as_before(
    path: Path, crash: Callable[..., int], action: str, size: int
) -> None:
    build(path, "oldest")
    build(path, "old")
    build(path, "older", switch=False)
    killed = crash("current.json.new", size, path, action)
    # Without a candidate the pointer is shorter: of the longest it is then the whole, and all is done.
    if killed:
        assert killed == signal.SIGXFSZ
        assert after_crash(path) == ("old", "older")
    else:
        assert action != "propose"
        assert size >= 77
