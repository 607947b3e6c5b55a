"""What an earlier generation knows of articles, so that those whose files did not change are taken over."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from index import layout
from index.errors import DamagedGenerationError
from index.generation import OpenGeneration
from index.recipe import recipe
from index.texts import FileNote

_AT_ONCE: Final = 500
"""Articles that are read together."""

_FIELDS: Final = (
    "a.row, a.article_id, a.title, a.language, a.fingerprint, f.digest, f.notices, f.first_passage,"
    " f.passage_count, f.first_sentence, f.sentence_count"
)


@dataclass(frozen=True, slots=True)
class EarlierArticle:
    """An article as an earlier generation has it, without its text."""

    row: int
    article_id: str
    title: str
    language: str
    fingerprint: str
    file: FileNote
    first_passage: int
    passage_count: int
    first_sentence: int
    sentence_count: int


class EarlierTexts:
    """The articles of a generation in the order of their ids, read a few at a time."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, *, same_limits: bool, is_own: bool
    ) -> None:
        """Take over a connection; `EarlierTexts.open` is the way in."""
        self._path = path
        self._connection = connection
        self._note = path.with_name(layout.READ_ALIKE)
        self.same_limits = same_limits
        """Whether the passages were cut as they are to be now, for the same encoder."""
        self.may_take_over = same_limits and is_own
        """Whether articles can be copied: the same program wrote them, by the same limits."""
        self.reads_alike = is_own or _noted(self._note) == recipe()
        """Whether this program makes the same articles of the bytes of before: it did, or was seen to."""

    @classmethod
    def open(cls, generation: OpenGeneration, *, same_limits: bool) -> Self:
        """Open a generation.

        Args:
            generation: Its files may be damaged.
            same_limits: Whether its passages were cut as they are to be now, for the same encoder.

        Raises:
            DamagedGenerationError: Its texts cannot be read.
        """
        path = generation.path / layout.TEXTS
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with _explaining(path):
            connection = sqlite3.connect(uri, uri=True)
        try:
            with _explaining(path):
                (written_by,) = connection.execute(
                    "SELECT MAX(value) FROM about WHERE name = 'recipe'"
                ).fetchone()
        except DamagedGenerationError:
            connection.close()
            raise
        return cls(path, connection, same_limits=same_limits, is_own=written_by == recipe())

    def __iter__(self) -> Iterator[EarlierArticle]:
        """Yield every article."""
        row = 0
        while True:
            with _explaining(self._path):
                found = self._connection.execute(
                    f"SELECT {_FIELDS} FROM articles a JOIN files f ON f.article_row = a.row"
                    " WHERE a.row BETWEEN ? AND ? ORDER BY a.row",
                    (row, row + _AT_ONCE - 1),
                ).fetchall()
            for number, article_id, title, language, fingerprint, digest, notices, *counts in found:
                note = FileNote(digest, tuple(json.loads(notices)))
                yield EarlierArticle(number, article_id, title, language, fingerprint, note, *counts)
            if not found:
                return
            row += _AT_ONCE

    def passage_texts(self, first_article: int, last_article: int) -> Iterator[str]:
        """Yield the texts of all passages of the articles of rows `first_article` to below `last_article`."""
        with contextlib.closing(self._connection.cursor()) as cursor:
            for (text,) in cursor.execute(
                "SELECT p.text FROM files f CROSS JOIN passages p"
                " ON p.row BETWEEN f.first_passage AND f.first_passage + f.passage_count - 1"
                " WHERE f.article_row BETWEEN ? AND ? ORDER BY p.row",
                (first_article, last_article - 1),
            ):
                yield text

    def note_reads_alike(self) -> None:
        """Remember that this program was seen to make the same articles of the very bytes of before.

        The generation stays what it is: its manifest does not know of the note.

        Where nothing can be written, they are read as text the next time too.
        """
        with suppress(OSError):
            self._note.write_text(recipe(), encoding="ascii")
        self.reads_alike = True

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _noted(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("ascii", "replace")
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The generation before, from which articles may be taken over."""

    generation: OpenGeneration
    texts: EarlierTexts


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DamagedGenerationError(
            f"The texts of {path} cannot be read ({error}); run `footnote rollback` or `footnote build`."
        ) from error
