"""Where `footnote` begins: streams that never fail on a character, and a quiet end on Ctrl-C or SIGTERM.

The commands are in `bot.commands`, which is imported here only once an interrupt is provided for.
"""

from __future__ import annotations

import io
import signal
import sys
from types import FrameType

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it: 128 and the number of the signal."""


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    signal.signal(signal.SIGTERM, end_at_once)
    try:
        prepare_streams()
        from bot.commands import app

        app(prog_name="footnote")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def end_at_once(_: int, __: FrameType | None) -> None:
    """End on SIGTERM, which whatever begins something that is to be ended in order takes over.

    The first process of a container is sent it in vain until it says that it wants it; nothing that is
    cut off so does harm, a build neither.
    """
    sys.exit(0)


def prepare_streams() -> None:
    """Have the standard streams take any character: what they cannot hold is written as an escape.

    Articles are in every script, and a terminal's or a pipe's encoding may know but one.
    """
    for stream, errors in (
        (sys.stdin, "replace"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
