"""How fast a question is answered: one at a time beside the naive way, and sixteen at a time.

    python -m tests.benchmarks.answering [--articles DIR] [--questions FILE] [--json]

Every question is asked in turn of the first look, of both looks and of what most document bots do
(`index.naive`), so that a busy moment meets all alike. Then the same questions are asked through
`bot.answering`, one at a time and sixteen at a time, in turn, three times; figures of rounds are medians.
At last `footnote ask` is started five times, for the time and the most memory that a process takes from
its start to its first answer, from an index that is up to date; a start before them leaves behind what any
start does, compiled modules and models as they open fastest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bot.answering import Answering
from bot.evaluating import naive_bot
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import load_cross_encoder_by_setting
from index.generation import IndexFolder
from index.metrics import percentile
from index.questions import read_questions
from index.retriever import Retriever

ROOT: Final = Path(__file__).parents[2]
AT_ONCE: Final = 16
ROUNDS: Final = 3
ASKED: Final = 200
"""Questions, the first of the file."""
STARTS: Final = 5
DECLINED: Final = 3
"""The exit status of `footnote ask` where the articles do not say."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    p50_ms: float
    p95_ms: float
    a_second: float
    """Answers a second, all told."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--articles", type=Path, default=ROOT / "corpus")
    parser.add_argument("--questions", type=Path, default=ROOT / "corpus" / "questions.jsonl")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    questions = [each.text for each in read_questions(given.questions)][:ASKED]
    with tempfile.TemporaryDirectory() as name:
        folder = IndexFolder(Path(name))
        encoder = ChosenEncoder()
        # In a process of its own: what this one holds would count as theirs whom it starts.
        build = ("build", "--articles", given.articles, "--index", name)
        subprocess.run([sys.executable, "-m", "bot", *build], cwd=ROOT, stdout=sys.stderr, check=True)
        passages = folder.current().manifest.passages
        started = starts(given.articles, Path(name), questions[0])
        figures = [*one_by_one(folder, encoder, questions), *at_once(folder, encoder, questions)]
    if given.json:
        found = {"passages": passages, "figures": [asdict(each) for each in figures], "start": started}
        print(json.dumps(found, indent=2))
        return
    print(f"{len(questions)} questions, {passages} passages")
    print(f"{'':<34}{'p50 ms':>8}{'p95 ms':>8}{'a second':>10}")
    for each in figures:
        print(f"{each.name:<34}{each.p50_ms:>8.1f}{each.p95_ms:>8.1f}{each.a_second:>10.1f}")
    print(f"start to first answer: {started['seconds']:.2f} s, {started['megabytes']:.0f} MB at most")


def one_by_one(folder: IndexFolder, encoder: ChosenEncoder, questions: Sequence[str]) -> list[Figure]:
    """Ask each question of the naive way, of the first look and of both, in turn."""
    times: dict[str, list[float]] = {"naive": [], "first look": [], "both looks": []}
    with Retriever.open(folder, encoder, load_cross_encoder_by_setting()) as retriever:
        ways = {
            "naive": naive_bot(retriever, encoder).ask,
            "first look": lambda question: retriever.ask(question, second_look=False),
            "both looks": retriever.ask,
        }
        for question in [*questions[:10], *questions]:
            for name, ask in ways.items():
                times[name].append(ask(question).elapsed_ms)
    return [_figure(name, found[10:], sum(found[10:]) / 1000) for name, found in times.items()]


def at_once(folder: IndexFolder, encoder: ChosenEncoder, questions: Sequence[str]) -> list[Figure]:
    """Ask all questions through the bot's one way to an answer, one and sixteen at a time, in turn."""

    async def ask_all(answering: Answering, width: int, *, second_look: bool) -> Figure:
        turns = asyncio.Semaphore(width)
        times: list[float] = []

        async def ask(question: str) -> None:
            async with turns:
                began = time.perf_counter()
                await answering.ask(question, second_look=second_look)
                times.append((time.perf_counter() - began) * 1000)

        began = time.perf_counter()
        await asyncio.gather(*map(ask, questions))
        return _figure(str(width), times, time.perf_counter() - began)

    async def measure() -> list[Figure]:
        retriever = Retriever.open(folder, encoder, load_cross_encoder_by_setting())
        answering = Answering(retriever, queue_size=64, question_seconds=None)
        rounds: dict[tuple[bool, int], list[Figure]] = {}
        try:
            for _ in range(ROUNDS):
                for second_look in (False, True):
                    for width in (1, AT_ONCE):
                        figure = await ask_all(answering, width, second_look=second_look)
                        rounds.setdefault((second_look, width), []).append(figure)
        finally:
            await answering.aclose()
        return [
            Figure(
                f"{'both looks' if second_look else 'first look'}, {width} at a time",
                *(median(getattr(each, part) for each in found) for part in ("p50_ms", "p95_ms", "a_second")),
            )
            for (second_look, width), found in rounds.items()
        ]

    return asyncio.run(measure())


def starts(articles: Path, index: Path, question: str) -> dict[str, float]:
    """Return how long a process takes from its start to its answer, and the most memory of one."""
    command = [sys.executable, "-m", "bot", "ask", "--articles", articles, "--index", index, question]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    seconds, kibibytes = [], []
    for _ in range(STARTS + 1):
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - began)
        kibibytes.append(used.ru_maxrss)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode in (0, DECLINED)
    return {"seconds": median(seconds[1:]), "megabytes": max(kibibytes[1:]) / 1024}


def _figure(name: str, times_ms: Sequence[float], seconds: float) -> Figure:
    p50, p95 = percentile(times_ms, 50), percentile(times_ms, 95)
    assert p50 is not None
    assert p95 is not None
    return Figure(name, p50, p95, len(times_ms) / seconds)


if __name__ == "__main__":
    main()
