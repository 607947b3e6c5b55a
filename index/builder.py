"""A folder of articles to a generation, doing again only what changed, and holding one article at a time.

    list -> compare with the generation in use -> where something changed, `index.generation_making`

What the encoder sees of a text decides its vector's key; every vector whose key is known is taken from
the generation in use, from a candidate, or from the journal that an interrupted build left. A vector
that PyTorch made and one of the exported encoder may stand side by side: an encoder is exported only
where its own lie near PyTorch's (`index.encoder_export`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from index import layout
from index.article_files import Listing, list_article_files
from index.build_order import BuildOrder
from index.earlier import EarlierTexts, Predecessor
from index.encoding import EncoderSource
from index.errors import DamagedGenerationError, GenerationError
from index.exported_files import is_exported
from index.generation import IndexFolder, Manifest, OpenGeneration, Verification
from index.generation_parts import opens
from index.packing import Limits
from index.survey import Survey, unchanged
from index.texts import article_fingerprint
from index.types import BuildProgress, BuildReport, Collection, OnProgress

if TYPE_CHECKING:
    from index.vector_filling import Filled
    from index.vector_journal import VectorJournal

__all__ = ["BuildProgress", "OnProgress", "build_index", "fingerprint_of"]

DEFAULT_LIMITS: Final = Limits()


def build_index(
    articles_folder: Path,
    index_folder: IndexFolder,
    encoder: EncoderSource,
    *,
    limits: Limits = DEFAULT_LIMITS,
    switch: bool = True,
    must_open: bool = True,
    shares: Sequence[VectorJournal] = (),
    on_progress: OnProgress | None = None,
) -> BuildReport:
    """Bring the index up to date with the articles, and say what that took.

    Where the generation in use is whole and was made from the same articles, by the same encoder
    and limits, it stays as it is. A file that cannot be read is left out and reported. Where the build
    ends before its time, whatever ends it, the next one takes over the vectors that it had made.

    Args:
        articles_folder: Where the articles are.
        index_folder: Where the generations are.
        encoder: What makes the vectors.
        limits: What passages are cut by.
        switch: False to leave what was built as the candidate, beside the generation in use; where
            none is in use yet, it is put into service all the same.
        must_open: Whether a generation that is up to date is opened as well, and built anew where it does
            not open; False for a start, which opens it at once and ends nobody's choice.
        shares: Vectors that parts of the build left; see `index.shares`.
        on_progress: Told how far the build is.

    Raises:
        CorpusError: There is no article to read.
        BuildRunningError: Another process is building in the same folder.
        GenerationError: The index folder or its store cannot be written; what serves is untouched.
    """
    order = BuildOrder(
        articles_folder, index_folder, encoder, limits, on_progress or silent, began=time.perf_counter()
    )
    return _Build(order).run(switch=switch, must_open=must_open, shares=shares)


def fingerprint_of(collection: Collection) -> str:
    """Return the SHA-256, in hexadecimal, of all that the articles of a collection say."""
    digest = hashlib.sha256()
    for article in collection.articles:
        digest.update(article_fingerprint(article).encode())
    return digest.hexdigest()


class _Build:
    """One build."""

    def __init__(self, order: BuildOrder) -> None:
        self._order = order
        self._store = order.index_folder.store

    def run(self, *, switch: bool, must_open: bool, shares: Sequence[VectorJournal]) -> BuildReport:
        listing = list_article_files(self._order.articles_folder)
        with ExitStack() as opened:
            with ThreadPoolExecutor(max_workers=1) as beside:
                # Hashing the files that are in use leaves the interpreter to the reading of articles.
                checking = beside.submit(generation_in_use, self._order.index_folder, Verification.EVERY_BYTE)
                before = self._predecessor(opened)
                survey = None if before is None else self._unchanged(listing, before)
                if checking.result() is None:
                    # Damaged: a full build mends it.
                    before = survey = None
                elif before is not None and must_open:
                    # What was damaged before its hashes were taken shows only when it is opened.
                    exported = beside.submit(self._export_opens, before.generation, survey)
                    if not opens(before.generation, self._store):
                        before = survey = None
                    if not exported.result():
                        survey = None
            if before is not None and survey is not None and self._store.holds(before.generation):
                generation = before.generation
                if must_open:
                    self._order.index_folder.end_choice()
                return self._report(generation.name, generation.manifest, survey, before, None)
            # Whatever is wrong with it is better known before hours of encoding.
            self._store.check()
            # Loaded where there is something to do: it takes twice as long as to find that there is nothing.
            from index.generation_making import GenerationMaker

            with self._order.index_folder.building() as folder:
                made = GenerationMaker(self._order).make(folder, listing, before, shares, switch=switch)
            return self._report(
                made.name, made.manifest, made.survey, before, made.filled, switched=made.switched
            )

    def _predecessor(self, opened: ExitStack) -> Predecessor | None:
        """Return the generation in use, of which nothing but its manifest and its sizes was checked yet."""
        generation = generation_in_use(self._order.index_folder, Verification.SIZES)
        if generation is None:
            return None
        # Asked in any case: the encoder learns from the generation what is not in its files.
        same = self._order.encoder.matches(generation.manifest.encoder)
        same = same and generation.manifest.segmentation == self._order.settings
        try:
            texts = EarlierTexts.open(generation, same_limits=same)
        except DamagedGenerationError:
            return None
        opened.callback(texts.close)
        return Predecessor(generation, texts)

    def _export_opens(self, generation: OpenGeneration, survey: Survey | None) -> bool:
        """Return whether the exported encoder opens; True where a build makes or takes over one anyway."""
        folder = generation.path / layout.ENCODER
        if survey is None or not is_exported(folder):
            return True
        try:
            self._order.encoder.for_answering(folder)
        except DamagedGenerationError:
            return False
        return True

    def _unchanged(self, listing: Listing, before: Predecessor) -> Survey | None:
        if not before.texts.same_limits:
            return None
        try:
            return unchanged(
                self._order.articles_folder,
                listing,
                before.texts,
                before.generation.manifest.articles,
                lambda done, total: self._order.tell(BuildProgress("reading", done, total)),
            )
        except DamagedGenerationError:
            return None

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
            elapsed_seconds=time.perf_counter() - self._order.began,
            vectors_resumed=0 if filled is None else filled.vectors_resumed,
        )


def silent(_: BuildProgress) -> None:
    """Tell nobody."""


def generation_in_use(index_folder: IndexFolder, verification: Verification) -> OpenGeneration | None:
    """Return the generation in use, None where there is none or it is of no use."""
    try:
        return index_folder.current(verification)
    except GenerationError:
        # Nothing yet, damaged, or of another version: whatever it is, a full build mends it.
        return None
