"""Which files of a folder are articles, found without opening any of them.

Article files end in `.md`, `.markdown` or `.txt`, in any case of letters. Hidden files and folders
are passed over. Links are not followed out of the folder, and never to a file that is read anyway.
Documents of other kinds are counted, since somebody may expect them to be read.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from index.errors import CorpusError
from index.types import SkippedFile

ARTICLE_ENDINGS = (".md", ".markdown", ".txt")
MARKDOWN_ENDINGS = (".md", ".markdown")

_DOCUMENT_ENDINGS = frozenset(
    {".adoc", ".csv", ".doc", ".docx", ".epub", ".htm", ".html", ".ipynb", ".odt", ".org", ".pdf"}
    | {".pptx", ".rst", ".rtf", ".tex", ".textile", ".wiki", ".xlsx"}
)
"""Of files that hold text and are not read."""


@dataclass(frozen=True, slots=True)
class ArticleFile:
    """A file that should hold an article."""

    path: Path
    relative_path: str
    """Inside the articles folder, `/` between folders."""
    article_id: str
    """The relative path without its ending, as written: case and Unicode form are kept."""

    @property
    def is_markdown(self) -> bool:
        """Whether the file's ending says Markdown."""
        return self.path.suffix.lower() in MARKDOWN_ENDINGS


@dataclass(frozen=True, slots=True)
class Listing:
    """The article files of a folder, and what was noticed on the way."""

    files: tuple[ArticleFile, ...]
    """In the order of their ids."""
    skipped: tuple[SkippedFile, ...]
    notices: tuple[SkippedFile, ...]


def printable(path: str | Path) -> str:
    """Return a path that can be written anywhere, even where its name is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def list_article_files(folder: Path) -> Listing:
    """Return the article files below `folder`.

    Raises:
        CorpusError: `folder` is missing, is not a folder, or may not be listed.
    """
    expected = "a folder of .md, .markdown or .txt files was expected; create it or name another"
    if not folder.exists():
        raise CorpusError(f"The articles folder {printable(folder)} does not exist; {expected}.")
    if not folder.is_dir():
        raise CorpusError(f"{printable(folder)} is not a folder; {expected}.")
    walk = _Walk(folder.resolve())
    try:
        folders = [walk.visit(folder, "")]
    except OSError as error:
        raise CorpusError(
            f"The articles folder {printable(folder)} cannot be listed ({error.strerror}); "
            "give this user the right to read it."
        ) from error
    while folders:
        for path, relative_path in folders.pop():
            try:
                folders.append(walk.visit(path, relative_path + "/"))
            except OSError as error:
                walk.skip(relative_path, f"cannot be listed ({error.strerror}); give the right to read it")
    if walk.others:
        walk.notices.append(_notice_of(walk.others))
    return Listing(
        files=tuple(sorted(walk.files, key=lambda file: (file.article_id, file.relative_path))),
        skipped=tuple(sorted(walk.skipped, key=lambda file: file.path)),
        notices=tuple(sorted(walk.notices, key=lambda file: file.path)),
    )


@dataclass(slots=True)
class _Walk:
    """What has been found so far below one folder."""

    root: Path
    files: list[ArticleFile] = field(default_factory=list)
    skipped: list[SkippedFile] = field(default_factory=list)
    notices: list[SkippedFile] = field(default_factory=list)
    linked: dict[Path, str] = field(default_factory=dict)
    """Files that are read through a link, by what the link points to."""
    others: Counter[str] = field(default_factory=Counter)
    """How many documents of other kinds there are, by ending."""

    def skip(self, relative_path: str, reason: str) -> None:
        self.skipped.append(SkippedFile(printable(relative_path), reason))

    def visit(self, folder: Path, prefix: str) -> list[tuple[Path, str]]:
        """Take in the files of one folder and return the folders in it, with their relative paths."""
        folders = []
        with os.scandir(folder) as entries:
            ordered = sorted(entries, key=lambda entry: entry.name)
        for entry in ordered:
            if entry.name.startswith("."):
                continue
            path, relative_path = folder / entry.name, prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if not (is_folder or entry.is_symlink() or _is_article(entry.name)):
                ending = PurePath(entry.name).suffix.lower()
                self.others.update([ending] if ending in _DOCUMENT_ENDINGS else [])
                continue
            if not _is_utf8(entry.name):
                self.skip(relative_path, "has a name that is not UTF-8; rename it")
            elif is_folder:
                folders.append((path, relative_path))
            elif entry.is_symlink():
                self._take_link(path, relative_path)
            elif entry.is_file(follow_symlinks=False):
                self._take(path, relative_path)
            else:
                self._skip_special(relative_path, entry.stat(follow_symlinks=False).st_mode)
        return folders

    def _take(self, path: Path, relative_path: str) -> None:
        article_id = relative_path[: -len(path.suffix)]
        self.files.append(ArticleFile(path, relative_path, article_id))

    def _take_link(self, path: Path, relative_path: str) -> None:
        try:
            target = path.resolve(strict=True)
            mode = target.stat().st_mode
        except (OSError, RuntimeError):  # RuntimeError: a loop of links, before Python 3.13
            if _is_article(path.name):
                self.skip(relative_path, "is a broken link; mend it or delete it")
            return
        is_folder = stat.S_ISDIR(mode)
        if not (is_folder or _is_article(path.name)):
            return
        if not target.is_relative_to(self.root):
            self.skip(
                relative_path,
                "is a link that leads out of the articles folder; copy what it leads to into the folder",
            )
            return
        inside = target.relative_to(self.root)
        name = printable(inside.as_posix())
        is_hidden = any(part.startswith(".") for part in inside.parts)
        if is_folder and is_hidden:
            self.skip(relative_path, f"is a link to the hidden folder {name}; rename that folder")
        elif not (is_folder or stat.S_ISREG(mode)):
            self._skip_special(relative_path, mode)
        elif is_folder or (not is_hidden and _is_article(target.name)):
            self._note(relative_path, f"is a link to {name}, which is read by that name; delete the link")
        elif target in self.linked:
            self._note(relative_path, f"is a link to the same file as {self.linked[target]}; delete one")
        else:
            # A file that only this link makes an article, as in a mounted volume whose versions
            # lie in hidden folders.
            self.linked[target] = relative_path
            self._take(path, relative_path)

    def _note(self, relative_path: str, reason: str) -> None:
        self.notices.append(SkippedFile(printable(relative_path), reason))

    def _skip_special(self, relative_path: str, mode: int) -> None:
        kinds = ((stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"))
        kind = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
        self.skip(relative_path, f"is {kind} and not a file; replace it with a text file")


def _notice_of(others: Counter[str]) -> SkippedFile:
    count = others.total()
    each = ", ".join(f"{ending} {number}" for ending, number in sorted(others.items()))
    are = "file is of a kind that is" if count == 1 else "files are of kinds that are"
    return SkippedFile(f"{count:,}", f"{are} not read ({each}); save what is to be found as Markdown or text")


def _is_article(name: str) -> bool:
    return PurePath(name).suffix.lower() in ARTICLE_ENDINGS


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
