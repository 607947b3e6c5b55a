"""How fast a question is answered: one at a time beside the naive way, and sixteen at a time.

    python -m tests.benchmarks.answering [--articles DIR] [--questions FILE] [--others N] [--json]

The first look, both looks and what most document bots do (`index.naive`) take turns of 20 questions, so that
a busy moment meets all alike. Each turn begins with a question that does not count, since PyTorch's threads
wait for more work for some milliseconds on the cores that the next way wants. The questions are spread evenly
over the file. With `--others` the collection has so many passages more, whose
text `scale_text` makes of the articles' own words. Then the same questions are asked through
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
import shutil
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
from index.articles import read_collection
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import load_cross_encoder_by_setting
from index.generation import IndexFolder
from index.metrics import percentile
from index.questions import read_questions
from index.retriever import Retriever
from tests.benchmarks.scale import write_articles

ROOT: Final = Path(__file__).parents[2]
AT_ONCE: Final = 16
ROUNDS: Final = 3
ASKED: Final = 200
"""Questions, evenly from the whole file: in some the first ones are all about what is not there."""
A_TURN: Final = 20
"""Questions that are asked in one way before the next way's turn."""
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
    parser.add_argument("--others", type=int, default=0, help="generated passages beside the articles")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    questions = spread([each.text for each in read_questions(given.questions)])
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as collection:
        folder = IndexFolder(Path(name))
        articles = among_others(given.articles, given.others, Path(collection) / "articles")
        encoder = ChosenEncoder()
        # In a process of its own: what this one holds would count as theirs whom it starts.
        build = ("build", "--articles", articles, "--index", name)
        subprocess.run([sys.executable, "-m", "bot", *build], cwd=ROOT, stdout=sys.stderr, check=True)
        passages = folder.current().manifest.passages
        started = starts(articles, Path(name), questions[0])
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


def spread(questions: Sequence[str]) -> list[str]:
    """Return `ASKED` questions evenly from all, or all where there are no more."""
    count = min(ASKED, len(questions))
    return [questions[len(questions) * number // count] for number in range(count)]


def among_others(articles: Path, others: int, folder: Path) -> Path:
    """Return a folder of the articles and of generated ones with so many passages; theirs where none are."""
    if not others:
        return articles
    shutil.copytree(articles, folder)
    texts = [article.text[article.body_start :] for article in read_collection(folder).articles]
    write_articles(folder / "generated", texts, others)
    return folder


def one_by_one(folder: IndexFolder, encoder: ChosenEncoder, questions: Sequence[str]) -> list[Figure]:
    """Ask the questions of the naive way, of the first look and of both, in turns."""
    times: dict[str, list[float]] = {"naive": [], "first look": [], "both looks": []}
    with Retriever.open(folder, encoder, load_cross_encoder_by_setting()) as retriever:
        ways = {
            "naive": naive_bot(retriever, encoder).ask,
            "first look": lambda question: retriever.ask(question, second_look=False),
            "both looks": retriever.ask,
        }
        for ask in ways.values():
            for question in questions[:A_TURN]:
                ask(question)
        for start in range(0, len(questions), A_TURN):
            for name, ask in ways.items():
                ask(questions[start - 1])
                times[name] += [ask(each).elapsed_ms for each in questions[start : start + A_TURN]]
    return [_figure(name, found, sum(found) / 1000) for name, found in times.items()]


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
