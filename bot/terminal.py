"""What the standard streams are: a person's terminal, or another program."""

from __future__ import annotations

import os
import shutil
from typing import Final, TextIO

from bot.rendering import Style

_WIDEST: Final = 100
"""Columns that text fills at most: longer lines are hard to read."""


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person reads or types there; a closed stream is nobody."""
    return not stream.closed and stream.isatty()


def style_for(stream: TextIO) -> Style:
    """Return how text is to look there: no colours in a pipe, nor where NO_COLOR or TERM say so."""
    colours = is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"
    return Style(width=min(_WIDEST, shutil.get_terminal_size().columns), colours=colours)
