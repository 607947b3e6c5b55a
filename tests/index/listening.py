"""What an encoder is given, and what a store is made to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from index.encoder import Encoder
from index.stores import FileStore, KeptLayouts


def encoded(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every text given to the encoder from now on is added to."""
    texts: list[str] = []
    real = encoder.encode_passages

    def listening(given: list[str], **options: object) -> object:
        texts.extend(given)
        return real(given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(encoder, "encode_passages", listening)
    return texts


def cut_before_publishing(patch: pytest.MonkeyPatch, name: str) -> None:
    """Have every generation from now on lack the end of a file, which its manifest takes for the whole."""
    keep = FileStore.keep

    def keep_and_cut(store: FileStore, folder: Path, *vectors: Any) -> KeptLayouts:
        kept = keep(store, folder, *vectors)
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])
        return kept

    patch.setattr(FileStore, "keep", keep_and_cut)
