"""What an encoder is given."""

from __future__ import annotations

import pytest

from index.encoder import Encoder


def encoded(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that every text given to the encoder from now on is added to."""
    texts: list[str] = []
    real = encoder.encode_passages

    def listening(given: list[str], **options: object) -> object:
        texts.extend(given)
        return real(given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(encoder, "encode_passages", listening)
    return texts
