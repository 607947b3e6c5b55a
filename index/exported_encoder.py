"""Texts to vectors, by an encoder that was exported at build, without PyTorch and its seconds of loading."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from index.encoding import EncoderInParts
from index.errors import ModelError
from index.exported_files import GRAPH, READING, TOKENIZER, Reading, damaged_export
from index.manifest import ModelIdentity
from index.model_files import read_tokenizer
from index.onnx_sessions import THREADS, OnnxSession, SessionError

if TYPE_CHECKING:
    from tokenizers import Tokenizer


class ExportedEncoder(EncoderInParts):
    """An encoder run by onnxruntime. Safe to share between threads."""

    def __init__(
        self,
        session: OnnxSession,
        tokenizer: Tokenizer,
        reading: Reading,
        identity: ModelIdentity,
        *,
        batches_at_once: int = 1,
    ) -> None:
        """Take the loaded parts; `ExportedEncoder.open` is the way in."""
        super().__init__(
            identity, tokenizer, reading.unknown_token, reading.longest, batches_at_once=batches_at_once
        )
        self._session = session
        self._reading = reading

    @classmethod
    def open(cls, folder: Path, identity: ModelIdentity, *, for_many: bool = False) -> Self:
        """Open what `export_encoder` wrote.

        Args:
            folder: Where it lies.
            identity: Whose weights it has, and the prompts to put before texts.
            for_many: Whether many texts are to be encoded at once: then each core works on a batch of its
                own, a third faster than all of them on the same batch, and slower for one text.

        Raises:
            DamagedGenerationError: Its files cannot be read.
        """
        try:
            reading = Reading.from_json((folder / READING).read_text(encoding="utf-8"))
            tokenizer = read_tokenizer(folder / TOKENIZER)
            # Rounded, a question's matrices are too small to be worth dividing.
            threads = 1 if for_many or reading.quantised else THREADS
            session = OnnxSession(folder / GRAPH, threads=threads)
        except (OSError, ValueError, SessionError) as error:
            raise damaged_export(folder, error) from error
        return cls(session, tokenizer, reading, identity, batches_at_once=_cores() if for_many else 1)

    def _forward(self, texts: list[str]) -> NDArray[np.float32]:
        if not self._reading.quantised:
            return self._run(texts)
        # Each by itself: rounding takes its scale from all that is in a batch, and the vector of a
        # text must not hang on its neighbours.
        return np.concatenate([self._run([text]) for text in texts])

    def _run(self, texts: list[str]) -> NDArray[np.float32]:
        reading = self._reading
        # A batch is handed to threads, which for one text takes longer than the text.
        encodings = [self.tokenizer.encode(text) for text in texts]
        longest = reading.longest
        if longest is not None and any(len(encoding.ids) > longest for encoding in encodings):
            encodings = self._truncating(longest).encode_batch(texts)
        columns = {
            "input_ids": ([encoding.ids for encoding in encodings], reading.padding_token),
            "attention_mask": ([encoding.attention_mask for encoding in encodings], 0),
            "token_type_ids": ([encoding.type_ids for encoding in encodings], reading.padding_type),
        }
        left = reading.padding_side == "left"
        inputs = {name: _padded(*columns[name], left=left) for name in reading.inputs}
        try:
            return self._session.run(inputs)
        except SessionError as error:
            raise ModelError(
                f"The exported encoder {self.identity.name} fails ({error}); remove the index folder, then "
                "run `footnote build`."
            ) from error

    def _truncating(self, longest: int) -> Tokenizer:
        """Return the tokenizer once more, for the rare part that is too long and cannot be divided."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(self.tokenizer.to_str())
        tokenizer.enable_truncation(longest)
        return tokenizer


def _cores() -> int:
    """Return how many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _padded(rows: Sequence[Sequence[int]], value: int, *, left: bool) -> NDArray[np.int64]:
    width = max(map(len, rows))
    matrix = np.full((len(rows), width), value, np.int64)
    for number, row in enumerate(rows):
        matrix[number, width - len(row) if left else 0 : width if left else len(row)] = row
    return matrix
