"""An encoder for benchmarks of scale: real vectors for real texts, likely ones for generated texts.

Encoding a million passages takes hours on two cores, and what is measured at that size is everything
else. A generated text gets a mixture of the vectors of two real texts that stand near each other in an
article, and noise with the covariance of real vectors; which texts, how much of each and what noise is
decided by the hash of the text, so that the same text always gets the same vector. Long texts are mixed
from passages, short ones from sentences.

With `NOISE`, as many mixtures as there are real sentences lie as those do: cosine to the nearest .67
(real .67), to the tenth nearest .45 (.47), to the hundredth .34 (.33), half of all below .11 (.09),
effective dimensions 73 to 77 (84).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from index.encoding import BuildEncoder, EncoderSource, TextEncoder, unit_rows
from index.manifest import ModelIdentity
from index.segment import segment
from index.types import Article

NOISE: Final = 0.45
"""Chosen of .4, .6, .8 and 1."""

_NEAR: Final = 30
"""How many texts further the second one may stand."""
_LONG: Final = 400
"""Characters from which on a text is taken for a passage."""
_AT_ONCE: Final = 4096


@dataclass(frozen=True, slots=True)
class RealTexts:
    """Passages and sentences of real articles with their vectors, rows in the order of the texts."""

    passages: tuple[str, ...]
    passage_vectors: NDArray[np.float32]
    sentences: tuple[str, ...]
    sentence_vectors: NDArray[np.float32]

    @classmethod
    def encode(cls, articles: Iterable[Article], encoder: TextEncoder) -> RealTexts:
        """Cut and encode articles, some hundred passages at least; each text once."""
        passages: dict[str, None] = {}
        sentences: dict[str, None] = {}
        for article in articles:
            for passage in segment(article):
                passages[passage.span.of(article.text)] = None
                sentences.update(dict.fromkeys(span.of(article.text) for span in passage.sentences))
        return cls(
            tuple(passages),
            encoder.encode_passages(list(passages)),
            tuple(sentences),
            encoder.encode_passages(list(sentences)),
        )


class ScaleSource:
    """Where a build gets an encoder for generated texts; answering takes the source that is behind it."""

    def __init__(self, source: EncoderSource, real: RealTexts, *others: RealTexts) -> None:
        """Take the source of the real encoder, and what that made of real texts; see `ScaleEncoder`."""
        self._source = source
        self._real = (real, *others)

    @property
    def identity(self) -> ModelIdentity:
        """The real encoder's."""
        return self._source.identity

    def matches(self, identity: ModelIdentity) -> bool:
        """Return whether the real encoder is the one of that identity."""
        return self._source.matches(identity)

    def for_building(
        self, folder: Path, before: Path | None, on_export: Callable[[int, int], None]
    ) -> BuildEncoder:
        """Keep the real encoder in the generation, and give the one for generated texts."""
        prepared = self._source.for_building(folder, before, on_export)
        return BuildEncoder(ScaleEncoder(prepared.encoder, *self._real), prepared.notice)

    def for_answering(self, folder: Path) -> TextEncoder:
        """Return the real encoder."""
        return self._source.for_answering(folder)


class ScaleEncoder:
    """Encodes questions and real texts as a real encoder does, and makes up the rest."""

    def __init__(self, encoder: TextEncoder, real: RealTexts, *others: RealTexts) -> None:
        """Take the real encoder, and what it made of real texts.

        Args:
            encoder: Of questions.
            real: Texts that keep their own vectors, from which those of generated ones are mixed.
            others: More texts that keep their own.
        """
        self._encoder = encoder
        self.identity = encoder.identity
        """The real encoder's."""
        self._passages = _Mixer(real.passage_vectors)
        self._sentences = _Mixer(real.sentence_vectors)
        self._real: dict[str, NDArray[np.float32]] = {}
        for each in (real, *others):
            self._real |= zip(each.passages, each.passage_vectors, strict=True)
            self._real |= zip(each.sentences, each.sentence_vectors, strict=True)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode questions, really."""
        return self._encoder.encode_questions(texts)

    def encode_passages(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return the vectors of texts, (n, d) float32, rows of unit length, in order."""
        vectors = np.empty((len(texts), self.identity.dimensions), np.float32)
        for start in range(0, len(texts), _AT_ONCE):
            numbers = range(start, min(len(texts), start + _AT_ONCE))
            for mixer, is_long in ((self._passages, True), (self._sentences, False)):
                chosen = [number for number in numbers if (len(texts[number]) >= _LONG) == is_long]
                vectors[chosen] = mixer.mixed([texts[number] for number in chosen])
            for number in numbers:
                own = self._real.get(texts[number])
                if own is not None:
                    vectors[number] = own
            if on_batch is not None:
                on_batch(numbers.stop)
        return vectors

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the real tokenizer knows."""
        return self._encoder.familiarity(words)


class _Mixer:
    """Makes vectors that are distributed as those it was given."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._vectors = vectors
        values, directions = np.linalg.eigh(np.cov(vectors.T))
        self._spread = (directions * np.sqrt(np.maximum(values, 0))).T.astype(np.float32)

    def mixed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        count, dimensions = len(texts), self._vectors.shape[1]
        noise = np.empty((count, dimensions), np.float32)
        first = np.empty(count, np.int64)
        steps = np.empty(count, np.int64)
        shares = np.empty((count, 1), np.float32)
        for row, text in enumerate(texts):
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")
            random = np.random.Generator(np.random.Philox(key=seed))
            first[row] = random.integers(len(self._vectors))
            steps[row] = random.integers(-_NEAR, _NEAR + 1)
            shares[row] = random.uniform(0.3, 1.0)
            random.standard_normal(out=noise[row], dtype=np.float32)
        second = np.clip(first + steps, 0, len(self._vectors) - 1)
        mixture = shares * self._vectors[first] + (1 - shares) * self._vectors[second]
        return unit_rows(mixture + NOISE * (noise @ self._spread))
