"""A new generation, where a build found that something changed: made beside the one in use, and published.

    read, cut and analyse what changed, copy the rest -> copy, find or make vectors -> write -> switch

Nothing of this is loaded where the index is up to date.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from index import layout
from index.article_files import Listing
from index.articles import no_articles, read_files
from index.build_order import BuildOrder
from index.disk import explaining
from index.earlier import Predecessor
from index.encoding import TextEncoder
from index.errors import GenerationError
from index.generation import IndexFolder, Manifest, ModelIdentity, OpenGeneration
from index.generation_writer import GenerationWriter, Written
from index.stores import KeptLayouts
from index.survey import Survey, begun
from index.texts import Texts
from index.trial_folder import TrialFolder
from index.types import BuildProgress, SkippedFile
from index.vector_filling import Filled, VectorFiller
from index.vector_journal import VectorJournal
from index.vector_rows import VectorRows
from index.vector_sources import known_vectors
from index.vectors import notice_of


@dataclass(frozen=True, slots=True)
class NewGeneration:
    """What was made."""

    name: str
    manifest: Manifest
    survey: Survey
    filled: Filled
    switched: bool
    """Whether it is in use now."""


class GenerationMaker:
    """Makes one generation."""

    def __init__(self, order: BuildOrder) -> None:
        """Take what the build was begun with."""
        self._order = order
        self._store = order.index_folder.store

    def make(
        self,
        folder: Path,
        listing: Listing,
        before: Predecessor | None,
        shares: Sequence[VectorJournal],
        *,
        switch: bool,
    ) -> NewGeneration:
        """Make it in `folder`, which `IndexFolder.building` gave, and publish it.

        Args:
            folder: Empty.
            listing: The articles' files.
            before: The generation in use, None where there is none or it is of no use.
            shares: Vectors that parts of the build left.
            switch: False to leave it as the candidate.

        Raises:
            CorpusError: There is no article to read.
            GenerationError: The index folder or its store cannot be written; what serves is untouched.
            ModelError: The encoder is missing, is not what it should be, or does not load.
        """
        identity = self._order.encoder.identity
        survey, written = self._write_articles(folder, listing, before, identity)
        generation = None if before is None else before.generation
        prepared = self._order.encoder.for_building(
            folder / layout.ENCODER,
            exported_before(generation, identity),
            lambda done, total: self._order.tell(BuildProgress("exporting", done, total)),
        )
        if prepared.notice is not None:
            notice = SkippedFile(f"The encoder {identity.name}", prepared.notice)
            survey.notices.insert(0, notice)
        with explaining(self._order.index_folder.journal):
            opened = VectorJournal.open(self._order.index_folder.journal, identity)
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
                segmentation=self._order.settings,
                build_seconds=time.perf_counter() - self._order.began,
                passage_vectors=kept.passages,
                sentence_vectors=kept.sentences,
                store=self._store.keeps_in,
            )
            name = self._order.index_folder.publish(folder, manifest, switch=switch)
            journal.remove()
        switched = self._order.index_folder.current_name() == name
        return NewGeneration(name, manifest, survey, filled, switched)

    def _write_articles(
        self, folder: Path, listing: Listing, before: Predecessor | None, identity: ModelIdentity
    ) -> tuple[Survey, Written]:
        survey = begun(listing)
        source = before if before is not None and before.texts.may_take_over else None
        with GenerationWriter(folder, identity, self._order.limits, source) as writer:
            earlier = before.texts if before is not None else ()
            files = read_files(listing.files, earlier, bytes_suffice=source is not None)
            for done, read in enumerate(files, start=1):
                survey.see(read)
                if read.article is not None:
                    assert read.note is not None
                    writer.add(read.article, read.note)
                elif read.skipped is None:
                    assert read.earlier is not None
                    writer.take_over(read.earlier)
                self._order.tell(BuildProgress("reading", done, len(listing.files)))
            if not survey.articles:
                raise no_articles(self._order.articles_folder, survey.skipped)
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
            known_vectors(_candidate(self._order.index_folder), encoder.identity, self._store) as proposed,
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
                on_encoded=lambda done, total: self._order.tell(BuildProgress("embedding", done, total)),
            )
            filled = filler.fill(written.runs, passages, sentences)
            self._order.tell(BuildProgress("writing", 0, 1))
            kept = self._store.keep(folder, passages.all(), sentences.all())
            self._order.tell(BuildProgress("writing", 1, 1))
        return filled, kept


def exported_before(before: OpenGeneration | None, identity: ModelIdentity) -> Path | None:
    """Return where a generation has its exported encoder, None where that is another one's."""
    if before is None or before.manifest.encoder.weights_sha256 != identity.weights_sha256:
        return None
    return before.path / layout.ENCODER


def _candidate(index_folder: IndexFolder) -> OpenGeneration | None:
    try:
        name = index_folder.candidate_name()
        return None if name is None else TrialFolder(index_folder, name).current()
    except GenerationError:
        return None


def _notices(kept: KeptLayouts) -> list[SkippedFile]:
    """Return what is to be said of how the vectors lie."""
    layouts = (("passages", kept.passages), ("sentences", kept.sentences))
    texts = ((grain, None if lies is None else notice_of(lies)) for grain, lies in layouts)
    return [SkippedFile(f"The vectors of the {grain}", text) for grain, text in texts if text is not None]
