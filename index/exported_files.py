"""The files of an exported encoder: what a generation keeps so that answering needs no PyTorch."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, Self

from index.errors import DamagedGenerationError

GRAPH: Final = "model.onnx"
"""The computation; from tokens to one vector a text."""
WEIGHTS: Final = "weights.bin"
"""What a graph of float32 computes with, beside it, so that it is mapped into memory and not copied
there. A quantised graph holds its weights."""
TOKENIZER: Final = "tokenizer.json"
READING: Final = "reading.json"

_FILES: Final = (GRAPH, TOKENIZER, READING)


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are given to an exported encoder, as far as its tokenizer does not say."""

    inputs: tuple[str, ...]
    """The graph's inputs, of "input_ids", "attention_mask" and "token_type_ids"."""
    longest: int | None
    """Tokens that the model reads, None for any number."""
    padding_token: int
    padding_type: int
    padding_side: Literal["left", "right"]
    unknown_token: int | None
    quantised: bool
    """Whether the graph rounds what it computes to eight bits, by a scale for all of a batch."""

    def to_json(self) -> str:
        """Return it as indented JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is something else.
        """
        match json.loads(text):
            case {
                "inputs": [*inputs],
                "longest": int() | None as longest,
                "padding_token": int(padding_token),
                "padding_type": int(padding_type),
                "padding_side": ("left" | "right") as side,
                "unknown_token": int() | None as unknown,
                "quantised": bool(quantised),
            } if all(isinstance(name, str) for name in inputs):
                return cls(tuple(inputs), longest, padding_token, padding_type, side, unknown, quantised)
        raise ValueError(f"{text[:60]!r} does not say how texts are read")


def is_exported(folder: Path) -> bool:
    """Return whether an exported encoder lies in a folder."""
    return all((folder / name).is_file() for name in _FILES)


def take_over(source: Path, folder: Path) -> None:
    """Make a folder that holds the exported encoder of another, by links where the system has them.

    Files that are linked share their bytes, and neither generation ever writes to its own.
    """
    folder.mkdir()
    for name in (*_FILES, WEIGHTS):
        if not (source / name).exists():
            continue
        try:
            os.link(source / name, folder / name)
        except OSError:
            # Another file system, or one without links. Where the disk is full, copying says so.
            shutil.copyfile(source / name, folder / name)


def damaged_export(folder: Path, reason: object) -> DamagedGenerationError:
    """Return the error that says that an exported encoder does not load, and the remedy."""
    return DamagedGenerationError(
        f"The exported encoder in {folder} cannot be read ({reason}); run `footnote rollback` or "
        "`footnote build`."
    )
