"""Builds that die on purpose, each in a process of its own.

Reads orders from standard input, one a line: `ACTION change N FOLDER` does something in the index
folder and kills it with SIGKILL before its Nth change to the file system, `ACTION NAME N FOLDER` lets
the system kill it once the file NAME has N bytes. Actions are `build`, `propose` (a candidate), `switch`
(to it) and `discard` (it). Answers each with the signal that ended it, 0 where it ended by itself. One
process forks them all, because starting Python takes longer than a build.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import index
from index.generation import IndexFolder, Manifest, ModelIdentity

MANIFEST = Manifest(
    created_at="2026-11-24T04:01:02+00:00",
    encoder=ModelIdentity("all-minilm", "0" * 64, 384, "", "passage: "),
    articles=2,
    passages=5,
    sentences=9,
    languages=("de", "en"),
    corpus_fingerprint="abc",
    segmentation=(("characters", 900), ("sentences", 6)),
    build_seconds=1.5,
)


def build(path: Path, content: str, *, switch: bool = True, large: bytes = b"") -> str:
    """Publish a generation whose files say `content`, with a file `large` unless empty; return its name."""
    folder = IndexFolder(path)
    with folder.building() as private:
        (private / "lexical" / "segments").mkdir(parents=True)
        for name in ("texts.sqlite", "passages.faiss", "lexical/meta", "lexical/segments/1"):
            (private / name).write_text(f"{content} in {name}")
        if large:
            (private / "large").write_bytes(large)
        return folder.publish(private, replace(MANIFEST, corpus_fingerprint=content), switch=switch)


def generations(path: Path) -> set[str]:
    """Return the names of the generations that lie in the folder."""
    return {each.name for each in (path / "generations").iterdir()}


def environment() -> dict[str, str]:
    """Return an environment in which another process finds the same package."""
    return {**os.environ, "PYTHONPATH": str(Path(index.__file__).parents[1])}


def die_before(number: int) -> None:
    """Have this process killed before its change to the file system of this number, from 1."""
    changes = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"}
    count = 0

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event in changes or (event == "open" and arguments[2] & (os.O_CREAT | os.O_TRUNC)):
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)


def die_within(name: str, size: int) -> None:
    """Have the system kill this process when it writes past this many bytes of the file so named."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and Path(os.fsdecode(arguments[0])).name == name:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    sys.addaudithook(audit)


def act(action: str, path: Path) -> None:
    """Do what an order says in the index folder."""
    match action:
        case "build":
            build(path, "new")
        case "propose":
            build(path, "new", switch=False)
        case "switch":
            candidate = IndexFolder(path).candidate_name()
            assert candidate is not None
            IndexFolder(path).switch_to(candidate)
        case "discard":
            IndexFolder(path).discard_candidate()
        case _:
            raise ValueError(action)


def main() -> None:
    """Answer every line of standard input."""
    for line in sys.stdin:
        action, way, number, path = line.rstrip("\n").split(" ", maxsplit=3)
        child = os.fork()
        if child == 0:
            status = 1
            with contextlib.suppress(BaseException):
                if way == "change":
                    die_before(int(number))
                else:
                    die_within(way, int(number))
                act(action, Path(path))
                status = 0
            os._exit(status)
        _, status = os.waitpid(child, 0)
        answer = -os.WEXITSTATUS(status) if os.WIFEXITED(status) else os.WTERMSIG(status)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
