"""A folder of files to articles: every file read, or skipped with the reason and the remedy.

An article's id is its path inside the folder without the ending, exactly as the folder gives it;
of two files that differ only in their ending, the first in order has the id.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from index.article_files import ArticleFile, list_article_files, printable
from index.earlier import EarlierArticle
from index.errors import ArticleError, CorpusError
from index.texts import FileNote
from index.types import Article, Collection, SkippedFile

if TYPE_CHECKING:
    from index.front_matter import FrontMatter

MAX_FILE_BYTES = 20 * 1024 * 1024
"""A larger file is skipped without being read."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What became of one file: an article with notices, a reason, or that it is as it was."""

    article: Article | None
    """None where it was skipped or is unchanged."""
    skipped: SkippedFile | None
    notices: tuple[SkippedFile, ...] = ()
    note: FileNote | None = None
    """What is to be kept of the file of an article."""
    earlier: EarlierArticle | None = None
    """The article of the same id as it was before, if there was one."""


def read_collection(folder: Path, *, on_file: Callable[[int, int], None] | None = None) -> Collection:
    """Read every article below `folder`.

    A file that cannot be read never stops the others: it is listed under `skipped`.

    Args:
        folder: holds the articles, in folders of any depth.
        on_file: told after each file how many are done and how many there are.

    Raises:
        CorpusError: there is no such folder, no article file in it, or none that can be read.
    """
    listing = list_article_files(folder)
    articles: list[Article] = []
    skipped = list(listing.skipped)
    notices = list(listing.notices)
    for done, read in enumerate(read_files(listing.files), start=1):
        if read.article is not None:
            articles.append(read.article)
        if read.skipped is not None:
            skipped.append(read.skipped)
        notices.extend(read.notices)
        if on_file is not None:
            on_file(done, len(listing.files))
    if not articles:
        raise no_articles(folder, skipped)
    return Collection(tuple(articles), tuple(skipped), tuple(notices))


def read_files(
    files: Iterable[ArticleFile], earlier: Iterable[EarlierArticle] = (), *, bytes_suffice: bool = True
) -> Iterator[ReadFile]:
    """Yield what became of each file, in the order given, holding no text but the current one's.

    Args:
        files: In the order of their ids.
        earlier: The articles of before, in the order of their ids, none of them held.
        bytes_suffice: Whether a file that holds the bytes of before holds the article of before, so that it
            need not be read as text; False where another program made that.
    """
    paths_by_id: dict[str, str] = {}
    paths_by_title: dict[str, str] = {}
    before = _Walk(earlier)
    for file in files:
        known = before.find(file.article_id)
        try:
            if file.article_id in paths_by_id:
                first = paths_by_id[file.article_id]
                raise ArticleError(f"has the same name as {first} but for the ending; rename one of them")
            data = _read_bytes(file.path)
            digest = file_digest(file, data)
            article: Article | None = None
            if bytes_suffice and known is not None and known.file.digest == digest:
                title, own_notices = known.title, known.file.notices
            else:
                article, assumed = read_article(file, data)
                title, own_notices = article.title, tuple(assumed)
        except ArticleError as error:
            yield ReadFile(None, SkippedFile(file.relative_path, str(error)))
            continue
        paths_by_id[file.article_id] = file.relative_path
        notices = list(own_notices)
        first = paths_by_title.setdefault(_comparable(title), file.relative_path)
        if first != file.relative_path:
            notices.append(
                f"has the same title as {first}, {title!r}; "
                "change one of the two so that readers can tell them apart"
            )
        yield ReadFile(
            article=article,
            skipped=None,
            notices=tuple(SkippedFile(file.relative_path, notice) for notice in notices),
            note=FileNote(digest, own_notices),
            earlier=known,
        )


def file_digest(file: ArticleFile, data: bytes) -> bytes:
    """Return 32 bytes that differ wherever what is made of a file would: its bytes and its path."""
    path = os.fsencode(file.relative_path)
    return hashlib.sha256(path + b"\0" + data).digest()


class _Walk:
    """Articles in the order of their ids, looked for in that order."""

    def __init__(self, articles: Iterable[EarlierArticle]) -> None:
        self._rest = iter(articles)
        self._next = next(self._rest, None)

    def find(self, article_id: str) -> EarlierArticle | None:
        while self._next is not None and self._next.article_id < article_id:
            self._next = next(self._rest, None)
        return self._next if self._next is not None and self._next.article_id == article_id else None


def read_article(file: ArticleFile, data: bytes) -> tuple[Article, list[str]]:
    """Return the article that `file` holds, and what had to be assumed to read it.

    Args:
        file: Where it lies.
        data: All its bytes.

    Raises:
        ArticleError: the file cannot be read, is not text, or has nothing to search in it. The
            message is said of the file ("is empty; ...") and does not name it.
    """
    # Where no file changed none is read as text, and nothing that is needed for that is loaded.
    from index.decoding import decode
    from index.front_matter import read_front_matter
    from index.languages import detect_language
    from index.titles import title_from_heading, title_from_name

    decoded = decode(data)
    text = decoded.text
    notices = []
    if decoded.assumed_encoding is not None:
        notices.append(f"was read as {decoded.assumed_encoding}; save it as UTF-8 to be sure")
    front_matter = read_front_matter(text)
    notices.extend(front_matter.notices)
    body = text[front_matter.body_start :]
    if not body.strip():
        raise ArticleError(_nothing_to_search(text, front_matter))
    title = front_matter.title or title_from_heading(body, markdown=file.is_markdown)
    if title is None:
        title = title_from_name(PurePosixPath(file.article_id).name)
    if front_matter.present and front_matter.title is None:
        notices.append(
            f"has front matter without a title, so {title!r} was taken; add a line such as 'title: Force'"
        )
    article = Article(
        article_id=file.article_id,
        text=text,
        body_start=front_matter.body_start,
        title=title,
        language=front_matter.language or detect_language(body),
        url=front_matter.url,
        author=front_matter.author,
        published=front_matter.published,
        tags=front_matter.tags,
    )
    return article, notices


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size <= MAX_FILE_BYTES:
            with path.open("rb") as stream:
                # One byte more than allowed, to notice a file that grows meanwhile.
                data = stream.read(MAX_FILE_BYTES + 1)
            size = len(data)
            if size <= MAX_FILE_BYTES:
                return data
    except FileNotFoundError as error:
        raise ArticleError("vanished while the folder was read; read it again") from error
    except PermissionError as error:
        raise ArticleError("may not be read by this user; give the right to read it") from error
    except OSError as error:
        raise ArticleError(f"cannot be read ({error.strerror}); copy it to the folder anew") from error
    raise ArticleError(
        f"has {size:,} bytes, and at most {MAX_FILE_BYTES:,} are read; split it into several articles"
    )


def _nothing_to_search(text: str, front_matter: FrontMatter) -> str:
    if front_matter.present:
        what = "has front matter and no text after it"
    else:
        what = "holds nothing but white space" if text.lstrip("\ufeff") else "is empty"
    return f"{what}; write the article or delete the file"


def _comparable(title: str) -> str:
    return unicodedata.normalize("NFC", title).casefold()


def no_articles(folder: Path, skipped: Sequence[SkippedFile]) -> CorpusError:
    """Return the error that says that a folder holds no article, and the remedy."""
    name = printable(folder)
    if not skipped:
        return CorpusError(
            f"The articles folder {name} holds no article; "
            "put files that end in .md, .markdown or .txt there, or name another folder."
        )
    first = skipped[0]
    return CorpusError(
        f"None of the {len(skipped)} files in the articles folder {name} can be read; "
        f"mend them, beginning with {first.path}, which {first.reason}."
    )
