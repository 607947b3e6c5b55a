"""What a build is begun with, for whoever decides whether there is something to do and whoever does it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from index.encoding import EncoderSource
from index.generation import IndexFolder
from index.packing import Limits
from index.types import OnProgress


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """One build."""

    articles_folder: Path
    """Where the articles are."""
    index_folder: IndexFolder
    """Where the generations are."""
    encoder: EncoderSource
    """What makes the vectors."""
    limits: Limits
    """What passages are cut by."""
    tell: OnProgress
    """Told how far the build is."""
    began: float
    """The value of `time.perf_counter` when the build began."""

    @property
    def settings(self) -> tuple[tuple[str, int], ...]:
        """The limits, as a manifest has them."""
        return tuple((name, round(value * 1000)) for name, value in asdict(self.limits).items())
