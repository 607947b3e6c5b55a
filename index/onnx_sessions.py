"""Models in ONNX, opened and run. The only importer of onnxruntime.

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

_THREADS: Final = 2
_TELEMETRY_OFF: Final = "ORT_DISABLE_TELEMETRY"


class SessionError(ModelError):
    """A model cannot be opened or run; whoever owns it says what that means."""


class OnnxSession:
    """One model. Safe to share between threads."""

    def __init__(self, path: Path, *, threads: int = _THREADS) -> None:
        """Open a model file.

        Args:
            path: The model.
            threads: How many threads work on one run.

        Raises:
            SessionError: It is missing, or onnxruntime does not take it.
        """
        os.environ[_TELEMETRY_OFF] = "1"
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that wait by spinning take the core from whoever would use it: on a busy machine a
        # question took 19 ms with them and 9 without, on an idle one 7 either way.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except _errors() as error:
            raise SessionError(str(error)) from error

    def run(self, inputs: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        """Return the model's first output for a batch of inputs, in the shape and dtype that it has.

        Raises:
            SessionError: The inputs are not what the model takes.
        """
        try:
            output: NDArray[np.float32] = self._session.run(None, dict(inputs))[0]
        except _errors() as error:
            raise SessionError(str(error)) from error
        return output


def _errors() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises: its own errors have nothing in common but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = (each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception))
    return (OSError, ValueError, RuntimeError, *own)
