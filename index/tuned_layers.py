"""The tuned layers of the default cross-encoder as Footnote runs them.

The model was trained to find texts on a question's subject. Its layers from the second to the last that is
used were tuned to tell those that answer from near misses, by `tests/benchmarks/tune_reading.py`, and take
the place of its own.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Final

from index.errors import ModelError

TUNED_NAME: Final = "tuned_layers.onnx"
"""Initializers of the model's graph, in ONNX."""

_REMEDY: Final = "install Footnote anew, or set FOOTNOTE_CROSS_ENCODER=none"


def tuned_layers(sha256: str) -> bytes:
    """Return the layers, a serialized GraphProto that has initializers and no nodes.

    Args:
        sha256: What they must be, in hexadecimal: the directions in their states are for no others.

    Raises:
        ModelError: They are missing or others.
    """
    try:
        content = resources.files("index").joinpath(TUNED_NAME).read_bytes()
    except OSError as error:
        raise ModelError(f"index/{TUNED_NAME} cannot be read ({error.strerror}); {_REMEDY}.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"index/{TUNED_NAME} is not the file that was expected; {_REMEDY}.")
    return content
