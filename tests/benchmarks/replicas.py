"""Measures what several replicas share: how soon an update is in a hand, and how soon a dead one is missed.

    python -m tests.benchmarks.replicas [--rounds N] [--json]

A real PostgreSQL server on loopback, and shared inboxes as replicas have them, without the answering: what
is taken is marked done at once. Three ways to learn of an update are run in turn in each round, each from
the moment that `take_in` is called to the moment that the update is handed over, in another inbox than the
one that took it in: being told (LISTEN and NOTIFY), asking every 50 ms, and asking every second.
An update follows soon after the one before was taken, which is the worst moment for whoever asks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from bot.arrivals import HandingOver
from bot.dispatch import ChatOrderProcessor
from bot.redaction import Redactor
from bot.shared_inbox import SharedInbox
from bot.store import IncomingUpdate, Store
from tests.postgresql import PostgreSQL, running_postgresql

WAYS: Final = {"told": (True, 1.0), "asking every 50 ms": (False, 0.05), "asking every second": (False, 1.0)}
"""Whether it listens, and how often it looks by itself, in seconds."""

BURST: Final = 500


class Taken(HandingOver):
    """Marks what it is handed done, and says when it had it."""

    def __init__(self, inbox: SharedInbox) -> None:
        """Take the inbox."""
        self.at: dict[int, float] = {}
        self._own_inbox = inbox
        self.changed = asyncio.Event()

    async def hand_over(self, incoming: IncomingUpdate, *, left_over: bool = False) -> None:
        """Note the moment."""
        self.at[incoming.update_id] = time.perf_counter()
        self.changed.set()
        await self._own_inbox.mark_done(incoming.update_id)


async def replica(
    stack: AsyncExitStack, address: str, *, listens: bool = True, look_seconds: float = 1.0
) -> tuple[Store, Taken]:
    """Open an inbox and let it work until the stack is left."""
    store = await Store.open(address)
    stack.push_async_callback(store.aclose)
    inbox = SharedInbox(store, listens=listens, look_seconds=look_seconds)
    await stack.enter_async_context(inbox.taking_part())
    taken = Taken(inbox)
    processor = ChatOrderProcessor(inbox, Redactor(), handler_seconds=9.0)
    working = asyncio.create_task(inbox.work(taken, processor))

    async def end() -> None:
        working.cancel()
        await asyncio.wait([working])

    stack.push_async_callback(end)
    return store, taken


async def until(predicate: Callable[[], bool], taken: Sequence[Taken]) -> None:
    """Wait until something is true that handing over makes true."""
    while not predicate():
        for each in taken:
            each.changed.clear()
        waits = [asyncio.create_task(each.changed.wait()) for each in taken]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        for wait in waits:
            wait.cancel()


async def latencies(server: PostgreSQL, way: str, updates: int) -> list[float]:
    """Return how long each of some updates took, one after another, in milliseconds."""
    listens, look_seconds = WAYS[way]
    address = await asyncio.to_thread(server.new_database)
    times = []
    async with AsyncExitStack() as stack:
        _, taken = await replica(stack, address, listens=listens, look_seconds=look_seconds)
        giving = await Store.open(address)
        stack.push_async_callback(giving.aclose)
        giver = SharedInbox(giving)  # It takes no part: what it takes in is the other's.
        await asyncio.sleep(0.2)
        for number in range(updates):
            began = time.perf_counter()
            await giver.take_in([IncomingUpdate(number, f"chat:{number}", "{}")])
            await until(lambda number=number: number in taken.at, [taken])  # type: ignore[misc]
            times.append((taken.at[number] - began) * 1000)
            await asyncio.sleep(0.013 * (number % 5))
    return times


async def burst(server: PostgreSQL, replicas: int) -> float:
    """Return how many updates a second some replicas take and mark done, all of them waiting before."""
    address = await asyncio.to_thread(server.new_database)
    store = await Store.open(address)
    await store.take_in([IncomingUpdate(number, f"chat:{number % 100}", "{}") for number in range(BURST)])
    await store.aclose()
    async with AsyncExitStack() as stack:
        began = time.perf_counter()
        taken = [(await replica(stack, address))[1] for _ in range(replicas)]
        await until(lambda: sum(len(each.at) for each in taken) >= BURST, taken)
        return BURST / (time.perf_counter() - began)


async def missed(server: PostgreSQL) -> float:
    """Return after how many seconds the update in a dead replica's hand is in another's."""
    address = await asyncio.to_thread(server.new_database)
    async with AsyncExitStack() as stack:
        store, taken = await replica(stack, address)
        await asyncio.sleep(7)  # Until it is steady enough to judge others.
        await store.join("dead")
        await store.take_in([IncomingUpdate(1, "chat:7", "{}")])
        await store.claim_updates("dead", range(256), 1, 8)
        began = time.perf_counter()
        await until(lambda: 1 in taken.at, [taken])
        return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args(arguments)
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    rates: dict[int, list[float]] = {1: [], 3: []}
    with running_postgresql() as server:
        for _ in range(given.rounds):
            for way in WAYS:
                times[way] += asyncio.run(latencies(server, way, 5 if "second" in way else 20))
            for replicas, found in rates.items():
                found.append(asyncio.run(burst(server, replicas)))
        silent = asyncio.run(missed(server))
    figures: dict[str, Any] = {}
    for way, found in times.items():
        figures[f"{way}: p50, ms"] = statistics.median(found)
        figures[f"{way}: p95, ms"] = statistics.quantiles(found, n=20, method="inclusive")[-1]
    for replicas, found in rates.items():
        figures[f"{replicas} replica(s) in one process: updates a second"] = statistics.median(found)
    figures["a dead replica's update taken over after, s"] = silent
    if given.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:52} {value:8.1f}")


if __name__ == "__main__":
    main()
