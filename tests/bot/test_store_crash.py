"""A process that is killed at any moment has lost nothing of what it was told is written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import bot
from bot.store import Sending, SendingState, Store
from tests.bot.stores import address_of, ids, incoming, with_store

OPENING = """
import asyncio, sys
from bot.store import IncomingUpdate, Store

async def run():
    store = await Store.open(sys.argv[1])
"""

IN_THE_MIDDLE = """
    await store.take_in([IncomingUpdate(each, "chat:7", "{}") for each in (1, 2, 3)])
    await store.begin_sending(1, 0)
    await store.begin_sending(2, 0)
    store.note_sent(2, 0, 7, 99)
    await store.mark_done(3)
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(run())
"""

WITHOUT_END = """
    number = 0
    while True:
        number += 1
        await store.take_in([IncomingUpdate(number, "chat:7", '{"text": "' + "x" * 3000 + '"}')])
        print(number, flush=True)

asyncio.run(run())
"""


def lines_before_the_kill(program: str, folder: Path, lines: int) -> list[str]:
    """Run a program of its own until it has said so many lines, kill it, and return all that it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPENING + program, address_of(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(bot.__file__).parents[1])},
        text=True,
    )
    assert process.stdout is not None
    with process:
        said = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line.strip() for line in said if line.endswith("\n")]


def test_after_a_kill_what_was_not_done_is_pending_and_what_was_being_sent_is_in_flight(
    tmp_path: Path,
) -> None:
    assert lines_before_the_kill(IN_THE_MIDDLE, tmp_path, 1) == ["ready"]

    async def look(store: Store) -> None:
        assert ids(await store.pending()) == [1, 2]
        assert await store.take_in([incoming(each) for each in (1, 2, 3)]) == ()
        assert await store.begin_sending(1, 0) == Sending(SendingState.IN_FLIGHT)
        assert await store.begin_sending(2, 0) == Sending(SendingState.SENT, 99)

    with_store(tmp_path, look)


def test_whatever_was_taken_in_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    said = [int(line) for line in lines_before_the_kill(WITHOUT_END, tmp_path, 150)]

    async def look(store: Store) -> list[int]:
        return ids(await store.pending())

    there = with_store(tmp_path, look)
    assert len(said) >= 150
    assert there[: len(said)] == said
    assert len(there) <= len(said) + 1
