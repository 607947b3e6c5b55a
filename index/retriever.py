"""A question to an Answer: clean, encode once, find, weigh, look twice where it pays, decide.

While a question is encoded, which is half of a first look and leaves a core to others with the encoder that
comes along, what its words find is counted on another thread.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from index import layout
from index.analysis import words
from index.candidates import BegunSearch, CandidateFinder
from index.cleaning import clean_question, is_searchable
from index.cross_encoder import CrossEncoder
from index.duplicates import shingles, without_duplicates
from index.encoding import EncoderSource, TextEncoder
from index.errors import OtherFormatError
from index.evidence import Evidence
from index.generation import IndexFolder, OpenGeneration, Verification
from index.generation_parts import open_parts, opening
from index.known_words import KnownWords
from index.pending_question import PendingQuestion
from index.ranking import Weights, default_weights, first_look, probability, sentence_scores
from index.second_look import Candidate, Depth, SecondLook
from index.spelling import Spelling
from index.texts import StoredPassage, Texts
from index.transliteration import Transliteration
from index.types import Answer, RankedPassage
from index.understanding import understanding

PASSAGES_SHOWN: Final = 10
"""How many passages an answer holds unless fewer or more are asked for."""

SECOND_LOOK_MS: Final = 150.0
"""How long the cross-encoder may read unless told otherwise."""

_KNOWN_TO_CROSS_ENCODER: Final = 0.5
"""The understanding of a language from which on the cross-encoder's word is taken."""

_LEAST_KNOWN_WORDS: Final = 0.5
"""The share of a question's words that the encoder must know for the others to be mended."""

_SHINGLES_KEPT: Final = 256
"""Passages whose shingles stay in memory, at most 3 MB: many questions lead to the same ones."""

_SAMPLE_PASSAGES: Final = 20
"""Passages of a language by which it is told how far a model knows it."""


class Retriever:
    """Answers questions from one generation. Safe to share between threads."""

    def __init__(
        self,
        generation: OpenGeneration,
        texts: Texts,
        encoder: TextEncoder,
        finder: CandidateFinder,
        spelling: Spelling,
        transliteration: Transliteration,
        second_look: SecondLook | None,
        weights: Weights,
    ) -> None:
        """Take the open parts; `Retriever.open` is the way in."""
        self.generation = generation
        self.texts = texts
        self._encoder = encoder
        self._finder = finder
        self._spelling = spelling
        self._transliteration = transliteration
        self._second_look = second_look
        self._weights = weights
        self._beside = ThreadPoolExecutor(thread_name_prefix="words")
        self._is_closed = False
        self._shingles = lru_cache(_SHINGLES_KEPT)(lambda row: shingles(finder.terms.stems(row)))

    @classmethod
    def open(
        cls,
        index_folder: IndexFolder,
        encoder: EncoderSource,
        cross_encoder: CrossEncoder | None,
        *,
        answering_threshold: float | None = None,
        second_look_ms: float | None = None,
        second_look_depth: Depth | None = None,
        weights: Weights | None = None,
        verification: Verification = Verification.SPOTS,
    ) -> Self:
        """Open the generation in use.

        Args:
            index_folder: Where it lies.
            encoder: The one that made its vectors.
            cross_encoder: For the second look; None for the first look alone.
            answering_threshold: The probability from which on a question counts as answered;
                None for the fitted one.
            second_look_ms: `SECOND_LOOK_MS` where None.
            second_look_depth: `Depth()` where None.
            weights: Those that Footnote ships with where None.
            verification: How closely the generation's files are compared with its manifest.

        Raises:
            NoGenerationError: Nothing was built yet.
            DamagedGenerationError: Its files are not what they should be.
            ModelError: The encoder, or a cross-encoder that is being loaded, does not load.
            OtherFormatError: Another version of the program or another encoder made it.
            VectorStoreError: The engine that keeps its vectors does not answer, or does not have them.
        """
        generation = index_folder.current(verification)
        manifest = generation.manifest
        if not encoder.matches(manifest.encoder):
            raise OtherFormatError(
                f"Generation {generation.name} was made by the encoder {manifest.encoder.name!r} and the "
                f"one set is {encoder.identity.name!r}, or their weights or prompts differ; run "
                "`footnote build`, or set the encoder of before."
            )
        chosen = default_weights() if weights is None else weights
        if answering_threshold is not None:
            chosen = replace(chosen, answering_threshold=answering_threshold)
        # onnxruntime leaves the interpreter to others while it opens the encoder; meanwhile FAISS is imported
        # for the vectors.
        with ExitStack() as closing:
            with ThreadPoolExecutor(max_workers=1) as beside:
                encoder_opening = beside.submit(encoder.for_answering, generation.path / layout.ENCODER)
                parts = open_parts(generation, index_folder.store)
                stored, terms, texts = parts.stored, parts.terms, parts.texts
                closing.callback(texts.close)
                answering_encoder = encoder_opening.result()
            samples = {
                language: _sample(texts, terms.rows_of_language(number, _SAMPLE_PASSAGES))
                for number, language in enumerate(manifest.languages)
            }
            finder = CandidateFinder(
                stored.passages,
                stored.sentences,
                stored.words,
                terms,
                manifest.languages,
                _understood(samples, answering_encoder.familiarity),
            )
            look = None
            if cross_encoder is not None:
                known = _understood(samples, cross_encoder.familiarity)
                look = SecondLook(
                    cross_encoder,
                    chosen,
                    frozenset(
                        language
                        for language, share in zip(manifest.languages, known, strict=True)
                        if share >= _KNOWN_TO_CROSS_ENCODER
                    ),
                    SECOND_LOOK_MS if second_look_ms is None else second_look_ms,
                    second_look_depth or Depth(),
                )
            known_words = KnownWords(terms, answering_encoder, manifest.languages)
            with opening("words", generation):
                spelling = Spelling.open(generation.path / layout.WORDS, known_words.as_typed)
            closing.pop_all()
            return cls(
                generation,
                texts,
                answering_encoder,
                finder,
                spelling,
                Transliteration(known_words.as_typed, known_words.as_name),
                look,
                chosen,
            )

    def close(self) -> None:
        """Let go of the files once no words are looked for; asking from then on raises ValueError."""
        self._is_closed = True
        self._beside.shutdown()
        self.texts.close()

    def __enter__(self) -> Self:
        """Return this retriever, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def understood(self, question: str) -> str:
        """Return a question cleaned, its typing errors mended, names as the articles write them."""
        clean = self._transliteration.applied(clean_question(question))
        # In a language that the encoder does not know, every word would look like an error.
        is_known = self._encoder.familiarity(words(clean)) >= _LEAST_KNOWN_WORDS
        return self._spelling.corrected(clean) if is_known else clean

    def encode(self, understood: str) -> NDArray[np.float32]:
        """Return the vector of what `understood` returned, (1, d) float32, of unit length."""
        return self._encoder.encode_questions([understood])

    def begin(self, understood: str) -> BegunSearch:
        """Encode what `understood` returned, and begin to look for what is near."""
        return self.begin_from(self.encode(understood))

    def begin_from(self, vector: NDArray[np.float32]) -> BegunSearch:
        """Begin to look for what is near a vector, as `encode` returns it."""
        return self._finder.begin(vector)

    def ask(
        self, question: str | PendingQuestion, *, top_k: int = PASSAGES_SHOWN, second_look: bool = True
    ) -> Answer:
        """Return the best passages for a question, and whether they are good enough to show as answer.

        Any text is a question; one without a letter or digit gets an empty answer.

        Args:
            question: As it was typed, or as this retriever understands it, while it is encoded elsewhere.
            top_k: Passages wanted, at least 1.
            second_look: Whether the cross-encoder may be asked where there is one.

        Raises:
            ValueError: `top_k` is less than 1, or the retriever is closed.
        """
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}; expected 1 or more")
        self._expect_open()
        if isinstance(question, str):
            began, text = time.perf_counter(), self.understood(question)
        else:
            began, text = question.taken_up, question.text
        candidates: Sequence[Candidate] = ()
        looked_twice = False
        if is_searchable(text):
            pending = None if isinstance(question, str) else question.search
            candidates = self._candidates(self._evidence(text, pending), top_k)
            look = self._second_look
            if second_look and look is not None and look.is_needed(candidates):
                candidates = look.rescored(text, candidates)
                looked_twice = True
        passages = _ranked(candidates[:top_k])
        confidence = passages[0].probability if passages else 0.0
        return Answer(
            question=text,
            answered=bool(passages) and confidence >= self._weights.answering_threshold,
            confidence=confidence,
            passages=passages,
            looked_twice=looked_twice,
            elapsed_ms=(time.perf_counter() - began) * 1000,
            generation=self.generation.name,
        )

    def evidence(self, question: str) -> Evidence:
        """Return what speaks for each candidate: what `ask` decides on, for fitting and explaining.

        Raises:
            ValueError: The retriever is closed.
        """
        self._expect_open()
        return self._evidence(self.understood(question), None)

    def _expect_open(self) -> None:
        if self._is_closed:
            raise ValueError("The retriever is closed.")

    def _evidence(self, text: str, pending: Future[BegunSearch] | None) -> Evidence:
        """Return the evidence for a question, whose search another thread begins unless it is None."""
        finder = self._finder
        if pending is None:
            # Encoding begins at once, and words wait for a thread to wake up. Both are done before vectors
            # are read from the disk: a second thread makes that take longer.
            finding = self._beside.submit(finder.by_words, text)
            begun = self.begin(text)
            by_words = finding.result()
            return finder.weighed(by_words, finder.by_vectors(begun))
        if pending.done():  # Among many questions, whose terms are better counted in one go.
            by_vectors = finder.by_vectors(pending.result())
            return finder.weighed(finder.by_words(text, by_vectors.rows), by_vectors)
        by_words = finder.by_words(text)
        return finder.weighed(by_words, finder.by_vectors(pending.result()))

    def _candidates(self, evidence: Evidence, top_k: int) -> list[Candidate]:
        log_odds = first_look(evidence, self._weights)
        # Rows break ties, so that the same question always gets the same order.
        order = np.lexsort((evidence.rows, -log_odds))
        wanted = max(top_k, PASSAGES_SHOWN)
        # Some will be left out as duplicates; reading texts costs more than weighing.
        best = order[: 2 * wanted]
        places = dict(zip(evidence.rows[best].tolist(), best.tolist(), strict=True))
        different = without_duplicates(
            self._stored(list(places), wanted), lambda passage: self._shingles(passage.row)
        )
        scores = sentence_scores(evidence, self._weights)
        return [
            Candidate(
                stored=passage,
                sentence_scores=scores[evidence.sentences_of(places[passage.row])],
                log_odds=float(log_odds[places[passage.row]]),
            )
            for passage in itertools.islice(different, wanted)
        ]

    def _stored(self, rows: Sequence[int], at_once: int) -> Iterator[StoredPassage]:
        """Yield the passages of these rows in their order, so many read at once as are likely wanted."""
        for start in range(0, len(rows), at_once):
            yield from self.texts.passages(rows[start : start + at_once])


def _ranked(candidates: Sequence[Candidate]) -> tuple[RankedPassage, ...]:
    probabilities = probability(np.array([each.log_odds for each in candidates])).tolist()
    return tuple(
        RankedPassage(
            passage=each.stored.passage,
            source=each.stored.source,
            text=each.stored.text,
            highlight=each.stored.passage.sentences[each.best_sentence],
            probability=of_each,
        )
        for each, of_each in zip(candidates, probabilities, strict=True)
    )


def _sample(texts: Texts, rows: NDArray[np.int64]) -> list[str]:
    return [word for stored in texts.passages(rows.tolist()) for word in words(stored.text)]


def _understood(samples: dict[str, list[str]], familiarity: Callable[[Sequence[str]], float]) -> list[float]:
    return [understanding(familiarity(sample)) for sample in samples.values()]
