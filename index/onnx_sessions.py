"""Models in ONNX, opened and run. The only importer of onnxruntime beside `index.quantisation`.

From version 1.32 on it reports its use to its makers unless it is told not to before it is imported;
nobody's bot is to talk to anyone but Telegram, so it is told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError

THREADS: Final = 2
"""What one run of a model divides its work among."""
_SLOW_REWRITING: Final = ("SkipLayerNormFusion",)
"""What onnxruntime is not to do to a model: the node that it makes of an addition and a normalisation takes
longer than both, .5 ms instead of .09 for 200 tokens."""
TELEMETRY_OFF: Final = "ORT_DISABLE_TELEMETRY"
"""The environment variable that keeps onnxruntime from reporting, set before it is imported."""


class SessionError(ModelError):
    """A model cannot be opened or run; whoever owns it says what that means."""


class OnnxSession:
    """One model. Safe to share between threads."""

    def __init__(self, model: Path | bytes, *, threads: int = THREADS) -> None:
        """Open a model.

        Args:
            model: Its file, or its content with the weights inside.
            threads: What one run divides its work among.

        Raises:
            SessionError: It is missing, or onnxruntime does not take it.
        """
        options = _onnxruntime().SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that wait by spinning take the core from whoever would use it: on a busy machine a
        # question took 19 ms with them and 9 without, on an idle one 7 either way.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = _opened(model, options)
        except _errors() as error:
            raise SessionError(str(error)) from error
        # Kept for another try with other processors, which there will not be: a third of the memory.
        self._session._model_bytes = None

    def run(self, inputs: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        """Return the model's first output for a batch of inputs, in the shape and dtype that it has.

        Raises:
            SessionError: The inputs are not what the model takes.
        """
        try:
            outputs: list[NDArray[np.float32]] = self._session.run(None, dict(inputs))
        except _errors() as error:
            raise SessionError(str(error)) from error
        return outputs[0]


def write_optimised(model: Path | bytes, optimised: Path) -> None:
    """Write a model as onnxruntime rewrites it each time that it opens it, which then takes a third as long.

    It computes the same, bit by bit. What is only for the processor at hand is left to the opening.

    Args:
        model: As for `OnnxSession`, with its weights in the same file.
        optimised: Where to write; the weights are in that file too.

    Raises:
        SessionError: The model is missing, or onnxruntime does not take it or cannot write.
    """
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(optimised)
    try:
        _opened(model, options)
    except _errors() as error:
        raise SessionError(str(error)) from error


def runtime_version() -> str:
    """Return the version of onnxruntime."""
    return str(_onnxruntime().__version__)


def _onnxruntime() -> Any:
    """Return the library, told before it is imported not to report its use."""
    os.environ[TELEMETRY_OFF] = "1"
    import onnxruntime

    return onnxruntime


def _opened(model: Path | bytes, options: Any) -> Any:
    """Return onnxruntime's session of a model."""
    return _onnxruntime().InferenceSession(
        model if isinstance(model, bytes) else str(model),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=list(_SLOW_REWRITING),
    )


def _errors() -> tuple[type[Exception], ...]:
    """Return what reading and running a model raises.

    onnxruntime's own errors have nothing in common but Exception.
    """
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = (each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception))
    return (OSError, ValueError, RuntimeError, *own)
