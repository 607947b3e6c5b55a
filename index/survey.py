"""What became of the articles since they were read last: counted as they go by, none of them held."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from index.article_files import Listing
from index.articles import ReadFile, no_articles, read_files
from index.earlier import EarlierTexts
from index.texts import article_fingerprint
from index.types import SkippedFile

OnFile = Callable[[int, int], None]


@dataclass(slots=True)
class Survey:
    """What was seen of a folder so far."""

    skipped: list[SkippedFile]
    notices: list[SkippedFile]
    articles: int = 0
    added: int = 0
    changed: int = 0
    met_again: int = 0
    """Articles that were there before, changed or not."""
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def see(self, read: ReadFile) -> str | None:
        """Take in one file, and return its article's fingerprint, None where it has no article."""
        self.notices += read.notices
        if read.skipped is not None:
            self.skipped.append(read.skipped)
            return None
        if read.article is not None:
            fingerprint = article_fingerprint(read.article)
        else:
            assert read.earlier is not None
            fingerprint = read.earlier.fingerprint
        self.articles += 1
        self._digest.update(fingerprint.encode())
        if read.earlier is None:
            self.added += 1
        else:
            self.met_again += 1
            self.changed += read.earlier.fingerprint != fingerprint
        return fingerprint

    @property
    def corpus_fingerprint(self) -> str:
        """The SHA-256, in hexadecimal, of all that the articles seen so far say."""
        return self._digest.hexdigest()

    @property
    def differs(self) -> bool:
        """Whether an article was added or changed."""
        return bool(self.added or self.changed)


def begun(listing: Listing) -> Survey:
    """Return the survey of a folder of which no file was read yet."""
    return Survey(list(listing.skipped), list(listing.notices))


def unchanged(
    folder: Path, listing: Listing, earlier: EarlierTexts, articles_before: int, on_file: OnFile
) -> Survey | None:
    """Return what was seen where every article is as it was and none is missing, else None.

    Files are read up to the first that differs; those whose bytes are known are not read as text. Where
    another program read them then, all are; if this one makes the same of the very bytes of each, it notes
    that for the next time.

    Raises:
        CorpusError: No file holds an article.
    """
    survey = begun(listing)
    is_alike = True
    files = read_files(listing.files, earlier, bytes_suffice=earlier.reads_alike)
    for done, read in enumerate(files, start=1):
        survey.see(read)
        if survey.differs:
            return None
        if read.note is not None and read.earlier is not None:
            is_alike = is_alike and read.note == read.earlier.file
        on_file(done, len(listing.files))
    if not survey.articles:
        raise no_articles(folder, survey.skipped)
    if survey.met_again != articles_before:
        return None
    if is_alike and not earlier.reads_alike:
        earlier.note_reads_alike()
    return survey
