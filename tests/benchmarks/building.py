"""How fast an index is built: whole, after one change, after none, and divided between two processes.

    python -m tests.benchmarks.building [--articles DIR] [--count 1000] [--json]

Both sides encode the same texts in turn: Footnote by a build into an index folder that has the exported
encoder already, from the first text to the last vector in its file; sentence-transformers by its own
`encode` with its defaults, once for the passages and once for the sentences. Rates are of rows, so a
text that stands in two rows counts twice for either; Footnote encodes it once.

Without --articles the texts are generated: a chain of words over the articles in `corpus`, in which each
word is drawn from those that follow the word before it there. Times are medians of three rounds, but the
whole build of all articles is timed once.

    python -m tests.benchmarks.building --memory

builds twice from generated articles, the second time from four times as many, in processes of their own
and with vectors from a hash instead of a model, and prints the most memory that each took: with vectors
of the usual length, which an exact index holds while it is written, and with short ones, which show what
all else takes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.builder import BuildProgress, build_index
from index.chosen_encoder import ChosenEncoder
from index.encoding import BuildEncoder, TextEncoder
from index.generation import IndexFolder, ModelIdentity
from index.texts import Texts
from index.types import BuildReport

ROOT: Final = Path(__file__).parents[2]
ROUNDS: Final = 3
SAMPLE: Final = 60
"""Articles that both sides encode in every round, and two processes in parts."""
WORDS_A_SENTENCE: Final = (8, 30)
SENTENCES_A_PARAGRAPH: Final = 5
PARAGRAPHS: Final = (1, 2)
"""Of a generated article: at least and at most."""


def generated(folder: Path, count: int, seed: int = 7) -> Path:
    """Write articles of generated text and return their folder."""
    followers: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "corpus").rglob("*.md")):
        words = path.read_text(encoding="utf-8").split("---")[-1].split()
        for word, follower in pairwise(words):
            followers[word].append(follower)
    chance = random.Random(seed)
    starts = sorted(followers)
    folder.mkdir(parents=True)

    def sentence() -> str:
        words = [chance.choice(starts)]
        for _ in range(chance.randint(*WORDS_A_SENTENCE)):
            words.append(chance.choice(followers.get(words[-1]) or starts))
        return " ".join(words).strip(".,;:#*- ").replace(".", "").capitalize() + "."

    for number in range(count):
        paragraphs = [
            " ".join(sentence() for _ in range(SENTENCES_A_PARAGRAPH))
            for _ in range(chance.randint(*PARAGRAPHS))
        ]
        text = f"---\nlanguage: en\n---\n# Article {number}\n\n" + "\n\n".join(paragraphs) + "\n"
        (folder / f"{number // 1000:03}-{number % 1000:03}.md").write_text(text, encoding="utf-8")
    return folder


def sample_of(articles: Path, folder: Path) -> Path:
    """Copy some of the articles, evenly from all of them, and return the folder."""
    folder.mkdir()
    paths = sorted(path for path in articles.rglob("*") if path.suffix in (".md", ".markdown", ".txt"))
    for number, path in enumerate(paths[:: max(1, len(paths) // SAMPLE)][:SAMPLE]):
        shutil.copy(path, folder / f"{number:03}{path.suffix}")
    return folder


def with_encoder(work: Path, encoder: ChosenEncoder) -> Path:
    """Return an index folder that has the exported encoder and next to nothing else."""
    folder = work / "one"
    folder.mkdir()
    (folder / "one.md").write_text("One sentence is enough.\n")
    build_index(folder, IndexFolder(work / "with-encoder"), encoder)
    return work / "with-encoder"


def timed_build(articles: Path, index: Path, encoder: ChosenEncoder) -> tuple[BuildReport, float]:
    """Build, and return the report with the seconds from the first text to encode to the last vector."""
    times: dict[str, float] = {}

    def on_progress(progress: BuildProgress) -> None:
        now = time.perf_counter()
        times.setdefault(progress.phase, now)

    report = build_index(articles, IndexFolder(index), encoder, on_progress=on_progress)
    return report, times.get("writing", 0.0) - times.get("embedding", 0.0)


def rates(articles: Path, work: Path, base: Path, encoder: ChosenEncoder) -> dict[str, float]:
    """Return rows a second of both sides, over the same articles in turn."""
    library = encoder.load()
    library.encode_plainly(["One sentence is enough."])
    ours: list[float] = []
    theirs: list[float] = []
    texts: dict[str, list[str]] = {}
    for number in range(ROUNDS):
        index = work / f"round-{number}"
        shutil.copytree(base, index)
        report, seconds = timed_build(articles, index, encoder)
        rows = report.passages + report.sentences
        ours.append(rows / seconds)
        if not texts:
            with Texts.open(IndexFolder(index).current().path / layout.TEXTS) as stored:
                keyed = stored.keyed_texts(0, stored.passage_count)
            texts = {
                "passages": [text for _, text in keyed.passages],
                "sentences": [text for _, text in keyed.sentences],
            }
        began = time.perf_counter()
        for each in texts.values():
            library.encode_plainly(each)
        theirs.append(rows / (time.perf_counter() - began))
    distinct = {text for each in texts.values() for text in each}
    return {
        "passages": len(texts["passages"]),
        "sentences": len(texts["sentences"]),
        "different_texts": len(distinct),
        "rows_a_second": median(ours),
        "rows_a_second_sentence_transformers": median(theirs),
        "times_as_fast": median(our / their for our, their in zip(ours, theirs, strict=True)),
    }


def rebuilds(articles: Path, work: Path, base: Path, encoder: ChosenEncoder) -> dict[str, float]:
    """Return the seconds of a whole build, of one after a change, and of one after none."""
    index = work / "whole"
    shutil.copytree(base, index)
    copied = work / "copied"
    shutil.copytree(articles, copied)
    report = build_index(copied, IndexFolder(index), encoder)
    paths = sorted(path for path in copied.rglob("*") if path.suffix in (".md", ".markdown", ".txt"))
    one: list[float] = []
    none: list[float] = []
    for number in range(ROUNDS):
        path = paths[len(paths) * (number + 1) // (ROUNDS + 1)]
        path.write_text(f"{path.read_text(encoding='utf-8')}\nChange {number} came in the end.\n")
        one.append(build_index(copied, IndexFolder(index), encoder).elapsed_seconds)
        none.append(build_index(copied, IndexFolder(index), encoder).elapsed_seconds)
    return {
        "articles": report.articles,
        "passages": report.passages,
        "sentences": report.sentences,
        "whole_seconds": report.elapsed_seconds,
        "one_changed_seconds": median(one),
        "one_changed_share": median(one) / report.elapsed_seconds,
        "none_changed_seconds": median(none),
        "none_changed_share": median(none) / report.elapsed_seconds,
    }


def shares(articles: Path, work: Path, base: Path) -> dict[str, float]:
    """Return the seconds of one process on one core, of two on a core each, and of putting these together."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    alone, divided = work / "alone", work / "divided"
    for index in (alone, divided):
        shutil.copytree(base, index)

    def run(index: Path, command: Sequence[str], core: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", *command, "--articles", str(articles), "--index", str(index)],
            cwd=ROOT,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def seconds(index: Path, *commands: Sequence[str]) -> float:
        began = time.perf_counter()
        started = [run(index, command, cores[number % len(cores)]) for number, command in enumerate(commands)]
        assert [process.wait() for process in started] == [0] * len(started)
        return time.perf_counter() - began

    return {
        "one_process_seconds": seconds(alone, ["build"]),
        "two_processes_seconds": seconds(divided, ["build", "--shard", "1/2"], ["build", "--shard", "2/2"]),
        "merge_seconds": seconds(divided, ["merge"]),
    }


class HashEncoder:
    """Vectors from a hash: as many and as long as a model's, and made in no time."""

    def __init__(self, dimensions: int) -> None:
        self.identity = ModelIdentity("hash", "0" * 64, dimensions, "", "")

    def matches(self, identity: ModelIdentity) -> bool:
        return identity == self.identity

    def for_building(
        self, folder: Path, before: Path | None, on_export: Callable[[int, int], None]
    ) -> BuildEncoder:
        return BuildEncoder(self)

    def for_answering(self, folder: Path) -> TextEncoder:
        return self

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_passages(texts)

    def encode_passages(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        seeds = [hashlib.shake_128(text.encode()).digest(self.identity.dimensions) for text in texts]
        vectors = np.stack([np.frombuffer(seed, np.int8) for seed in seeds]).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def familiarity(self, words: Sequence[str]) -> float:
        return 1.0


def memory(work: Path, count: int) -> list[dict[str, float]]:
    """Return the most memory that builds of `count` and of four times as many articles took."""
    program = (
        "import resource\n"
        "import sys\n"
        "from pathlib import Path\n"
        "from index.builder import build_index\n"
        "from index.generation import IndexFolder\n"
        "from tests.benchmarks.building import HashEncoder\n"
        "articles, index, dimensions = sys.argv[1:]\n"
        "encoder = HashEncoder(int(dimensions))\n"
        "report = build_index(Path(articles), IndexFolder(Path(index)), encoder)\n"
        "print(report.passages, report.sentences, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    found = []
    for articles in (count, 4 * count):
        folder = generated(work / f"articles-{articles}", articles)
        for dimensions in (384, 16):
            index = work / f"index-{articles}-{dimensions}"
            command = [sys.executable, "-c", program, str(folder), str(index), str(dimensions)]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
            passages, sentences, kilobytes = map(int, done.stdout.split())
            found.append(
                {
                    "articles": articles,
                    "passages": passages,
                    "sentences": sentences,
                    "dimensions": dimensions,
                    "peak_mb": kilobytes / 1024,
                }
            )
    return found


def measured(arguments: argparse.Namespace, work: Path) -> dict[str, object]:
    """Return everything that was asked for."""
    if arguments.memory:
        return {"memory": memory(work, arguments.count)}
    articles = arguments.articles or generated(work / "articles", arguments.count)
    encoder = ChosenEncoder()
    base = with_encoder(work, encoder)
    sample = sample_of(articles, work / "sample")
    return {
        "encoding": rates(sample, work, base, encoder),
        "rebuilding": rebuilds(articles, work, base, encoder),
        "shares": shares(sample, work, base),
    }


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--articles", type=Path, metavar="DIR", help="articles instead of generated ones")
    parser.add_argument("--count", type=int, default=1000, help="how many articles are generated")
    parser.add_argument("--memory", action="store_true", help="measure memory instead of time")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        results = measured(arguments, Path(work))
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    for title, figures in results.items():
        for row in figures if isinstance(figures, list) else [figures]:
            assert isinstance(row, dict)
            print(title)
            for name, value in row.items():
                shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
                print(f"  {name.replace('_', ' '):<40} {shown:>12}")


if __name__ == "__main__":
    main()
