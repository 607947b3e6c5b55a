"""Where `footnote` begins: streams that never fail on a character, and a quiet end on Ctrl-C.

The commands are in `bot.commands`, which is imported here only once an interrupt is provided for.
"""

from __future__ import annotations

import io
import sys

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells have it: 128 and the number of the signal."""


def main() -> None:
    """Run the command that the arguments name, and exit with its status."""
    try:
        prepare_streams()
        from bot.commands import app

        app(prog_name="footnote")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


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
