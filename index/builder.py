"""A folder of articles to a generation, doing again only what changed, and holding one article at a time.

    list -> compare with the generation in use -> read, cut and analyse what changed, copy the rest
         -> copy, find or make vectors -> write -> switch

What the encoder sees of a text decides its vector's key; every vector whose key is known is taken from
the generation in use, from a candidate, or from the journal that an interrupted build left. A vector
that PyTorch made and one of the exported encoder may stand side by side: an encoder is exported only
where its own lie near PyTorch's (`index.encoder_export`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from index import layout
from index.article_files import Listing, list_article_files
from index.articles import no_articles, read_files
from index.disk import explaining
from index.earlier import EarlierTexts
from index.encoding import EncoderSource, TextEncoder
from index.errors import DamagedGenerationError, GenerationError
from index.generation import IndexFolder, Manifest, ModelIdentity, OpenGeneration, Verification
from index.generation_writer import GenerationWriter, Predecessor, Written
from index.segment import Limits
from index.stores import KeptLayouts
from index.survey import Survey, begun, unchanged
from index.texts import Texts, article_fingerprint
from index.types import BuildReport, Collection, SkippedFile
from index.vector_filling import Filled, VectorFiller
from index.vector_journal import VectorJournal
from index.vector_rows import VectorRows
from index.vector_sources import known_vectors

__all__ = ["BuildProgress", "OnProgress", "build_index", "fingerprint_of"]

DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a build is; each phase counts something of its own: files, texts, steps.

    "exporting" comes only where the encoder has to be exported. How many texts there are to encode is
    an estimate until the last of them.
    """

    phase: Literal["reading", "exporting", "embedding", "writing"]
    done: int
    total: int


OnProgress = Callable[[BuildProgress], None]


def build_index(
    articles_folder: Path,
    index_folder: IndexFolder,
    encoder: EncoderSource,
    *,
    limits: Limits = DEFAULT_LIMITS,
    switch: bool = True,
    shares: Sequence[VectorJournal] = (),
    on_progress: OnProgress | None = None,
) -> BuildReport:
    """Bring the index up to date with the articles, and say what that took.

    Where the generation in use is whole and was made from the same articles, by the same encoder
    and limits, nothing is written. A file that cannot be read is left out and reported. Where the build
    ends before its time, whatever ends it, the next one takes over the vectors that it had made.

    Args:
        articles_folder: Where the articles are.
        index_folder: Where the generations are.
        encoder: What makes the vectors.
        limits: What passages are cut by.
        switch: False to leave what was built as the candidate, beside the generation in use; where
            none is in use yet, it is put into service all the same.
        shares: Vectors that parts of the build left; see `index.shares`.
        on_progress: Told how far the build is.

    Raises:
        CorpusError: There is no article to read.
        BuildRunningError: Another process is building in the same folder.
        GenerationError: The index folder or its store cannot be written; what serves is untouched.
    """
    return _Build(articles_folder, index_folder, encoder, limits, on_progress or silent).run(
        switch=switch, shares=shares
    )


def fingerprint_of(collection: Collection) -> str:
    """Return the SHA-256, in hexadecimal, of all that the articles of a collection say."""
    digest = hashlib.sha256()
    for article in collection.articles:
        digest.update(article_fingerprint(article).encode())
    return digest.hexdigest()


class _Build:
    """One build."""

    def __init__(
        self,
        articles_folder: Path,
        index_folder: IndexFolder,
        encoder: EncoderSource,
        limits: Limits,
        tell: OnProgress,
    ) -> None:
        self._began = time.perf_counter()
        self._articles_folder = articles_folder
        self._index_folder = index_folder
        self._store = index_folder.store
        self._encoder = encoder
        self._limits = limits
        self._settings = settings_of(limits)
        self._tell = tell

    def run(self, *, switch: bool, shares: Sequence[VectorJournal]) -> BuildReport:
        listing = list_article_files(self._articles_folder)
        with ExitStack() as opened:
            with ThreadPoolExecutor(max_workers=1) as beside:
                # Hashing the files that are in use leaves the interpreter to the reading of articles.
                checking = beside.submit(generation_in_use, self._index_folder, Verification.EVERY_BYTE)
                before = self._predecessor(opened)
                survey = None if before is None else self._unchanged(listing, before)
                if checking.result() is None:
                    # Damaged: a full build mends it.
                    before = survey = None
            if before is not None and survey is not None and self._store.holds(before.generation):
                generation = before.generation
                return self._report(generation.name, generation.manifest, survey, before, None)
            # Whatever is wrong with it is better known before hours of encoding.
            self._store.check()
            with self._index_folder.building() as folder:
                return self._make(folder, listing, before, shares, switch=switch)

    def _predecessor(self, opened: ExitStack) -> Predecessor | None:
        """Return the generation in use, of which nothing but its manifest and its sizes was checked yet."""
        generation = generation_in_use(self._index_folder, Verification.SIZES)
        if generation is None:
            return None
        # Asked in any case: the encoder learns from the generation what is not in its files.
        same = self._encoder.matches(generation.manifest.encoder)
        same = same and generation.manifest.segmentation == self._settings
        try:
            texts = EarlierTexts.open(generation, same_limits=same)
        except DamagedGenerationError:
            return None
        opened.callback(texts.close)
        return Predecessor(generation, texts)

    def _unchanged(self, listing: Listing, before: Predecessor) -> Survey | None:
        if not before.texts.same_limits:
            return None
        try:
            return unchanged(
                self._articles_folder,
                listing,
                before.texts,
                before.generation.manifest.articles,
                lambda done, total: self._tell(BuildProgress("reading", done, total)),
            )
        except DamagedGenerationError:
            return None

    def _make(
        self,
        folder: Path,
        listing: Listing,
        before: Predecessor | None,
        shares: Sequence[VectorJournal],
        *,
        switch: bool,
    ) -> BuildReport:
        identity = self._encoder.identity
        survey, written = self._write_articles(folder, listing, before, identity)
        generation = None if before is None else before.generation
        prepared = self._encoder.for_building(
            folder / layout.ENCODER,
            exported_before(generation, identity),
            lambda done, total: self._tell(BuildProgress("exporting", done, total)),
        )
        if prepared.notice is not None:
            notice = SkippedFile(f"The encoder {identity.name}", prepared.notice)
            survey.notices.insert(0, notice)
        with explaining(self._index_folder.journal):
            opened = VectorJournal.open(self._index_folder.journal, identity)
        with opened as journal:
            filled, kept = self._write_vectors(folder, written, prepared.encoder, generation, shares, journal)
            survey.notices[:0] = _notices(kept)
            manifest = Manifest(
                created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                encoder=identity,
                articles=written.counts.articles,
                passages=written.counts.passages,
                sentences=written.counts.sentences,
                languages=written.languages,
                corpus_fingerprint=survey.corpus_fingerprint,
                segmentation=self._settings,
                build_seconds=time.perf_counter() - self._began,
                passage_vectors=kept.passages,
                sentence_vectors=kept.sentences,
                store=self._store.keeps_in,
            )
            name = self._index_folder.publish(folder, manifest, switch=switch)
            journal.remove()
        switched = self._index_folder.current_name() == name
        return self._report(name, manifest, survey, before, filled, switched=switched)

    def _write_articles(
        self, folder: Path, listing: Listing, before: Predecessor | None, identity: ModelIdentity
    ) -> tuple[Survey, Written]:
        survey = begun(listing)
        source = before if before is not None and before.texts.may_take_over else None
        with GenerationWriter(folder, identity, self._limits, source) as writer:
            files = read_files(listing.files, before.texts if before is not None else ())
            for done, read in enumerate(files, start=1):
                survey.see(read)
                if read.article is not None:
                    assert read.note is not None
                    writer.add(read.article, read.note)
                elif read.skipped is None:
                    assert read.earlier is not None
                    writer.take_over(read.earlier)
                self._tell(BuildProgress("reading", done, len(listing.files)))
            if not survey.articles:
                raise no_articles(self._articles_folder, survey.skipped)
            return survey, writer.finish()

    def _write_vectors(
        self,
        folder: Path,
        written: Written,
        encoder: TextEncoder,
        before: OpenGeneration | None,
        shares: Sequence[VectorJournal],
        journal: VectorJournal,
    ) -> tuple[Filled, KeptLayouts]:
        dimensions = encoder.identity.dimensions
        with (
            Texts.open(folder / layout.TEXTS) as texts,
            known_vectors(before, encoder.identity, self._store) as known,
            known_vectors(_candidate(self._index_folder), encoder.identity, self._store) as proposed,
            VectorRows(folder / "passages.rows", dimensions) as passages,
            VectorRows(folder / "sentences.rows", dimensions) as sentences,
        ):
            filler = VectorFiller(
                texts,
                encoder,
                journal,
                before=known,
                others=[] if proposed is None else [proposed],
                left_behind=shares,
                on_encoded=lambda done, total: self._tell(BuildProgress("embedding", done, total)),
            )
            filled = filler.fill(written.runs, passages, sentences)
            self._tell(BuildProgress("writing", 0, 1))
            kept = self._store.keep(folder, passages.all(), sentences.all())
            self._tell(BuildProgress("writing", 1, 1))
        return filled, kept

    def _report(
        self,
        name: str,
        manifest: Manifest,
        survey: Survey,
        before: Predecessor | None,
        filled: Filled | None,
        *,
        switched: bool = False,
    ) -> BuildReport:
        had = 0 if before is None else before.generation.manifest.articles
        return BuildReport(
            generation=name,
            switched=switched,
            articles=manifest.articles,
            passages=manifest.passages,
            sentences=manifest.sentences,
            articles_added=survey.added,
            articles_changed=survey.changed,
            articles_removed=had - survey.met_again,
            passages_reused=manifest.passages if filled is None else filled.passages_reused,
            skipped=tuple(survey.skipped),
            notices=tuple(survey.notices),
            elapsed_seconds=time.perf_counter() - self._began,
            vectors_resumed=0 if filled is None else filled.vectors_resumed,
        )


def settings_of(limits: Limits) -> tuple[tuple[str, int], ...]:
    """Return limits as a manifest has them."""
    return tuple((name, round(value * 1000)) for name, value in asdict(limits).items())


def exported_before(before: OpenGeneration | None, identity: ModelIdentity) -> Path | None:
    """Return where a generation has its exported encoder, None where that is another one's."""
    if before is None or before.manifest.encoder.weights_sha256 != identity.weights_sha256:
        return None
    return before.path / layout.ENCODER


def silent(_: BuildProgress) -> None:
    """Tell nobody."""


def generation_in_use(index_folder: IndexFolder, verification: Verification) -> OpenGeneration | None:
    """Return the generation in use, None where there is none or it is of no use."""
    try:
        return index_folder.current(verification)
    except GenerationError:
        # Nothing yet, damaged, or of another version: whatever it is, a full build mends it.
        return None


def _candidate(index_folder: IndexFolder) -> OpenGeneration | None:
    try:
        name = index_folder.candidate_name()
        return None if name is None else index_folder.as_if_serving(name).current()
    except GenerationError:
        return None


def _notices(kept: KeptLayouts) -> list[SkippedFile]:
    """Return what is to be said of how the vectors lie."""
    from index.vectors import notice_of

    layouts = (("passages", kept.passages), ("sentences", kept.sentences))
    texts = ((grain, None if lies is None else notice_of(lies)) for grain, lies in layouts)
    return [SkippedFile(f"The vectors of the {grain}", text) for grain, text in texts if text is not None]
