"""Measures building and answering against the size of the collection, and quality among many others.

    python -m tests.benchmarks.scale [--sizes N ...] [--largest] [--json] [--picture FILE]
    python -m tests.benchmarks.scale --hidden DIR --questions FILE [--unrelated] [--others N] [--json]

The text is generated (`scale_text`: a chain of words learnt from real articles, with made-up words
among them), and so are its vectors (`scale_vectors`: mixtures of real ones); everything else is the
builder and the retriever as they are, with their defaults, each in a process of its own. So build
times are without encoding, which takes the same time for every text, and with exporting the encoder.
Questions are real.

With --hidden, the articles of a dataset are built once alone and once among generated passages, and all of
its questions are asked of both. The others are made of the dataset's own words and mixed from its own
vectors, so all of them are on its subjects; with --unrelated they are made of the articles of --source.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.articles import read_collection
from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import load_cross_encoder_by_setting
from index.evaluation import evaluate
from index.generation import IndexFolder, Verification
from index.questions import read_questions
from index.retriever import Retriever
from index.types import Article
from index.vectors import VectorIndex
from tests.benchmarks.scale_text import Chain, articles
from tests.benchmarks.scale_vectors import RealTexts, ScaleSource

SIZES: Final = (1_000, 10_000, 100_000)
LARGEST: Final = 1_000_000
OTHERS: Final = 100_000
QUESTIONS: Final = 200
"""Asked of each size, after as many that are not measured."""
_SEED: Final = 7
_BLOCK: Final = 65_536
_FIGURES: Final = (
    "success_at_1",
    "success_at_3",
    "mrr_at_10",
    "highlight_has_answer",
    "span_recall_at_5",
    "declining_auc",
    "answered_answerable",
    "answered_unanswerable",
    "elapsed_ms_p50",
    "elapsed_ms_p95",
)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Built:
    """What a build took."""

    passages: int
    sentences: int
    seconds: float
    """Without encoding."""
    most_mb: float
    """The most memory that the process had."""
    index_mb: float
    """On the disk."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What answering took."""

    open_seconds: float
    """Of a generation that was read before; without the models."""
    p50_ms: float
    """The first look alone, question to Answer."""
    p95_ms: float
    p50_both_looks_ms: float
    p95_both_looks_ms: float
    resident_mb: float
    """After all questions, models included."""
    passage_recall: float
    """Recall@10 of vectors for the questions against an exact search."""
    sentence_recall: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("corpus"), help="articles to learn from")
    parser.add_argument("--questions", type=Path, default=Path("corpus/questions.jsonl"))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="in passages")
    parser.add_argument("--largest", action="store_true", help=f"{LARGEST:,} passages too")
    parser.add_argument("--hidden", type=Path, help="articles to hide among others")
    parser.add_argument("--unrelated", action="store_true", help="hide them among others than such as they")
    parser.add_argument("--others", type=int, default=OTHERS, help="passages to hide them among")
    parser.add_argument("--work", type=Path, help="folder to leave the generations in")
    parser.add_argument("--picture", type=Path, help="file to draw the two curves into, such as scale.png")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    if given.unrelated and not given.hidden:
        parser.error("--unrelated says among what to hide; it goes with --hidden DIR")
    with tempfile.TemporaryDirectory() as folder:
        work = given.work or Path(folder)
        began = time.perf_counter()
        real = [alone(encode_real, given.hidden or given.source)]
        if given.hidden and given.unrelated:
            # Vectors are mixed from those of the first ones.
            real.insert(0, alone(encode_real, given.source))
        if not given.json:
            texts = sum(len(each.passages) + len(each.sentences) for each in real)
            print(f"{texts:,} real texts encoded in {time.perf_counter() - began:,.0f} s")
        if given.hidden:
            figures = hidden(
                work,
                given.source,
                given.hidden,
                given.questions,
                real,
                given.others,
                related=not given.unrelated,
            )
        else:
            sizes = sorted({*given.sizes, *([LARGEST] if given.largest else [])})
            figures = {size: against_size(work, given.source, given.questions, *real, size) for size in sizes}
            if given.picture:
                draw(figures, given.picture)
    print(json.dumps(figures, indent=2) if given.json else _table(figures))


def against_size(work: Path, source: Path, questions: Path, real: RealTexts, size: int) -> dict[str, Any]:
    """Return what building and asking a collection of so many passages takes."""
    folder = work / f"articles-{size}"
    index = work / f"index-{size}"
    texts = [article.text[article.body_start :] for article in _read(source)]
    write_articles(folder, texts, size)
    built = alone(build, folder, index, real)
    return asdict(built) | asdict(alone(answer, index, questions))


def hidden(
    work: Path,
    source: Path,
    dataset: Path,
    questions: Path,
    real: Sequence[RealTexts],
    others: int,
    *,
    related: bool,
) -> dict[str, Any]:
    """Return the figures of a dataset by itself and among so many generated passages.

    Args:
        work: Folder for articles and generations.
        source: Articles to learn words from.
        dataset: The articles to hide.
        questions: What they are asked.
        real: Texts with their vectors, first those from which others are mixed.
        others: Passages to hide them among.
        related: Whether words are learnt from the dataset too.
    """
    figures = {}
    for name, count in (("alone", 0), ("hidden", others)):
        folder, index = work / f"articles-{name}", work / f"index-{name}"
        learnt = (*_read(source), *_read(dataset)) if related else _read(source)
        write_articles(folder, [article.text[article.body_start :] for article in learnt], count)
        for path in dataset.rglob("*"):
            if path.is_file():
                copy = folder / path.relative_to(dataset)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(path.read_bytes())
        alone(build, folder, index, *real)
        figures[name] = alone(evaluated, index, questions)
    return figures


def write_articles(folder: Path, texts: Sequence[str], count: int) -> None:
    """Write generated articles of so many passages into folders of a thousand."""
    folder.mkdir(parents=True)
    for number, text in enumerate(articles(Chain.learn(texts), count, _SEED)):
        path = folder / f"{number // 1000:03}" / f"generated-{number:06}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def encode_real(folder: Path) -> RealTexts:
    """Return the texts of real articles with their vectors."""
    return RealTexts.encode(_read(folder), ChosenEncoder().load())


def build(folder: Path, index: Path, *real: RealTexts) -> Built:
    """Build, with the vectors of real articles and mixtures of the first ones."""
    source = ScaleSource(ChosenEncoder(), *real)
    began = time.perf_counter()
    report = build_index(folder, IndexFolder(index), source)
    seconds = time.perf_counter() - began
    path = IndexFolder(index).current(Verification.SIZES).path
    return Built(
        passages=report.passages,
        sentences=report.sentences,
        seconds=seconds,
        most_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        index_mb=sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6,
    )


def answer(index: Path, questions: Path) -> Answered:
    """Ask questions of an index."""
    texts = list(dict.fromkeys(each.text for each in read_questions(questions)))
    np.random.default_rng(_SEED).shuffle(texts)
    before, measured = texts[QUESTIONS : 2 * QUESTIONS] or texts[:QUESTIONS], texts[:QUESTIONS]
    encoder, cross_encoder = ChosenEncoder(), load_cross_encoder_by_setting()
    began = time.perf_counter()
    retriever = Retriever.open(IndexFolder(index), encoder, cross_encoder)
    open_seconds = time.perf_counter() - began
    with retriever:
        for text in before:
            retriever.ask(text)
        first = [retriever.ask(text, second_look=False).elapsed_ms for text in measured]
        both = [retriever.ask(text).elapsed_ms for text in measured]
        resident_mb = _resident_mb()
        vectors = np.concatenate([retriever.encode(retriever.understood(text)) for text in measured])
        path = retriever.generation.path
    return Answered(
        open_seconds,
        *np.percentile(first, [50, 95]).tolist(),
        *np.percentile(both, [50, 95]).tolist(),
        resident_mb,
        _recall(VectorIndex.open(path / layout.PASSAGE_VECTORS), vectors),
        _recall(VectorIndex.open(path / layout.SENTENCE_VECTORS), vectors),
    )


def evaluated(index: Path, questions: Path) -> dict[str, Any]:
    """Return the figures of a dataset's questions."""
    with Retriever.open(IndexFolder(index), ChosenEncoder(), load_cross_encoder_by_setting()) as retriever:
        retriever.ask("once before")
        summary = evaluate(read_questions(questions), retriever.ask).summary().as_dict()
        return {"passages": retriever.texts.passage_count} | {name: summary[name] for name in _FIGURES}


def alone(function: Callable[..., _Result], *arguments: object) -> _Result:
    """Return what a function returns in a process that does nothing else."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def draw(figures: dict[int, dict[str, Any]], path: Path) -> None:
    """Draw time a question and build time, each against passages."""
    from matplotlib.figure import Figure

    sizes = [each["passages"] for each in figures.values()]
    figure = Figure(figsize=(10, 4), layout="constrained")
    question, building = figure.subplots(1, 2)
    for name, key in (
        ("first look, p50", "p50_ms"),
        ("first look, p95", "p95_ms"),
        ("both looks, p50", "p50_both_looks_ms"),
    ):
        question.plot(sizes, [each[key] for each in figures.values()], marker="o", label=name)
    question.set(xscale="log", ylim=(0, None), xlabel="passages", ylabel="ms a question")
    question.legend()
    building.plot(sizes, [each["seconds"] for each in figures.values()], marker="o")
    building.set(xscale="log", yscale="log", xlabel="passages", ylabel="seconds to build, without encoding")
    for axes in (question, building):
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


def _read(folder: Path) -> tuple[Article, ...]:
    return read_collection(folder).articles


def _recall(index: VectorIndex, vectors: NDArray[np.float32], k: int = 10) -> float:
    found = index.search(vectors, k).cosines
    best = np.full((len(vectors), k), -np.inf, np.float32)
    for block in _blocks(index):
        cosines = vectors @ block.T
        nearest = np.partition(cosines, -min(k, cosines.shape[1]), axis=1)[:, -k:]
        best = np.sort(np.concatenate([best, nearest], axis=1), axis=1)[:, -k:]
    return float(np.mean(found >= best[:, :1] - 1e-5))


def _blocks(index: VectorIndex) -> Iterator[NDArray[np.float32]]:
    for start in range(0, index.count, _BLOCK):
        yield index.vectors(np.arange(start, min(index.count, start + _BLOCK)))


def _resident_mb() -> float:
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _table(figures: dict[Any, dict[str, Any]]) -> str:
    names = next(iter(figures.values()))
    lines = [f"{'':24}" + "".join(f"{column:>14}" for column in figures)]
    for name in names:
        values = [each[name] for each in figures.values()]
        lines.append(f"{name:24}" + "".join(f"{_shown(value):>14}" for value in values))
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


if __name__ == "__main__":
    main()
