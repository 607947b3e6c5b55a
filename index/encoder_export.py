"""An encoder of PyTorch's to files that onnxruntime runs: done once, when an index is built."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from index.encoder import Encoder
from index.errors import DamagedGenerationError, ModelError
from index.exported_encoder import ExportedEncoder
from index.exported_files import GRAPH, READING, TOKENIZER, WEIGHTS, Reading
from index.quantisation import quantise

if TYPE_CHECKING:
    import torch

_INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
_OPSET: Final = 17
"""Of ONNX's operators; the first with layer normalisation as one."""
_MAPPED_FROM_BYTES: Final = 1024
"""Tensors of this size and more lie beside the graph."""

_LEAST_COSINE: Final = 0.9999
_LEAST_COSINE_QUANTISED: Final = 0.98
"""Of vectors with those of the same model unrounded: the default model's have .986 to .997, and no
figure of an answer's quality fell by more than .005 with them (`footnote evaluate`). A model whose
vectors are turned further is kept in float32."""
_LARGEST_QUANTISED_BYTES: Final = 1_500_000_000
"""Of weights: the quantiser holds a model as one message of Protocol Buffers, which ends at 2 GB."""

_SHORT: Final = ("Where does the Rhine rise?", "bread", "Ж 你好 🙂 née", "")
_LONG: Final = " ".join(
    f"Station {number} of the long railway has a garden, café {number}." for number in range(90)
)
_CHECKS: Final = (_SHORT[:1], _SHORT, (_LONG,), (_SHORT[0], _LONG[:300], _LONG[:40]))
"""Batches whose vectors are compared: alone and padded, short and as long as the model reads."""


class ExportError(ModelError):
    """The model cannot be exported; it can still be run by PyTorch."""


def export_encoder(encoder: Encoder, folder: Path) -> None:
    """Make a folder from which `ExportedEncoder.open` gives an encoder of the same vectors, nearly.

    The exported model is compared with PyTorch's, then quantised, compared again, and kept as it was
    where rounding changes too much.

    Args:
        encoder: The model, as it was loaded.
        folder: Made here; when this fails, what is in it is of no use.

    Raises:
        ExportError: The model cannot be exported, or what comes of it gives other vectors.
        OSError: The folder cannot be written to.
    """
    folder.mkdir()
    with _export_errors(encoder):
        features = dict(encoder.model.preprocess([_SHORT[0], _LONG[:100]]))
        inputs = _write_graph(encoder, features, folder)
        (folder / TOKENIZER).write_text(encoder.tokenizer.to_str(), encoding="utf-8")
        tokenizer: Any = encoder.model.tokenizer
        reading = Reading(
            inputs=inputs,
            longest=None if encoder.longest is None else int(encoder.longest),
            padding_token=tokenizer.pad_token_id,
            padding_type=tokenizer.pad_token_type_id,
            padding_side=tokenizer.padding_side,
            unknown_token=encoder.unknown_token,
            quantised=False,
        )
        (folder / READING).write_text(reading.to_json(), encoding="utf-8")
        try:
            expected = [encoder.encode_passages(texts) for texts in _CHECKS]
        except ModelError as error:
            raise _export_error(encoder, error) from error
        least = _least_cosine(encoder, folder, expected)
        if not least >= _LEAST_COSINE:
            raise ExportError(
                f"{encoder.identity.name} cannot be exported: exported, it gives vectors whose cosine with "
                f"its own is {least:.4f}; expected {_LEAST_COSINE}"
            )
        _quantise_where_it_may_be(encoder, reading, folder, expected)


def _quantise_where_it_may_be(
    encoder: Encoder, reading: Reading, folder: Path, expected: Sequence[NDArray[np.float32]]
) -> None:
    """Put a quantised model in the place of the exported one if its vectors are near enough."""
    if (folder / WEIGHTS).stat().st_size > _LARGEST_QUANTISED_BYTES:
        return
    import onnx

    rounded = folder.with_name(f"{folder.name}-quantised")
    rounded.mkdir()
    try:
        shutil.copyfile(folder / TOKENIZER, rounded / TOKENIZER)
        (rounded / READING).write_text(replace(reading, quantised=True).to_json(), encoding="utf-8")
        for is_joined in (True, False):
            try:
                quantise(onnx.load(folder / GRAPH), rounded / GRAPH, with_joined_attention=is_joined)
                if _least_cosine(encoder, rounded, expected) >= _LEAST_COSINE_QUANTISED:
                    break
            except (ExportError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
                continue
        else:
            # What cannot be rounded is run as it is.
            return
        (folder / WEIGHTS).unlink()
        for name in (GRAPH, READING):
            (rounded / name).replace(folder / name)
    finally:
        shutil.rmtree(rounded)


def _write_graph(encoder: Encoder, features: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """Write what the model computes, and return the names of its inputs.

    Args:
        encoder: The model.
        features: What it gets of two texts of unlike length, so that their padding is traced.
        folder: Where to write.
    """
    import onnx
    import torch

    names = [name for name in features if name in _INPUTS]
    others = {name: value for name, value in features.items() if name not in _INPUTS}
    odd = [name for name, value in others.items() if isinstance(value, torch.Tensor)]
    if odd or not names:
        raise ValueError(f"it reads {', '.join(map(repr, odd)) or 'no tokens'}")

    class Whole(torch.nn.Module):
        """All of the model's modules, from tokens to the vector."""

        def __init__(self) -> None:
            super().__init__()
            self.model = encoder.model

        def forward(self, *tokens: torch.Tensor) -> torch.Tensor:
            given = dict(zip(names, tokens, strict=True))
            vectors: torch.Tensor = self.model({**others, **given})["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=1)

    axes = {name: {0: "texts", 1: "tokens"} for name in names}
    # The exporter by tracing is on its way out, but the new one takes five times as long and two
    # packages more; what a trace gets wrong, the comparison of vectors finds.
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Whole().eval(),
            tuple(features[name] for name in names),
            str(folder / GRAPH),
            input_names=names,
            output_names=["vectors"],
            dynamic_axes={**axes, "vectors": {0: "texts"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    graph = onnx.load(folder / GRAPH)
    (folder / GRAPH).unlink()
    onnx.save_model(
        graph,
        folder / GRAPH,
        save_as_external_data=True,
        all_tensors_to_one_file=True,
        location=WEIGHTS,
        size_threshold=_MAPPED_FROM_BYTES,
    )
    # Its library keeps the weights to their owner; they are as public as the files beside them.
    (folder / WEIGHTS).chmod((folder / GRAPH).stat().st_mode)
    # What the model makes no use of, such as the types of tokens, the exporter left out.
    return tuple(each.name for each in graph.graph.input)


def _least_cosine(encoder: Encoder, folder: Path, expected: Sequence[NDArray[np.float32]]) -> float:
    """Return the lowest cosine of what an exported encoder makes of the checks with what is expected."""
    try:
        exported = ExportedEncoder.open(folder, encoder.identity)
        vectors = [exported.encode_passages(texts) for texts in _CHECKS]
    except (DamagedGenerationError, ModelError) as error:
        raise _export_error(encoder, error.__cause__ or error) from error
    # NaN is lower than any threshold.
    cosines = [np.sum(own * found, axis=1) for own, found in zip(expected, vectors, strict=True)]
    return float(np.nan_to_num(np.concatenate(cosines), nan=-1.0).min())


@contextmanager
def _export_errors(encoder: Encoder) -> Iterator[None]:
    try:
        yield
    except (ImportError, ArithmeticError, AssertionError, AttributeError, LookupError) as error:
        raise _export_error(encoder, error) from error
    except (RuntimeError, TypeError, ValueError) as error:
        raise _export_error(encoder, error) from error


def _export_error(encoder: Encoder, error: BaseException) -> ExportError:
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return ExportError(f"{encoder.identity.name} cannot be exported ({reason[:200]})")
