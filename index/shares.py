"""One build divided among machines that share a folder: each encodes its articles, one puts them together.

    index folder/shares/
      2-of-4.vectors   a journal: see `index.vector_journal`; complete once its share is encoded
      2-of-4.lock      held by whoever encodes the share
      2-of-4.work/     what it works with meanwhile

An article's share follows from its id alone. A share can be interrupted and begun again as a build can:
what it had encoded stays. Putting them together is a build that finds its vectors there.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from filelock import FileLock, Timeout

from index import layout
from index.article_files import list_article_files
from index.articles import read_files
from index.builder import (
    DEFAULT_LIMITS,
    BuildProgress,
    OnProgress,
    build_index,
    generation_in_use,
    silent,
)
from index.disk import explaining
from index.encoding import EncoderSource
from index.errors import BuildRunningError, ShareError
from index.generation import IndexFolder, Verification
from index.generation_making import exported_before
from index.generation_writer import Run, records_of
from index.segment import Limits
from index.texts import Texts, TextWriter, article_fingerprint
from index.types import BuildReport
from index.vector_filling import VectorFiller
from index.vector_journal import Completion, VectorJournal
from index.vector_rows import VectorRows
from index.vector_sources import known_vectors

_NAME: Final = re.compile(r"([0-9]+)-of-([0-9]+)\.vectors")
_MOST: Final = 1024


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of a build."""

    number: int
    """From 1."""
    count: int
    """How many there are."""

    def __post_init__(self) -> None:
        """Refuse a part that is none.

        Raises:
            ShareError: It is not one of 1 to `count`.
        """
        if not 1 <= self.number <= self.count <= _MOST:
            raise ShareError(
                f"{self} is no part of a build; expected a number from 1 to how many parts there are, "
                f"at most {_MOST}, such as 2/4."
            )

    def __str__(self) -> str:
        """Return it as a command has it."""
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gives.

        Raises:
            ShareError: It is something else.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text, re.ASCII)
        if found is None:
            raise ShareError(
                f"{text!r} is no part of a build; expected a number, / and how many, such as 2/4."
            )
        return cls(int(found[1]), int(found[2]))

    def has(self, article_id: str) -> bool:
        """Return whether the article of this id belongs to this share; it belongs to one of them."""
        digest = hashlib.blake2b(article_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


@dataclass(frozen=True, slots=True)
class ShareReport:
    """What encoding one share came to."""

    share: str
    articles: int
    texts: int
    """Passages and sentences."""
    vectors_resumed: int
    """Vectors that an interrupted run had made."""
    file: str
    """Where the vectors are."""


def build_share(
    articles_folder: Path,
    index_folder: IndexFolder,
    encoder: EncoderSource,
    share: Share,
    *,
    limits: Limits = DEFAULT_LIMITS,
    on_progress: OnProgress | None = None,
) -> ShareReport:
    """Encode the articles of one share, and leave their vectors in the index folder for `merge_shares`.

    Texts whose vectors the generation in use has are left out.

    Args:
        articles_folder: Where all the articles are.
        index_folder: The one that all the machines share.
        encoder: What makes the vectors.
        share: Which articles.
        limits: What passages are cut by.
        on_progress: Told how far it is.

    Raises:
        CorpusError: The articles folder cannot be read.
        BuildRunningError: Another process encodes this share.
        GenerationError: The index folder cannot be written.
    """
    tell = on_progress or silent
    listing = list_article_files(articles_folder)
    before = generation_in_use(index_folder, Verification.EVERY_BYTE)
    if before is not None:
        encoder.matches(before.manifest.encoder)
    identity = encoder.identity
    folder = index_folder.shares
    name = f"{share.number}-of-{share.count}"
    with explaining(folder), ExitStack() as opened:
        folder.mkdir(parents=True, exist_ok=True)
        opened.enter_context(_locked(folder / f"{name}.lock", share))
        work = opened.enter_context(_emptied(folder / f"{name}.work"))
        journal = opened.enter_context(VectorJournal.open(folder / f"{name}.vectors", identity))
        with TextWriter(work / layout.TEXTS) as writer:
            digest = hashlib.sha256()
            for done, read in enumerate(read_files(listing.files), start=1):
                if read.article is not None and share.has(read.article.article_id):
                    digest.update(article_fingerprint(read.article).encode())
                    writer.add(read.article, records_of(read.article, limits, identity))
                tell(BuildProgress("reading", done, len(listing.files)))
            counts = writer.finish()
        prepared = encoder.for_building(
            work / layout.ENCODER,
            exported_before(before, identity),
            lambda done, total: tell(BuildProgress("exporting", done, total)),
        )
        known = opened.enter_context(known_vectors(before, identity, index_folder.store))
        filler = VectorFiller(
            opened.enter_context(Texts.open(work / layout.TEXTS)),
            prepared.encoder,
            journal,
            others=[] if known is None else [known],
            on_encoded=lambda done, total: tell(BuildProgress("embedding", done, total)),
        )
        filled = filler.fill(
            [Run(counts.passages, counts.sentences)],
            opened.enter_context(VectorRows(work / "passages.rows", identity.dimensions)),
            opened.enter_context(VectorRows(work / "sentences.rows", identity.dimensions)),
        )
        journal.complete(Completion(counts.articles, digest.hexdigest()))
    return ShareReport(
        share=str(share),
        articles=counts.articles,
        texts=counts.passages + counts.sentences,
        vectors_resumed=filled.vectors_resumed,
        file=str(journal.path),
    )


def merge_shares(
    articles_folder: Path,
    index_folder: IndexFolder,
    encoder: EncoderSource,
    *,
    limits: Limits = DEFAULT_LIMITS,
    on_progress: OnProgress | None = None,
) -> BuildReport:
    """Build the generation whose vectors the shares have, and remove the shares.

    A text that no share has, because the generation in use had its vector when the share was made and is
    no longer there, is encoded here.

    Args:
        articles_folder: Where the articles are, as they were for the shares.
        index_folder: Where the shares are.
        encoder: The one that the shares were made by.
        limits: What passages are cut by.
        on_progress: Told how far it is.

    Raises:
        ShareError: A share is missing, is not finished, or was made by another encoder or from other
            articles; nothing was built.
        FootnoteError: As `build_index` says.
    """
    with ExitStack() as opened:
        journals: list[VectorJournal] = []
        with explaining(index_folder.shares):
            for path in _complete_set(index_folder.shares):
                journals.append(opened.enter_context(VectorJournal.read(path)))
        _check(journals, articles_folder, encoder)
        report = build_index(
            articles_folder, index_folder, encoder, limits=limits, shares=journals, on_progress=on_progress
        )
    shutil.rmtree(index_folder.shares, ignore_errors=True)
    return report


def _complete_set(folder: Path) -> list[Path]:
    """Return the files of all shares, in their order."""
    found = {path: _NAME.fullmatch(path.name) for path in folder.glob("*.vectors")}
    shares = {Share(int(name[1]), int(name[2])): path for path, name in found.items() if name is not None}
    if not shares:
        raise ShareError(
            f"There is no share of a build in {folder}; run `footnote build --shard 1/2` on one machine and "
            "`footnote build --shard 2/2` on another, then merge."
        )
    counts = sorted({share.count for share in shares})
    if len(counts) > 1:
        raise ShareError(
            f"The shares in {folder} divide the build into {' and '.join(map(str, counts))} parts; expected "
            "one number; delete the files of the others."
        )
    (count,) = counts
    wanted = [Share(number, count) for number in range(1, count + 1)]
    missing = [share for share in wanted if share not in shares]
    if missing:
        raise ShareError(
            f"Of the {count} shares in {folder}, {_listed(missing)} {'is' if len(missing) == 1 else 'are'} "
            f"missing; run `footnote build --shard {missing[0]}`."
        )
    return [shares[share] for share in wanted]


def _check(journals: list[VectorJournal], articles_folder: Path, encoder: EncoderSource) -> None:
    """Return where the shares were finished, by this encoder and from these articles."""
    shares = [Share(number, len(journals)) for number in range(1, len(journals) + 1)]
    unfinished = [
        share for share, journal in zip(shares, journals, strict=True) if journal.completion is None
    ]
    if unfinished:
        raise ShareError(
            f"Not finished: {_listed(unfinished)} of the build; wait for it, or run "
            f"`footnote build --shard {unfinished[0]}`, which goes on where it ended."
        )
    for share, journal in zip(shares, journals, strict=True):
        if not encoder.matches(journal.identity):
            raise ShareError(
                f"Share {share} was made by the encoder {journal.identity.name!r} and the one set is "
                f"{encoder.identity.name!r}, or their weights or prompts differ; set the same one, or run "
                f"`footnote build --shard {share}` again."
            )
    digests = [hashlib.sha256() for _ in shares]
    for read in read_files(list_article_files(articles_folder).files):
        if read.article is not None:
            owner = next(number for number, share in enumerate(shares) if share.has(read.article.article_id))
            digests[owner].update(article_fingerprint(read.article).encode())
    for share, journal, digest in zip(shares, journals, digests, strict=True):
        completion = journal.completion
        if completion is not None and completion.fingerprint != digest.hexdigest():
            raise ShareError(
                f"Share {share} was made from other articles than are in {articles_folder} now; run "
                f"`footnote build --shard {share}` again, which encodes only what changed."
            )


@contextmanager
def _locked(path: Path, share: Share) -> Iterator[None]:
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise BuildRunningError(
            f"Another process encodes share {share} ({path}); wait until it ends, or give another share."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    """Give an empty folder in the place of what a crashed run left, gone after the block."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listed(shares: list[Share]) -> str:
    return ", ".join(map(str, shares))
