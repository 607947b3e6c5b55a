"""What the second look brings and costs: quality against milliseconds, by how much the cross-encoder reads.

    python -m tests.benchmarks.second_look [--articles DIR] [--questions FILE] [--json] [--picture FILE]

Every question is asked in turn of the first look alone and of looks that read 1, 2, 3 and 5 passages at
most, where the first look is in doubt as it ships; of the one that ships, which reads two and a third where
neither of them is an answer; and of one that reads two whatever the first look says. So a busy moment meets
all alike. How the scores are weighed is the same in all, fitted for two passages.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Final

from index.builder import build_index
from index.chosen_encoder import ChosenEncoder
from index.cross_encoder import load_cross_encoder_by_setting
from index.evaluation import Evaluation, QuestionRow, Summary, evaluate
from index.generation import IndexFolder
from index.questions import Question, read_questions
from index.ranking import Weights, default_weights
from index.retriever import Retriever
from index.second_look import Depth

ROOT: Final = Path(__file__).parents[2]
ENDLESS_MS: Final = 60_000.0
"""More than any number of passages takes: what is measured is how many are read, not the budget."""
FIGURES: Final = {
    "first passage": "success_at_1",
    "one of three": "success_at_3",
    "sentence": "highlight_has_answer",
    "area": "declining_auc",
    "answered": "answered_answerable",
    "wrongly": "answered_unanswerable",
    "p50 ms": "elapsed_ms_p50",
    "p95 ms": "elapsed_ms_p95",
}
ALWAYS: Final = "2, always"
"""The way that reads two passages whatever the first look says; it is in the table and not on the curve."""
WARM_UP: Final = 10
"""Questions asked once before anything is measured."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to look twice."""

    name: str
    depth: Depth | None
    """How many are read; None for the first look alone."""
    weights: Weights


def ways() -> list[Way]:
    """Return the ways that are measured, those that read less first."""
    fitted = default_weights()
    always = replace(fitted, certain=inf, hopeless=-inf, settled=inf)
    return [
        Way("none", None, fitted),
        Way("1", Depth(1, 0), fitted),
        Way("2", Depth(2, 0), fitted),
        Way("2, 1 more", Depth(2, 1), fitted),
        Way("2, 3 more", Depth(), fitted),
        Way("3", Depth(3, 0), fitted),
        Way("5", Depth(5, 0), fitted),
        Way(ALWAYS, Depth(2, 0), always),
    ]


def measure(articles: Path, questions: Sequence[Question], index: Path) -> dict[str, Summary]:
    """Return the figures of every way, each question asked of all of them in turn.

    Raises:
        FootnoteError: The articles or a model cannot be read.
    """
    encoder, cross_encoder = ChosenEncoder(), load_cross_encoder_by_setting()
    folder = IndexFolder(index)
    build_index(articles, folder, encoder)

    def open_with(way: Way) -> Retriever:
        return Retriever.open(
            folder,
            encoder,
            cross_encoder,
            weights=way.weights,
            second_look_ms=ENDLESS_MS,
            second_look_depth=way.depth,
        )

    with ExitStack() as opened:
        looks = [(way, opened.enter_context(open_with(way))) for way in ways()]
        rows: dict[str, list[QuestionRow]] = {way.name: [] for way, _ in looks}
        before = questions[:WARM_UP]
        for number, question in enumerate([*before, *questions]):
            for way, retriever in looks:
                found = asked(retriever, question, way)
                if number >= len(before):
                    rows[way.name] += found.rows
    return {name: Evaluation(tuple(each)).summary() for name, each in rows.items()}


def asked(retriever: Retriever, question: Question, way: Way) -> Evaluation:
    """Ask one question of a retriever that was opened for this way."""
    return evaluate([question], lambda text: retriever.ask(text, second_look=way.depth is not None))


def figures_of(summaries: Mapping[str, Summary]) -> dict[str, dict[str, float | None]]:
    """Return what is shown of each way, by its name."""
    return {
        name: {figure: getattr(summary, field) for figure, field in FIGURES.items()}
        for name, summary in summaries.items()
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--articles", type=Path, default=ROOT / "corpus")
    parser.add_argument("--questions", type=Path, default=ROOT / "corpus" / "questions.jsonl")
    parser.add_argument("--picture", type=Path, help="file to draw the curve into, such as second-look.png")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as index:
        summaries = measure(given.articles, read_questions(given.questions), Path(index))
    figures = figures_of(summaries)
    if given.picture:
        draw(figures, given.picture)
    print(json.dumps(figures, indent=2) if given.json else table(figures))


def draw(figures: dict[str, dict[str, float | None]], path: Path) -> None:
    """Draw what is right against the time that half of the questions take."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name in ("first passage", "sentence", "area", "answered"):
        points = [
            (each["p50 ms"], each[name])
            for way, each in figures.items()
            if way != ALWAYS and each[name] is not None
        ]
        axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set(xlabel="ms a question, p50", ylabel="share, or area")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)


def table(figures: dict[str, dict[str, float | None]]) -> str:
    """Return the figures, a way a line."""
    lines = [f"{'read at most':<14}" + "".join(f"{name:>15}" for name in FIGURES)]
    for name, each in figures.items():
        lines.append(f"{name:<14}" + "".join(f"{_shown(each[figure], figure):>15}" for figure in FIGURES))
    return "\n".join(lines)


def _shown(value: float | None, figure: str) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if figure.endswith("ms") else f"{value:.3f}"


if __name__ == "__main__":
    main()
