"""What every encoder does alike: all of each text, in parts that the model can read, in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from index.manifest import ModelIdentity
from index.understanding import familiarity

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_BATCH_BYTES: Final = 4096
"""UTF-8 bytes of a batch, padding counted like text: about 1,000 tokens, whose numbers stay in the
processor's caches. On two cores 4,900 tokens a second; with twice as many 4,000, with half 4,500."""

_WORDS_KEPT: Final = 8192
"""Words whose tokens are remembered: about 2 MB."""


class TextEncoder(Protocol):
    """Turns texts into vectors. Safe to share between threads."""

    @property
    def identity(self) -> ModelIdentity:
        """What tells this encoder's vectors from another's."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of questions, (n, d) float32, rows of unit length, in their order."""
        ...

    def encode_passages(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return the vectors of passages or sentences, (n, d) float32, rows of unit length, in order.

        A text longer than the model reads is divided into parts of like length; its vector is the
        direction of the mean of theirs, each weighted by its tokens.

        Args:
            texts: Any Unicode.
            on_batch: Told after each batch about how many of the texts are done.
        """
        ...

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the tokenizer knows; see `index.understanding`."""
        ...


@dataclass(frozen=True, slots=True)
class BuildEncoder:
    """What encodes a new generation's texts."""

    encoder: TextEncoder
    notice: str | None = None
    """What is to be said about the encoder, to follow its name."""


class EncoderSource(Protocol):
    """Where a build and a retriever get their encoder from."""

    @property
    def identity(self) -> ModelIdentity:
        """What tells the encoder's vectors from another's."""
        ...

    def matches(self, identity: ModelIdentity) -> bool:
        """Return whether the encoder is the one of that identity."""
        ...

    def for_building(
        self, folder: Path, before: Path | None, on_export: Callable[[int, int], None]
    ) -> BuildEncoder:
        """Keep in a new generation's folder, not yet made, what answering from it needs.

        Args:
            folder: Inside the new generation.
            before: The same folder of a generation with the same weights, None without one.
            on_export: Told how many of how many steps are done, where they take long.
        """
        ...

    def for_answering(self, folder: Path) -> TextEncoder:
        """Return the encoder for the generation that has this folder."""
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    """What the model reads at once of a text."""

    owner: int
    """The number of the text."""
    text: str
    tokens: int
    """How much it weighs in the text's vector."""
    size: int
    """In UTF-8 bytes."""


class EncoderInParts(ABC):
    """Encodes texts by parts and batches; how a model reads a batch is left to what derives from it."""

    def __init__(
        self,
        identity: ModelIdentity,
        tokenizer: Tokenizer,
        unknown_token: int | None,
        longest: float | None,
        *,
        batches_at_once: int = 1,
    ) -> None:
        """Take what decides how a text is divided.

        Args:
            identity: What tells this encoder's vectors from another's.
            tokenizer: One of its own, which neither cuts nor pads from now on.
            unknown_token: The id of the token that stands for unknown words, None without one.
            longest: How many tokens the model reads, None for any number.
            batches_at_once: How many batches the model is given at the same time, by as many threads.
        """
        self.identity = identity
        """What tells this encoder's vectors from another's."""
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        """Neither cuts nor pads."""
        self.unknown_token = unknown_token
        """The id of the token that stands for unknown words, None without one."""
        self.longest = longest
        """How many tokens the model reads, None for any number."""
        self._batches_at_once = batches_at_once
        # Questions share most of their words.
        self._tokens_of = lru_cache(_WORDS_KEPT)(self._tokens_of_word)

    def matches(self, identity: ModelIdentity) -> bool:
        """Return whether this encoder is the one of that identity."""
        return identity == self.identity

    def for_building(
        self, folder: Path, before: Path | None, on_export: Callable[[int, int], None]
    ) -> BuildEncoder:
        """Return this encoder: one that is loaded already keeps nothing in a generation."""
        return BuildEncoder(self)

    def for_answering(self, folder: Path) -> TextEncoder:
        """Return this encoder."""
        return self

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode questions, as the protocol says.

        Raises:
            ModelError: The model gives numbers that are not finite.
        """
        return self._encoded(texts, self.identity.query_prompt, None)

    def encode_passages(
        self, texts: Sequence[str], *, on_batch: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Encode passages or sentences, as the protocol says.

        Raises:
            ModelError: The model gives numbers that are not finite.
        """
        return self._encoded(texts, self.identity.passage_prompt, on_batch)

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the tokenizer knows, as the protocol says."""
        return familiarity(words, [self._tokens_of(word) for word in words], self.unknown_token)

    def _tokens_of_word(self, word: str) -> list[int]:
        # A space before it, so that tokenizers which mark the beginnings of words see one.
        tokens: list[int] = self.tokenizer.encode(f" {word}", add_special_tokens=False).ids
        return tokens

    @abstractmethod
    def _forward(self, texts: list[str]) -> NDArray[np.float32]:
        """Return what the model makes of one batch, (n, d) float32 of any length."""

    def _encoded(
        self, texts: Sequence[str], prompt: str, on_batch: Callable[[int], None] | None
    ) -> NDArray[np.float32]:
        sums = np.zeros((len(texts), self.identity.dimensions), np.float32)
        parts = [
            _Part(owner, part, tokens, len(part.encode()))
            for owner, text in enumerate(texts)
            for part, tokens in self._parts(text.encode("utf-8", "replace").decode("utf-8"), prompt)
        ]
        # Longest first: what memory there must be shows at once, and batches hold texts of like length.
        parts.sort(key=lambda part: -part.size)
        batches = list(_batches(parts))
        done = 0
        for batch, found in zip(batches, self._forwarded(batches, prompt), strict=True):
            self._expect_finite(found)
            weights = np.array([part.tokens for part in batch], np.float32)
            np.add.at(sums, [part.owner for part in batch], unit_rows(found) * weights[:, None])
            done += len(batch)
            if on_batch is not None:
                on_batch(min(len(texts), done * len(texts) // len(parts)))
        return unit_rows(sums)

    def _expect_finite(self, found: NDArray[np.float32]) -> None:
        finite = np.isfinite(found)
        if not finite.all():
            raise ModelError(
                f"The model {self.identity.name!r} gives {found[~finite][0]} in a text's vector; expected "
                "finite numbers; set another model in FOOTNOTE_ENCODER, then run `footnote build`."
            )

    def _forwarded(self, batches: Sequence[Sequence[_Part]], prompt: str) -> Iterator[NDArray[np.float32]]:
        """Yield what the model makes of each batch, in order, as many at once as it is made for."""

        def forward(batch: Sequence[_Part]) -> NDArray[np.float32]:
            return self._forward([prompt + part.text for part in batch])

        if self._batches_at_once == 1 or len(batches) == 1:
            yield from map(forward, batches)
            return
        with ThreadPoolExecutor(max_workers=self._batches_at_once) as workers:
            try:
                yield from workers.map(forward, batches)
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise

    def _token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where in the text each token lies, special tokens left out."""
        return self.tokenizer.encode(text, add_special_tokens=False).offsets

    def _parts(self, text: str, prompt: str) -> Iterator[tuple[str, int]]:
        """Yield the parts of a text that the model can read whole, and how many tokens each has."""
        # A token is a byte at least: short texts need no count.
        if self.longest is None or len((prompt + text).encode()) + 2 <= self.longest:
            yield text, max(1, len(text))
            return
        spans = self._token_spans(text)
        room = max(1, int(self.longest) - len(self.tokenizer.encode(prompt).ids))
        count = -(-len(spans) // room) if spans else 1
        while True:
            bounds = [len(spans) * number // count for number in range(count + 1)]
            cuts = [0, *(_word_start(text, spans[bound][0]) for bound in bounds[1:-1]), len(text)]
            pieces = [text[start:end] for start, end in pairwise(cuts) if start < end]
            lengths = [len(self._token_spans(piece)) for piece in pieces]
            # Moved to the start of a word, a part can be a little too long.
            if max(lengths) <= room or count >= len(spans):
                yield from zip(pieces, (max(1, length) for length in lengths), strict=True)
                return
            count += 1


def _batches(parts: Sequence[_Part]) -> Iterator[Sequence[_Part]]:
    """Yield runs of parts, which come longest first, each as large as `_BATCH_BYTES` allows."""
    start = 0
    while start < len(parts):
        count = max(1, _BATCH_BYTES // max(1, parts[start].size))
        yield parts[start : start + count]
        start += count


def sixteen_bits(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors with their numbers rounded to those of float16, (n, d) float32 in order of rows."""
    return vectors.astype(np.float16, order="C").astype(np.float32)


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows at unit length, (n, d) float32; a row of zeros stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _word_start(text: str, position: int) -> int:
    """Return the start of the word that `position` is in, or `position` where it is a long way back."""
    start = text.rfind(" ", max(0, position - 40), position)
    return start + 1 if start >= 0 else position
