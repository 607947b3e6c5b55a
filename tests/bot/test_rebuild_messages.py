"""A live message comes to show the newest card, and is never edited sooner than it may be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import Card
from bot.rebuild_messages import EDIT_EVERY_SECONDS, LiveMessage


@dataclass
class Clock:
    """Time that passes only where a test says so."""

    now: float = 100.0
    sleeping: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleeping.append((self.now + seconds, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let so much time pass, and all happen that happens meanwhile."""
        await settle()
        until = self.now + seconds
        while due := sorted((each for each in self.sleeping if each[0] <= until), key=lambda each: each[0]):
            moment, future = due[0]
            self.sleeping.remove(due[0])
            self.now = moment
            if not future.done():
                future.set_result(None)
            await settle()
        self.now = until


@dataclass
class Screen:
    """What a chat shows, and when it came to show it."""

    clock: Clock
    fails: set[str] = field(default_factory=set)
    call_seconds: float = 0.0
    shown: list[tuple[float, str]] = field(default_factory=list)

    async def show(self, card: Card) -> bool:
        if self.call_seconds:
            await self.clock.sleep(self.call_seconds)
        self.shown.append((self.clock.now, card.html))
        return card.html not in self.fails

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.shown]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def scene(play: Callable[[LiveMessage, Screen, Clock], Awaitable[None]]) -> Screen:
    async def run() -> Screen:
        clock = Clock()
        screen = Screen(clock)
        async with LiveMessage(screen.show, sleep=clock.sleep, clock=clock) as live:
            await play(live, screen, clock)
        return screen

    return asyncio.run(run())


def test_the_first_card_is_shown_at_once_and_of_those_that_follow_the_newest_in_its_turn() -> None:
    async def play(live: LiveMessage, screen: Screen, clock: Clock) -> None:
        live.put(Card("a"))
        await clock.advance(0.5)
        assert screen.shown == [(100.0, "a")]
        live.put(Card("b"))
        await clock.advance(1)
        live.put(Card("c"))
        await clock.advance(5)
        live.put(Card("d"))
        await clock.advance(0)

    assert scene(play).shown == [(100.0, "a"), (102.0, "c"), (106.5, "d")]


def test_what_is_shown_already_is_not_shown_again() -> None:
    async def play(live: LiveMessage, _: Screen, clock: Clock) -> None:
        for _ in range(3):
            live.put(Card("a"))
            await clock.advance(3)
        assert await live.finish(Card("a"))

    assert scene(play).texts == ["a"]


def test_the_last_card_waits_for_its_turn_and_takes_the_place_of_what_waits() -> None:
    async def play(live: LiveMessage, screen: Screen, clock: Clock) -> None:
        live.put(Card("a"))
        await clock.advance(0)
        live.put(Card("b"))
        finishing = asyncio.create_task(live.finish(Card("end")))
        await clock.advance(1.9)
        assert screen.texts == ["a"]
        await clock.advance(0.1)
        assert await finishing

    assert scene(play).texts == ["a", "end"]


def test_a_call_that_takes_long_is_waited_for_and_then_its_time() -> None:
    async def play(live: LiveMessage, screen: Screen, clock: Clock) -> None:
        screen.call_seconds = 10
        live.put(Card("a"))
        await clock.advance(5)
        finishing = asyncio.create_task(live.finish(Card("end")))
        await clock.advance(30)
        assert await finishing

    assert scene(play).shown == [(110.0, "a"), (122.0, "end")]


def test_whether_the_last_card_is_shown_is_told_and_what_was_not_is_tried_again() -> None:
    async def play(live: LiveMessage, screen: Screen, clock: Clock) -> None:
        screen.fails = {"a", "end"}
        for _ in range(2):
            live.put(Card("a"))
            await clock.advance(3)
        assert not await live.finish(Card("end"))

    assert scene(play).texts == ["a", "a", "end"]


def test_at_the_end_of_the_block_nothing_is_shown_any_more() -> None:
    async def play(live: LiveMessage, _: Screen, clock: Clock) -> None:
        live.put(Card("a"))
        await clock.advance(0)
        live.put(Card("b"))
        await clock.advance(0)

    assert scene(play).texts == ["a"]


def test_an_error_of_the_last_call_is_told() -> None:
    async def fail(_: Card) -> bool:
        raise OSError("broken")

    async def run() -> None:
        async with LiveMessage(fail) as live:
            with pytest.raises(OSError, match="broken"):
                await live.finish(Card("end"))

    asyncio.run(run())


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from("abc")), max_size=30), st.floats(0, 3))
def test_whenever_cards_come_edits_keep_their_distance_and_the_last_is_the_newest(
    cards: Sequence[tuple[float, str]], call_seconds: float
) -> None:
    async def play(live: LiveMessage, screen: Screen, clock: Clock) -> None:
        screen.call_seconds = call_seconds
        for wait, text in cards:
            live.put(Card(text))
            await clock.advance(wait)
        finishing = asyncio.create_task(live.finish(Card("end")))
        await clock.advance(20)
        assert await finishing

    shown = scene(play).shown
    assert shown[-1][1] == "end"
    moments = [moment for moment, _ in shown]
    assert all(
        later - earlier >= EDIT_EVERY_SECONDS + call_seconds - 1e-6 for earlier, later in pairwise(moments)
    )
