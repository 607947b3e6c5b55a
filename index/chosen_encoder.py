"""The encoder that is set: known at once by its files, loaded only when there is something to do.

Answering uses what was exported into the generation; PyTorch is loaded to export, or for want of it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from index.encoder_identity import (
    DEFAULT_ENCODER,
    Prompts,
    default_dimensions,
    folder_of_model,
    name_of_model,
    own_prompts,
    weights_sha256,
)
from index.encoding import BuildEncoder, TextEncoder
from index.errors import DamagedGenerationError
from index.exported_encoder import ExportedEncoder
from index.exported_files import is_exported, take_over
from index.manifest import ModelIdentity

if TYPE_CHECKING:
    from index.encoder import Encoder

_SETTING: Final = "FOOTNOTE_ENCODER"


class ChosenEncoder:
    """An encoder by its setting. Safe to share between threads."""

    def __init__(
        self,
        model: str = DEFAULT_ENCODER,
        *,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
    ) -> None:
        """Name the encoder, as `Encoder.load` does; nothing is read yet."""
        self._model = model
        self._query_prompt = query_prompt
        self._passage_prompt = passage_prompt
        self._dimensions = default_dimensions(model)
        self._lock = threading.Lock()
        self._loaded: Encoder | None = None
        self._opened: tuple[Path, ExportedEncoder] | None = None

    @property
    def identity(self) -> ModelIdentity:
        """What tells this encoder's vectors from another's.

        Raises:
            ModelError: The model is missing; or it is unknown how long its vectors are, and it does
                not load to tell.
        """
        if self._dimensions is None:
            self._dimensions = self.load().identity.dimensions
        return self._identity(self._dimensions)

    def matches(self, identity: ModelIdentity) -> bool:
        """Return whether this is the encoder of that identity; its files are read and no more.

        Raises:
            ModelError: The model is missing.
        """
        if identity.weights_sha256 == self._weights_sha256:
            # Weights alone decide how long the vectors are.
            self._dimensions = identity.dimensions
        return self._identity(identity.dimensions) == identity

    def for_building(
        self, folder: Path, before: Path | None, on_export: Callable[[int, int], None]
    ) -> BuildEncoder:
        """Put the exported encoder into a new generation, and return what encodes its texts.

        Args:
            folder: Made here, unless the encoder cannot be exported.
            before: The same folder of a generation with the same weights, None without one.
            on_export: Told how much of the export is done, where there is nothing to take over that opens.

        Raises:
            ModelError: The model is missing, is not what it should be, or does not load.
            OSError: The folder cannot be written to.
        """
        if before is not None and is_exported(before):
            take_over(before, folder)
            try:
                return BuildEncoder(ExportedEncoder.open(folder, self.identity, for_many=True))
            except DamagedGenerationError:
                # It was damaged before its hashes were taken, or another onnxruntime wrote it.
                shutil.rmtree(folder)
        on_export(0, 1)
        loaded = self.load()
        from index.encoder_export import ExportError, export_encoder

        try:
            export_encoder(loaded, folder)
        except ExportError as error:
            shutil.rmtree(folder)
            on_export(1, 1)
            return BuildEncoder(loaded, f"is run by PyTorch, which takes seconds to load: {error}")
        on_export(1, 1)
        return BuildEncoder(ExportedEncoder.open(folder, self.identity, for_many=True))

    def for_answering(self, folder: Path) -> TextEncoder:
        """Return the encoder that a generation has in this folder; where it has none, PyTorch's.

        Raises:
            DamagedGenerationError: The folder's files cannot be read.
            ModelError: The model is missing, is not what it should be, or does not load.
        """
        if not is_exported(folder):
            return self.load()
        identity = self.identity
        with self._lock:
            # A build opens it to see that it can be, and after it whoever answers.
            if self._opened is None or self._opened[0] != folder:
                self._opened = folder, ExportedEncoder.open(folder, identity)
            return self._opened[1]

    def encode_plainly(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what the library's own `encode` makes of texts, as `Encoder.encode_plainly` does."""
        return self.load().encode_plainly(texts)

    def load(self) -> Encoder:
        """Return PyTorch's, loaded the first time.

        Raises:
            ModelError: The model is missing, is not what it should be, or does not load.
        """
        with self._lock:
            if self._loaded is None:
                from index.encoder import Encoder

                self._loaded = Encoder.load(
                    self._model, query_prompt=self._query_prompt, passage_prompt=self._passage_prompt
                )
            return self._loaded

    def _identity(self, dimensions: int) -> ModelIdentity:
        own = self._own_prompts
        return ModelIdentity(
            name=name_of_model(self._model, self._folder),
            weights_sha256=self._weights_sha256,
            dimensions=dimensions,
            query_prompt=own.query if self._query_prompt is None else self._query_prompt,
            passage_prompt=own.passage if self._passage_prompt is None else self._passage_prompt,
        )

    @cached_property
    def _folder(self) -> Path:
        return folder_of_model(self._model, _SETTING)

    @cached_property
    def _weights_sha256(self) -> str:
        return weights_sha256(self._model, self._folder)

    @cached_property
    def _own_prompts(self) -> Prompts:
        return own_prompts(self._folder)
