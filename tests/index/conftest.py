"""The real models, loaded once: they come with the packages that Footnote installs."""

from __future__ import annotations

import pytest

from index.cross_encoder import CrossEncoder, load_cross_encoder_by_setting
from index.encoder import Encoder


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """Return the default encoder."""
    return Encoder.load()


@pytest.fixture(scope="session")
def cross_encoder() -> CrossEncoder:
    """Return the default cross-encoder."""
    loaded = load_cross_encoder_by_setting()
    assert loaded is not None
    return loaded
