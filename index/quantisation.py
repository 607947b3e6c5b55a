"""A model in ONNX with weights of eight bits: a quarter of the memory and half of the time, or less.

The one other importer of onnxruntime beside `index.onnx_sessions`; its quantiser is loaded only where
an index is built.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from index.joined_attention import join_attention
from index.onnx_sessions import TELEMETRY_OFF, SessionError, write_optimised

_PREPARED: Final = ("onnx.quant.pre_process", "onnxruntime.quant")
"""What the quantiser looks for before it warns on the root logger that a model was not prepared.
Preparing folds constants and infers shapes: the exporter did the first, the quantiser does the second."""


def quantise(model: Any, path: Path, *, with_joined_attention: bool = True) -> None:
    """Write a model with its matrices as int8; what it computes with them is rounded as it comes.

    It is kept as onnxruntime rewrites it, where that can be written, so that it opens faster.

    Every column of a matrix has a scale of its own. The weights keep to seven bits: with eight, the
    sums of a processor without VNNI overflow, and the same model gives other vectors there.

    Args:
        model: An `onnx.ModelProto`, which is changed.
        path: Where the quantised one is written, weights included.
        with_joined_attention: Whether each attention that can be becomes one node, as
            `index.joined_attention` says; then the model is for texts without padding.
    """
    os.environ[TELEMETRY_OFF] = "1"
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    prepared = model.metadata_props.add()
    prepared.key, prepared.value = _PREPARED
    quantize_dynamic(model, path, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    if with_joined_attention:
        quantised = onnx.load(path)
        if join_attention(quantised):
            onnx.save(quantised, path)
    optimised = path.with_name(f"optimised-{path.name}")
    try:
        write_optimised(path, optimised)
        optimised.replace(path)
    except SessionError:
        optimised.unlink(missing_ok=True)
