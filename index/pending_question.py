"""A question on its way: what it says, and what some thread begins to look for.

By itself, so that whoever hands questions over need not load what answers them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future

    from index.candidates import BegunSearch


@dataclass(frozen=True, slots=True)
class PendingQuestion:
    """A question as one retriever understands it, while it is encoded."""

    text: str = field(repr=False)
    """What `Retriever.understood` returned."""
    search: Future[BegunSearch] = field(repr=False)
    """What `Retriever.begin` returns for it, or raises."""
    taken_up: float
    """The `time.perf_counter()` of when work on it began."""
