"""Where sentences end: Footnote's own boundaries beside those of other libraries.

Run as `python -m tests.benchmarks.segmentation`. The gold texts lie in `segmentation_gold.jsonl`,
with `‖` where a sentence ends and another follows. They are ours, written to be hard: the figures
compare libraries on what goes wrong, and say nothing about how often it does in common text.
Footnote's rules were made with the texts in sight, except those held out, which were written
afterwards and changed nothing: the column "held out" is the one to go by.
Libraries that are not installed are left out; `pip install pysbd nupunkt syntok` brings them all.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from index.sentences import is_cased, sentence_spans
from index.types import Span

GOLD_FILE = Path(__file__).with_name("segmentation_gold.jsonl")
MARK = "‖"
SPEED_CHARACTERS = 200_000

SentenceEnds = Callable[[str, str], Iterable[int]]
"""Of a text and its language: the offset after each sentence, white space left out or not."""


@dataclass(frozen=True, slots=True)
class GoldText:
    """A text and where its sentences end."""

    language: str
    text: str
    held_out: bool
    """Whether no rule was made with this text in sight."""
    ends: frozenset[int]
    """Offsets after the last character of each sentence but the last."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many boundaries two divisions of the same texts share."""

    found: int
    expected: int
    shared: int

    @property
    def precision(self) -> float:
        """The share of the found boundaries that are expected; 1 where none is found."""
        return self.shared / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of the expected boundaries that are found; 1 where none is expected."""
        return self.shared / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where both are."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def read_gold(path: Path = GOLD_FILE) -> list[GoldText]:
    """Return the gold texts of a JSON Lines file of marked texts."""
    gold = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        sentences = record["text"].split(MARK)
        text = "".join(sentences)
        ends = {len("".join(sentences[: number + 1]).rstrip()) for number in range(len(sentences) - 1)}
        gold.append(GoldText(record["language"], text, record["held_out"], frozenset(ends)))
    return gold


def agreement(gold: Sequence[GoldText], sentence_ends: SentenceEnds) -> Agreement:
    """Return how far `sentence_ends` agrees with `gold`; the end of a whole text is not counted."""
    found = expected = shared = 0
    for item in gold:
        ends = {len(item.text[:end].rstrip()) for end in sentence_ends(item.text, item.language)}
        ends -= {0, len(item.text)}
        found += len(ends)
        expected += len(item.ends)
        shared += len(ends & item.ends)
    return Agreement(found, expected, shared)


def footnote_ends(text: str, language: str) -> list[int]:
    """Return the ends of Footnote's sentences."""
    spans = sentence_spans(text, Span(0, len(text)), language, cased=is_cased(text))
    return [span.end for span in spans]


def load_sentencex() -> SentenceEnds:
    """Return sentencex as it comes."""
    library = importlib.import_module("sentencex")

    def ends(text: str, language: str) -> list[int]:
        return [found["end_index"] for found in library.get_sentence_boundaries(language, text)]

    return ends


def load_pysbd() -> SentenceEnds:
    """Return pysbd, in English where it does not know the language."""
    library = importlib.import_module("pysbd")

    @cache
    def segmenter(language: str) -> Any:
        try:
            return library.Segmenter(language=language, clean=False, char_span=True)
        except ValueError:
            return library.Segmenter(language="en", clean=False, char_span=True)

    return lambda text, language: [span.end for span in segmenter(language).segment(text)]


def load_nupunkt() -> SentenceEnds:
    """Return nupunkt, whose model is of English."""
    library = importlib.import_module("nupunkt")
    return lambda text, language: [end for _, end in library.sent_spans(text)]


def load_syntok() -> SentenceEnds:
    """Return syntok, whose rules are of English, German and Spanish, and which divides any text."""
    library = importlib.import_module("syntok.segmenter")

    def ends(text: str, language: str) -> list[int]:
        last_tokens = (sentence[-1] for paragraph in library.process(text) for sentence in paragraph)
        return [token.offset + len(token.value) for token in last_tokens]

    return ends


def characters_a_second(gold: Sequence[GoldText], sentence_ends: SentenceEnds) -> float:
    """Return how fast `sentence_ends` is over the gold texts, again and again, one by one."""
    characters = 0
    started = time.perf_counter()
    while characters < SPEED_CHARACTERS:
        for item in gold:
            for _ in sentence_ends(item.text, item.language):
                pass
            characters += len(item.text)
    return characters / (time.perf_counter() - started)


def main() -> None:
    """Print a table of boundary precision, recall, F1 and speed."""
    console = Console()
    gold = read_gold()
    expected = sum(len(item.ends) for item in gold)
    languages = len({item.language for item in gold})
    table = Table(title=f"{expected} boundaries in {len(gold)} texts, {languages} languages")
    for column in ("", "precision", "recall", "F1", "F1 held out", "F1 English", "F1 others", "characters/s"):
        table.add_column(column, justify="left" if not column else "right")
    english = [item for item in gold if item.language == "en"]
    held_out = [item for item in gold if item.held_out]
    others = [item for item in gold if item.language != "en"]
    loaders: dict[str, Callable[[], SentenceEnds]] = {
        "Footnote": lambda: footnote_ends,
        "sentencex": load_sentencex,
        "pysbd": load_pysbd,
        "nupunkt": load_nupunkt,
        "syntok": load_syntok,
    }
    for name, load in loaders.items():
        try:
            sentence_ends = load()
        except ModuleNotFoundError:
            table.add_row(name, "not installed")
            continue
        total = agreement(gold, sentence_ends)
        table.add_row(
            name,
            f"{total.precision:.3f}",
            f"{total.recall:.3f}",
            f"{total.f1:.3f}",
            f"{agreement(held_out, sentence_ends).f1:.3f}",
            f"{agreement(english, sentence_ends).f1:.3f}",
            f"{agreement(others, sentence_ends).f1:.3f}",
            f"{characters_a_second(gold, sentence_ends):,.0f}",
        )
    console.print(table)


if __name__ == "__main__":
    main()
