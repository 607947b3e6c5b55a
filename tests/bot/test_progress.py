"""Progress is a bar in a terminal, few lines elsewhere, and nothing where nothing is done."""

from __future__ import annotations

import io
from collections.abc import Iterator

from bot.progress import ProgressTeller, telling_build, waiting
from index.builder import BuildProgress


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def ticks(*seconds: float) -> Iterator[float]:
    yield from seconds


def test_reading_is_not_told_of_while_it_is_short() -> None:
    stream = io.StringIO()
    with telling_build(stream, lambda: 0.0) as tell:
        tell(BuildProgress("reading", 1, 2))
        tell(BuildProgress("reading", 2, 2))
        tell(BuildProgress("embedding", 0, 0))
    assert stream.getvalue() == ""


def test_reading_that_takes_long_is_told_of() -> None:
    stream = io.StringIO()
    times = ticks(0, 3, 3)
    with telling_build(stream, lambda: next(times)) as tell:
        tell(BuildProgress("reading", 900, 2000))
    assert stream.getvalue() == "Reading files: 2,000\n"


def test_outside_a_terminal_a_line_is_written_now_and_then() -> None:
    stream = io.StringIO()
    times = ticks(0, 1, 10, 11, 12)
    teller = ProgressTeller(stream, lambda: next(times))
    with teller:
        for done in (0, 100, 200, 300):
            teller.tell("Encoding texts", done, 1000)
        teller.tell("Writing the index", 0, 4)
    assert stream.getvalue().splitlines() == [
        "Encoding texts: 1,000",
        "Encoding texts: 200 of 1,000",
        "Writing the index: 4",
    ]


def test_in_a_terminal_there_is_a_bar() -> None:
    stream = Terminal()
    with telling_build(stream) as tell:
        tell(BuildProgress("embedding", 0, 8))
        tell(BuildProgress("embedding", 8, 8))
    assert "Encoding texts" in stream.getvalue()
    assert "8/8" in stream.getvalue()


def test_what_is_waited_for_is_told_in_a_terminal_only() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        with waiting(stream, "Loading the encoder"):
            pass
    assert "Loading the encoder" in terminal.getvalue()
    assert pipe.getvalue() == ""
