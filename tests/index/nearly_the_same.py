"""Vectors that two builds made of the same texts."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_IN_A_BATCH: Final = 1e-5
"""What PyTorch makes of a text depends so little on the texts beside it."""
_LAST_BIT: Final = 2.0**-10
"""The share of a number that the last of sixteen bits is worth at most: an index keeps no more, and rounds
what differs by that little up or down."""


def expect_nearly_the_same(found: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    """Fail where vectors differ by more than what stood beside their texts explains."""
    np.testing.assert_allclose(found, expected, atol=_IN_A_BATCH, rtol=_LAST_BIT)
    assert np.sum(found * expected, axis=1).min() > 1 - 1e-3
