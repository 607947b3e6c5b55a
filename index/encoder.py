"""Texts to vectors, by PyTorch. Together with `index.encoder_export` the only importer of torch.

It is imported, with sentence_transformers, when a model is loaded, which takes seconds, and not before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from index.encoder_identity import (
    DEFAULT_ENCODER,
    check_default,
    folder_of_model,
    name_of_model,
    prompts_of,
    quiet_hub,
    weights_sha256,
)
from index.encoding import EncoderInParts
from index.errors import ModelError
from index.manifest import ModelIdentity

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer
    from tokenizers import Tokenizer

__all__ = ["DEFAULT_ENCODER", "Encoder", "load_library_cross_encoder"]

_SETTING: Final = "FOOTNOTE_ENCODER"


class Encoder(EncoderInParts):
    """A sentence-transformers model with its prompts. Safe to share between threads."""

    def __init__(self, model: SentenceTransformer, identity: ModelIdentity) -> None:
        """Take a loaded model; `Encoder.load` is the way in."""
        tokenizer, unknown_token = _tokenizer_of(model)
        super().__init__(identity, tokenizer, unknown_token, model.max_seq_length)
        self.model = model
        """The library's model."""

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
        folder = folder_of_model(model, _SETTING)
        if model == DEFAULT_ENCODER:
            check_default(folder)
        with _quiet(), _load_errors(model, _SETTING):
            from sentence_transformers import SentenceTransformer

            loaded = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        # Weights are loaded as they are kept: NumPy has no bfloat16, and lengths go beyond float16.
        loaded.eval().float()
        dimensions = loaded.get_embedding_dimension()
        assert dimensions is not None
        own = prompts_of(loaded.prompts)
        identity = ModelIdentity(
            name=name_of_model(model, folder),
            weights_sha256=weights_sha256(model, folder),
            dimensions=dimensions,
            query_prompt=own.query if query_prompt is None else query_prompt,
            passage_prompt=own.passage if passage_prompt is None else passage_prompt,
        )
        with _load_errors(model, _SETTING):
            return cls(loaded, identity)

    def encode_plainly(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what the library's own `encode` makes of texts, (n, d) float32: for comparisons.

        It knows no prompts here and reads no further than the model does.
        """
        with _quiet():
            vectors: NDArray[np.float32] = self.model.encode(list(texts), show_progress_bar=False)
        return vectors

    def _forward(self, texts: list[str]) -> NDArray[np.float32]:
        import torch

        # What SentenceTransformer.encode does, without what it adds for each call: for one question
        # of twelve words 6.1 ms instead of 7.1 (medians of 200, in turn).
        with torch.inference_mode():
            features = self.model.preprocess(texts)
            vectors: NDArray[np.float32] = self.model(features)["sentence_embedding"].numpy()
        return vectors


def load_library_cross_encoder(name: str) -> CrossEncoder:
    """Return sentence-transformers' CrossEncoder of a folder or a hub name.

    Raises:
        ModelError: The model is missing or does not load.
    """
    folder = folder_of_model(name, "FOOTNOTE_CROSS_ENCODER")
    with _quiet(), _load_errors(name, "FOOTNOTE_CROSS_ENCODER"):
        from sentence_transformers import CrossEncoder

        loaded: CrossEncoder = CrossEncoder(str(folder), device="cpu", local_files_only=True)
        return loaded


def _tokenizer_of(model: SentenceTransformer) -> tuple[Tokenizer, int | None]:
    """Return a copy of a model's tokenizer, and the id of its token for unknown words."""
    from tokenizers import Tokenizer

    own: Any = model.tokenizer
    # Models that are mere tables of vectors bring the bare tokenizer.
    backend = own if isinstance(own, Tokenizer) else getattr(own, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ValueError(f"its tokenizer is a {type(own).__name__}; expected one with a tokenizer.json")
    described = backend.to_str()
    tokenizer = Tokenizer.from_str(described)
    if backend is own:
        name = json.loads(described)["model"].get("unk_token")
        return tokenizer, None if name is None else tokenizer.token_to_id(name)
    unknown: int | None = own.unk_token_id
    return tokenizer, unknown


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
    from transformers.utils import logging as transformers_logging

    with quiet_hub("transformers", "sentence_transformers"):
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        yield
