"""The articles, passages and sentences of one generation, in one SQLite file.

Passage rows and sentence rows count from 0 in the order written: row n here is row n of the
matrix of passage vectors, or of sentence vectors. The file is written once and never changed, so
it is opened immutable: no lock, no journal, nothing written beside it.
"""

from __future__ import annotations

import itertools
import json
import operator
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Self

from index.errors import DamagedGenerationError
from index.text_writer import (
    KEY_BYTES,
    FileNote,
    PassageRecord,
    TextCounts,
    TextWriter,
    article_fingerprint,
)
from index.types import Article, Passage, Source, Span

__all__ = [
    "KEY_BYTES",
    "FileNote",
    "KeyedTexts",
    "ListedArticle",
    "PassageRecord",
    "StoredPassage",
    "TextCounts",
    "TextWriter",
    "Texts",
    "article_fingerprint",
]

_BATCH: Final = 500
"""Values per statement; every build of SQLite takes at least 999."""

_PASSAGES_KEPT: Final = 1024
"""Those asked for last stay in memory, about 3 MB: many questions lead to the same passages."""

_ARTICLE_COLUMNS: Final = "article_id, text, body_start, title, language, url, author, published, tags"
_PASSAGE_COLUMNS: Final = (
    "p.row, p.text, first_sentence, passage_id, span_start, span_end, headings, paragraph, paragraph_count"
)
_SOURCE_COLUMNS: Final = "article_id, title, language, url, author, published"


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage as it was written, with all that showing it needs."""

    row: int
    passage: Passage
    source: Source
    text: str
    """`article.text[passage.span.start : passage.span.end]`, to the character."""
    first_sentence_row: int
    """The row of `passage.sentences[0]`; the others follow it."""


@dataclass(frozen=True, slots=True)
class ListedArticle:
    """An article in a list of all, and where reading it begins."""

    source: Source
    first_passage_id: str
    passages: int
    """How many it has; never none."""


@dataclass(frozen=True, slots=True)
class KeyedTexts:
    """Texts to be encoded, each after the key of its vector."""

    passages: tuple[tuple[bytes, str], ...]
    """In the order of their rows."""
    sentences: tuple[tuple[bytes, str], ...]
    """All of these passages, in the order of their rows."""


class Texts:
    """The texts of one generation, read by row number or id.

    Any number of threads may read from one object; they take turns at its one connection, which a
    read holds for as long as one batch takes.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Take over an open connection; `Texts.open` is the way in."""
        self._path = path
        self._connection = connection
        self._lock = threading.Lock()
        self._closed = False
        self._kept: dict[int, StoredPassage] = {}
        self.article_count = self._row_count("articles")
        self.passage_count = self._row_count("passages")
        self.sentence_count = self._row_count("sentences")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a file that `TextWriter` wrote; takes the same time at any size.

        Raises:
            DamagedGenerationError: The file is missing or is not such a file.
        """
        try:
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
        except sqlite3.Error as error:
            raise _damaged(path, error) from error
        try:
            return cls(path, connection)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close the file; reading from then on raises ValueError. Closing again does nothing."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def __enter__(self) -> Self:
        """Return these texts, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def passages(self, rows: Sequence[int]) -> list[StoredPassage]:
        """Return the passages of these rows, in the order asked; what was asked for lately is not read again.

        Raises:
            IndexError: There is no such row.
        """
        wanted = _known(rows, self.passage_count, "passage")
        with self._lock:
            self._expect_open()
            found = {row: self._kept[row] for row in wanted if row in self._kept}
        found |= self._passages_read([row for row in dict.fromkeys(wanted) if row not in found])
        with self._lock:
            for row, passage in found.items():
                # To the end of the order in which a dictionary keeps.
                self._kept.pop(row, None)
                self._kept[row] = passage
            for row in list(itertools.islice(self._kept, max(0, len(self._kept) - _PASSAGES_KEPT))):
                del self._kept[row]
        return [found[row] for row in wanted]

    def _passages_read(self, rows: Sequence[int]) -> dict[int, StoredPassage]:
        found: dict[int, StoredPassage] = {}
        for marks, batch in _batches(rows):
            spans = self._sentence_spans(marks, batch)
            stored = self._read(
                f"SELECT {_PASSAGE_COLUMNS}, {_SOURCE_COLUMNS} FROM passages p CROSS JOIN articles a "
                f"ON a.row = p.article_row WHERE p.row IN ({marks})",
                batch,
            )
            for row, text, first_sentence, passage_id, start, end, headings, place, count, *told in stored:
                source = Source(*told)
                passage = Passage(
                    passage_id=passage_id,
                    article_id=source.article_id,
                    span=Span(start, end),
                    sentences=tuple(spans[row]),
                    headings=tuple(json.loads(headings)),
                    paragraph=place,
                    paragraph_count=count,
                )
                found[row] = StoredPassage(row, passage, source, text, first_sentence)
        return found

    def sentence_owners(self, rows: Sequence[int]) -> list[int]:
        """Return the row of the passage that holds each sentence, in the order asked.

        Raises:
            IndexError: There is no such row.
        """
        wanted = _known(rows, self.sentence_count, "sentence")
        owners: dict[int, int] = {}
        for marks, batch in _batches(wanted):
            owners.update(self._read(f"SELECT row, passage_row FROM sentences WHERE row IN ({marks})", batch))
        return [owners[row] for row in wanted]

    def neighbours(self, row: int) -> tuple[int | None, int | None]:
        """Return the rows of the passages before and after this one in its article, None at its ends.

        Raises:
            IndexError: There is no such row.
        """
        (row,) = _known([row], self.passage_count, "passage")
        found = dict(
            self._read("SELECT row, article_row FROM passages WHERE row BETWEEN ? AND ?", (row - 1, row + 1))
        )
        before, after = (near if found.get(near) == found[row] else None for near in (row - 1, row + 1))
        return before, after

    def find_passage(self, passage_id: str) -> int | None:
        """Return the row of the passage with this id, the first where there are several, or None."""
        found = self._find("SELECT row FROM passages WHERE passage_id = ? ORDER BY row LIMIT 1", passage_id)
        return found[0][0] if found else None

    def article(self, article_id: str) -> Article | None:
        """Return the article with this id, whole and as it was written, or None."""
        found = self._find(f"SELECT {_ARTICLE_COLUMNS} FROM articles WHERE article_id = ?", article_id)
        if not found:
            return None
        *fields, tags = found[0]
        return replace(Article(*fields), tags=tuple(json.loads(tags)))

    def articles(self) -> Iterator[Source]:
        """Yield what is told about each article, in the order of their ids."""
        for fields in self._by_id(_SOURCE_COLUMNS):
            yield Source(*fields)

    def listed_articles(self) -> list[ListedArticle]:
        """Return every article that has a passage, in the order of their ids; takes a walk over all."""
        # Beside MIN(), SQLite takes passage_id from the row that has the least.
        found = self._read(
            f"SELECT {_SOURCE_COLUMNS}, passage_id, COUNT(*), MIN(p.row) FROM passages p "
            "CROSS JOIN articles a ON a.row = p.article_row GROUP BY p.article_row ORDER BY article_id",
            (),
        )
        return [
            ListedArticle(Source(*told), first_passage_id, count)
            for *told, first_passage_id, count, _ in found
        ]

    def rows_of_keys(self, kind: Literal["passage", "sentence"], keys: Sequence[bytes]) -> list[int | None]:
        """Return for each vector key the first row that has it, None where none has."""
        table = {"passage": "passages", "sentence": "sentences"}[kind]
        rows: dict[bytes, int] = {}
        for marks, batch in _batches(keys):
            wanted = f"vector_key IN ({marks}) GROUP BY vector_key"
            rows.update(self._read(f"SELECT vector_key, MIN(row) FROM {table} WHERE {wanted}", batch))
        return [rows.get(key) for key in keys]

    def keyed_texts(self, first_passage: int, last_passage: int) -> KeyedTexts:
        """Return what is to be encoded of the passages of rows `first_passage` to below `last_passage`."""
        passages = self._read(
            "SELECT row, span_start, vector_key, text FROM passages WHERE row BETWEEN ? AND ? ORDER BY row",
            (first_passage, last_passage - 1),
        )
        places = {row: (start, text) for row, start, _, text in passages}
        sentences: list[tuple[bytes, str]] = []
        for key, row, start, end in self._read(
            "SELECT s.vector_key, p.row, s.span_start, s.span_end FROM passages p CROSS JOIN sentences s "
            "ON s.row BETWEEN p.first_sentence AND p.first_sentence + p.sentence_count - 1 "
            "WHERE p.row BETWEEN ? AND ? ORDER BY s.row",
            (first_passage, last_passage - 1),
        ):
            begin, text = places[row]
            sentences.append((key, text[start - begin : end - begin]))
        return KeyedTexts(tuple((key, text) for *_, key, text in passages), tuple(sentences))

    def _sentence_spans(self, marks: str, passage_rows: Sequence[object]) -> dict[int, list[Span]]:
        spans: dict[int, list[Span]] = {}
        for row, start, end in self._read(
            # CROSS JOIN keeps SQLite from walking every sentence: it takes the tables in this order.
            "SELECT s.passage_row, s.span_start, s.span_end FROM passages p CROSS JOIN sentences s "
            "ON s.row BETWEEN p.first_sentence AND p.first_sentence + p.sentence_count - 1 "
            f"WHERE p.row IN ({marks}) ORDER BY s.row",
            passage_rows,
        ):
            spans.setdefault(row, []).append(Span(start, end))
        return spans

    def _row_count(self, table: str) -> int:
        # Rows count from 0 without a gap; COUNT(*) would walk them all.
        count: int = self._read(f"SELECT COALESCE(MAX(row) + 1, 0) FROM {table}", ())[0][0]
        return count

    def _by_id(self, columns: str) -> Iterator[tuple[Any, ...]]:
        # An empty id is not greater than the empty string that the walk starts from.
        after, comparison = "", ">="
        while True:
            walked = f"article_id {comparison} ? ORDER BY article_id LIMIT {_BATCH}"
            found = self._read(f"SELECT {columns} FROM articles WHERE {walked}", (after,))
            yield from found
            if len(found) < _BATCH:
                return
            after, comparison = found[-1][0], ">"

    def _find(self, statement: str, wanted: str) -> list[tuple[Any, ...]]:
        try:
            return self._read(statement, (wanted,))
        except UnicodeEncodeError:
            # Half of a surrogate pair, from a stranger's message perhaps: never stored, so not found.
            return []

    def _read(self, statement: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock:
            self._expect_open()
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise _damaged(self._path, error) from error

    def _expect_open(self) -> None:
        if self._closed:
            raise ValueError(f"The texts of {self._path} were closed; open them again to read.")


def _damaged(path: Path, error: sqlite3.Error) -> DamagedGenerationError:
    return DamagedGenerationError(
        f"The texts of {path} cannot be read ({error}); run `footnote rollback` or `footnote build`."
    )


def _known(rows: Sequence[int], count: int, kind: str) -> list[int]:
    # SQLite knows no integers but Python's own, and rows come from NumPy.
    known = [operator.index(row) for row in rows]
    for row in known:
        if not 0 <= row < count:
            raise IndexError(f"There is no {kind} row {row}; expected one from 0 to below {count}.")
    return known


def _batches(values: Sequence[object]) -> Iterator[tuple[str, Sequence[object]]]:
    """Yield runs of values, each with as many question marks to name them in a statement."""
    for start in range(0, len(values), _BATCH):
        batch = values[start : start + _BATCH]
        yield ",".join("?" * len(batch)), batch
