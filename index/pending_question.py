"""A question on its way: what it says, and the vector that some thread is making of it.

By itself, so that whoever hands questions over need not load what answers them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PendingQuestion:
    """A question as one retriever understands it, while it is encoded."""

    text: str = field(repr=False)
    """What `Retriever.understood` returned."""
    vector: Future[NDArray[np.float32]] = field(repr=False)
    """What `Retriever.encode` returns for it, or raises."""
    taken_up: float
    """The `time.perf_counter()` of when work on it began."""
