"""Models as onnxruntime rewrites them before it runs them, kept so that opening them takes a third as long.

    folder/
      <model>-<program>-<content>.onnx   beginnings of three hashes: of the model that was rewritten, of what
                                         rewrote it, and of the file itself

A file is used only where it is what its name says, so whatever happens to the folder, it costs time and
nothing else. It may be removed at any moment.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from index.onnx_sessions import OnnxSession, SessionError, runtime_version, write_optimised

_DIGITS: Final = 32
"""Hexadecimal digits of each hash that are in a name: 128 bits."""


class OptimisedModels:
    """A folder of such models; it need not exist. Any number of processes may use it."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is read or made yet."""
        self._folder = folder

    def open(self, sha256: str, variant: str) -> OnnxSession | None:
        """Open what was kept of a model; None where nothing was, or it is not what it was.

        Args:
            sha256: Of the model, in hexadecimal.
            variant: What of the model was kept, and what is different in it.
        """
        with suppress(OSError):
            for path in self._folder.glob(f"{_beginning(sha256, variant)}-*.onnx"):
                # Removed meanwhile, or of no use to this processor: the model itself is.
                with suppress(OSError, SessionError):
                    if path.stem.rpartition("-")[2] == _content(path):
                        return OnnxSession(path)
        return None

    def keep(self, model: bytes, sha256: str, variant: str) -> None:
        """Keep a model as it is rewritten; where the folder cannot be written to, nothing is done.

        What was kept of the same model before, by another version of onnxruntime or damaged, is removed.

        Args:
            model: What of it is kept, in ONNX with its weights inside.
            sha256: As for `open`.
            variant: The same.
        """
        written = self._folder / f"writing-{secrets.token_hex(4)}.tmp"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_optimised(model, written)
            name = f"{_beginning(sha256, variant)}-{_content(written)}.onnx"
            written.replace(self._folder / name)
            for path in self._folder.glob(f"{sha256[:_DIGITS]}-*.onnx"):
                if path.name != name:
                    path.unlink(missing_ok=True)
        except (OSError, SessionError):
            with suppress(OSError):
                written.unlink(missing_ok=True)


def _beginning(sha256: str, variant: str) -> str:
    program = f"onnxruntime {runtime_version()} {os.name} {variant}"
    return f"{sha256[:_DIGITS]}-{hashlib.sha256(program.encode()).hexdigest()[:_DIGITS]}"


def _content(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]
