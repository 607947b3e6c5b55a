"""A folder of articles to a generation, doing again only what changed.

    read -> compare with the generation in use -> segment -> take over or encode vectors -> write -> switch

What the encoder sees of a text decides its vector's key; every vector whose key the generation in
use knows is taken from there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.analysis import Terms, analyzer
from index.articles import read_collection
from index.encoding import EncoderSource, TextEncoder
from index.errors import GenerationError
from index.generation import IndexFolder, Manifest, ModelIdentity, OpenGeneration
from index.lexical import write_lexical_index
from index.segment import Limits, segment
from index.spelling import count_words, write_words
from index.term_store import TermWriter
from index.texts import KEY_BYTES, PassageRecord, Texts, article_fingerprint, write_texts
from index.types import Article, BuildReport, Collection, Passage, SkippedFile
from index.vectors import VectorIndex, VectorLayout, notice_of

__all__ = ["BuildProgress", "build_index", "fingerprint_of"]

_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a build is; each phase counts something of its own: files, texts, steps.

    "exporting" comes only where the encoder has to be exported.
    """

    phase: Literal["reading", "exporting", "embedding", "writing"]
    done: int
    total: int


OnProgress = Callable[[BuildProgress], None]


@dataclass(frozen=True, slots=True)
class _Segmented:
    article: Article
    records: tuple[PassageRecord, ...]


@dataclass(frozen=True, slots=True)
class _Vectors:
    passages: NDArray[np.float32]
    sentences: NDArray[np.float32]
    passages_reused: int


def build_index(
    articles_folder: Path,
    index_folder: IndexFolder,
    encoder: EncoderSource,
    *,
    limits: Limits = _LIMITS,
    switch: bool = True,
    on_progress: OnProgress | None = None,
) -> BuildReport:
    """Bring the index up to date with the articles, and say what that took.

    Where the generation in use is whole and was made from the same articles, by the same encoder
    and limits, nothing is written. A file that cannot be read is left out and reported.

    Args:
        articles_folder: Where the articles are.
        index_folder: Where the generations are.
        encoder: What makes the vectors.
        limits: What passages are cut by.
        switch: False to leave what was built as the candidate, beside the generation in use; where
            none is in use yet, it is put into service all the same.
        on_progress: Told how far the build is.

    Raises:
        CorpusError: There is no article to read.
        BuildRunningError: Another process is building in the same folder.
        GenerationError: The index folder cannot be written; what serves is untouched.
    """
    began = time.perf_counter()
    tell = on_progress or _silent
    with ThreadPoolExecutor(max_workers=1) as beside:
        # Hashing the files that are in use leaves the interpreter to the reading of articles.
        opening = beside.submit(_generation_in_use, index_folder)
        collection = read_collection(
            articles_folder, on_file=lambda done, total: tell(BuildProgress("reading", done, total))
        )
        before = opening.result()
    settings = tuple((name, round(value * 1000)) for name, value in asdict(limits).items())
    if (
        before is not None
        # First, because it learns from the generation what is not in the model's files.
        and encoder.matches(before.manifest.encoder)
        and before.manifest.corpus_fingerprint == fingerprint_of(collection)
        and before.manifest.segmentation == settings
    ):
        reused = before.manifest.passages
        old = _fingerprints(before)
        return _report(before.name, before.manifest, collection, old, reused, began, switched=False)
    with index_folder.building() as folder:
        segmented = [_segmented(article, limits, encoder.identity) for article in collection.articles]
        prepared = encoder.for_building(
            folder / layout.ENCODER,
            _exported_before(before, encoder.identity),
            lambda done, total: tell(BuildProgress("exporting", done, total)),
        )
        vectors = _vectors(segmented, prepared.encoder, before, tell)
        languages = tuple(sorted({article.language for article in collection.articles}))
        passage_layout, sentence_layout = _write(folder, segmented, vectors, languages, tell)
        manifest = Manifest(
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            encoder=encoder.identity,
            articles=len(segmented),
            passages=len(vectors.passages),
            sentences=len(vectors.sentences),
            languages=languages,
            corpus_fingerprint=fingerprint_of(collection),
            segmentation=settings,
            build_seconds=time.perf_counter() - began,
            passage_vectors=passage_layout,
            sentence_vectors=sentence_layout,
        )
        # Read before publishing, which may remove the generation that is compared with.
        old = _fingerprints(before)
        name = index_folder.publish(folder, manifest, switch=switch)
        switched = index_folder.current_name() == name
    if prepared.notice is not None:
        notice = SkippedFile(f"The encoder {encoder.identity.name}", prepared.notice)
        collection = replace(collection, notices=(notice, *collection.notices))
    for grain, vector_layout in (("passages", passage_layout), ("sentences", sentence_layout)):
        text = notice_of(vector_layout)
        if text is not None:
            notice = SkippedFile(f"The vectors of the {grain}", text)
            collection = replace(collection, notices=(notice, *collection.notices))
    return _report(name, manifest, collection, old, vectors.passages_reused, began, switched=switched)


def fingerprint_of(collection: Collection) -> str:
    """Return the SHA-256, in hexadecimal, of all that the articles of a collection say."""
    digest = hashlib.sha256()
    for article in collection.articles:
        digest.update(article_fingerprint(article).encode())
    return digest.hexdigest()


def _silent(_: BuildProgress) -> None:
    """Tell nobody."""


def _generation_in_use(index_folder: IndexFolder) -> OpenGeneration | None:
    try:
        return index_folder.current()
    except GenerationError:
        # Nothing yet, damaged, or of another version: whatever it is, a full build mends it.
        return None


def _exported_before(before: OpenGeneration | None, identity: ModelIdentity) -> Path | None:
    if before is None or before.manifest.encoder.weights_sha256 != identity.weights_sha256:
        return None
    return before.path / layout.ENCODER


def _segmented(article: Article, limits: Limits, identity: ModelIdentity) -> _Segmented:
    def record(passage: Passage) -> PassageRecord:
        return PassageRecord(
            passage=passage,
            key=_key(identity, passage.span.of(article.text)),
            sentence_keys=tuple(_key(identity, span.of(article.text)) for span in passage.sentences),
        )

    return _Segmented(article, tuple(record(passage) for passage in segment(article, limits)))


def _key(identity: ModelIdentity, text: str) -> bytes:
    """Return 16 bytes that differ wherever the encoder, its prompt or the text does."""
    seen = "\0".join((identity.weights_sha256, identity.passage_prompt, text))
    return hashlib.blake2b(seen.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def _vectors(
    segmented: Sequence[_Segmented], encoder: TextEncoder, before: OpenGeneration | None, tell: OnProgress
) -> _Vectors:
    texts: dict[bytes, str] = {}
    passage_keys: list[bytes] = []
    sentence_keys: list[bytes] = []
    for item in segmented:
        text = item.article.text
        for record in item.records:
            passage_keys.append(record.key)
            texts.setdefault(record.key, record.passage.span.of(text))
            for key, span in zip(record.sentence_keys, record.passage.sentences, strict=True):
                sentence_keys.append(key)
                texts.setdefault(key, span.of(text))
    known = _known_vectors(before, encoder, list(texts)) if before is not None else {}
    missing = [key for key in texts if key not in known]
    tell(BuildProgress("embedding", 0, len(missing)))
    encoded = encoder.encode_passages(
        [texts[key] for key in missing],
        on_batch=lambda done: tell(BuildProgress("embedding", done, len(missing))),
    )
    reused = sum(key in known for key in passage_keys)
    known.update(zip(missing, encoded, strict=True))

    def matrix(keys: Sequence[bytes]) -> NDArray[np.float32]:
        rows = [known[key] for key in keys]
        return np.stack(rows) if rows else np.empty((0, encoder.identity.dimensions), np.float32)

    return _Vectors(matrix(passage_keys), matrix(sentence_keys), reused)


def _known_vectors(
    before: OpenGeneration, encoder: TextEncoder, keys: Sequence[bytes]
) -> dict[bytes, NDArray[np.float32]]:
    if before.manifest.encoder.dimensions != encoder.identity.dimensions:
        return {}
    known: dict[bytes, NDArray[np.float32]] = {}
    with Texts.open(before.path / layout.TEXTS) as texts:
        for kind, name in (("passage", layout.PASSAGE_VECTORS), ("sentence", layout.SENTENCE_VECTORS)):
            found = texts.rows_of_keys(kind, keys)  # type: ignore[arg-type]
            pairs = [(key, row) for key, row in zip(keys, found, strict=True) if row is not None]
            if pairs:
                index = VectorIndex.open(before.path / name)
                vectors = index.vectors(np.array([row for _, row in pairs], np.int64))
                known.update((key, vector) for (key, _), vector in zip(pairs, vectors, strict=True))
    return known


def _write(
    folder: Path,
    segmented: Sequence[_Segmented],
    vectors: _Vectors,
    languages: Sequence[str],
    tell: OnProgress,
) -> tuple[VectorLayout, VectorLayout]:
    steps = 4
    tell(BuildProgress("writing", 0, steps))
    write_texts(folder / layout.TEXTS, ((item.article, item.records) for item in segmented))
    tell(BuildProgress("writing", 1, steps))
    passages = VectorIndex.write(folder / layout.PASSAGE_VECTORS, vectors.passages)
    sentences = VectorIndex.write(folder / layout.SENTENCE_VECTORS, vectors.sentences)
    tell(BuildProgress("writing", 2, steps))
    terms = TermWriter()
    write_lexical_index(folder / layout.LEXICAL, _terms_of_passages(segmented, languages, terms))
    tell(BuildProgress("writing", 3, steps))
    (folder / layout.TERMS).mkdir()
    terms.write(folder / layout.TERMS)
    texts = (record.passage.span.of(item.article.text) for item in segmented for record in item.records)
    write_words(folder / layout.WORDS, count_words(texts))
    tell(BuildProgress("writing", steps, steps))
    return passages, sentences


def _terms_of_passages(
    segmented: Iterable[_Segmented], languages: Sequence[str], writer: TermWriter
) -> Iterable[tuple[Sequence[str], Sequence[str]]]:
    """Yield the stems and grams of each passage, giving them to `writer` by sentence on the way."""
    for item in segmented:
        analyse = analyzer(item.article.language).terms
        for record in item.records:
            passage = record.passage
            context = analyse(" . ".join((item.article.title, *passage.headings)))
            sentences = [analyse(span.of(item.article.text)) for span in passage.sentences]
            writer.add(sentences, context, languages.index(item.article.language))
            yield _joined("stems", context, sentences), _joined("grams", context, sentences)


def _joined(field: Literal["stems", "grams"], context: Terms, sentences: Sequence[Terms]) -> Sequence[str]:
    terms: list[str] = []
    for part in (context, *sentences):
        terms += getattr(part, field)
    return terms


def _fingerprints(before: OpenGeneration | None) -> dict[str, str]:
    if before is None:
        return {}
    with Texts.open(before.path / layout.TEXTS) as texts:
        return texts.fingerprints()


def _report(
    name: str,
    manifest: Manifest,
    collection: Collection,
    old: dict[str, str],
    reused: int,
    began: float,
    *,
    switched: bool,
) -> BuildReport:
    new = {article.article_id: article_fingerprint(article) for article in collection.articles}
    return BuildReport(
        generation=name,
        switched=switched,
        articles=manifest.articles,
        passages=manifest.passages,
        sentences=manifest.sentences,
        articles_added=len(new.keys() - old.keys()),
        articles_changed=sum(old[article_id] != new[article_id] for article_id in new.keys() & old.keys()),
        articles_removed=len(old.keys() - new.keys()),
        passages_reused=reused,
        skipped=collection.skipped,
        notices=collection.notices,
        elapsed_seconds=time.perf_counter() - began,
    )
