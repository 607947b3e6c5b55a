"""Texts of a generation in a file, written in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from index.texts import PassageRecord, TextCounts, TextWriter
from index.types import Article


def write_texts(path: Path, pairs: Iterable[tuple[Article, Sequence[PassageRecord]]]) -> TextCounts:
    """Write articles with their passages to a new file, for `Texts.open`."""
    with TextWriter(path) as writer:
        for article, records in pairs:
            writer.add(article, records)
        return writer.finish()
