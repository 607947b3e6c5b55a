"""Conversations as text, beside the files of `snapshots/` that a reader has looked at.

WRITE_SNAPSHOTS=1 python -m pytest tests/end_to_end
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tests.stand_in.records import Message
from tests.stand_in.rendering import show

_FOLDER: Final = Path(__file__).parent / "snapshots"
_RULE: Final = "-" * 80


class Transcript:
    """What was written and shown, in order."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def note(self, heading: str, *messages: Message) -> None:
        """Add messages as they look now, under what led to them."""
        self.add(heading, *map(show, messages))

    def add(self, heading: str, *shown: str) -> None:
        """Add what somebody sees besides messages, under what led to it."""
        self._parts.append("\n".join([_RULE, heading, _RULE, *shown]))

    def assert_as_in(self, name: str) -> None:
        """Assert that all of it looks as the file says; write the file anew where that is asked for."""
        path = _FOLDER / f"{name}.txt"
        text = "\n\n".join(self._parts) + "\n"
        if os.environ.get("WRITE_SNAPSHOTS"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), (
            f"Look at the difference; if it is meant, write {path.name} anew with WRITE_SNAPSHOTS=1."
        )
