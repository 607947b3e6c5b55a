"""What comes to the webhook is written down before it is acknowledged, if it is Telegram's."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.arrivals import HandingOver
from bot.dispatch import ChatOrderProcessor
from bot.redaction import Redactor
from bot.store import Store, StoreError
from bot.webhook import MOST_BODY_BYTES, SECRET_HEADER, Condition, WebhookReceiver
from tests.bot.recording import RecordedTelegram, bot_on, question
from tests.bot.stores import ids, with_store

SECRET = "a-secret_of_ours"
PATH = "/telegram"


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook without a network, and what comes out of it."""

    client: httpx.AsyncClient
    store: Store
    queue: asyncio.Queue[object]
    condition: Condition

    async def post(self, content: Any, *, secret: str | None = SECRET, path: str = PATH) -> int:
        headers = {} if secret is None else {SECRET_HEADER: secret}
        return (await self.client.post(path, content=content, headers=headers)).status_code

    async def readiness(self) -> tuple[int, dict[str, bool]]:
        answer = await self.client.get("/readyz")
        return answer.status_code, answer.json()


@asynccontextmanager
async def hooked(
    store: Store,
    *,
    index_is_open: bool = True,
    before_acknowledging: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[Hook]:
    queue: asyncio.Queue[object] = asyncio.Queue()
    processor = ChatOrderProcessor(store, Redactor(), handler_seconds=9.0)
    handing = HandingOver(bot_on(RecordedTelegram()), store, processor, queue)
    now = iter(range(0, 1_000, 2))
    condition = Condition(lambda: index_is_open, store.reach, clock=lambda: float(next(now)))
    receiver = WebhookReceiver(
        PATH, SECRET, store, handing, condition, before_acknowledging=before_acknowledging
    )
    transport = httpx.ASGITransport(app=receiver.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield Hook(client, store, queue, condition)


def with_hook(folder: Path, use: Callable[[Hook], Awaitable[None]], **options: Any) -> None:
    async def run(store: Store) -> None:
        async with hooked(store, **options) as hook:
            await use(hook)

    with_store(folder, run)


def test_an_update_is_in_the_inbox_when_it_is_acknowledged_and_is_handed_over_once(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        for _ in range(2):
            assert await hook.post(json.dumps(question(5))) == 200
            assert ids(await hook.store.pending()) == [5]
        assert hook.queue.qsize() == 1

    with_hook(tmp_path, use)


def test_what_was_taken_in_is_kept_for_good_before_it_is_acknowledged(tmp_path: Path) -> None:
    kept: list[str] = []
    failures = [StoreError("the disk failed")]

    async def keep() -> None:
        if failures:
            raise failures.pop()
        kept.append("kept")

    async def use(hook: Hook) -> None:
        assert await hook.post(json.dumps(question(5))) == 503
        assert kept == []
        assert await hook.post(json.dumps(question(5))) == 200
        assert kept == ["kept"]
        assert hook.queue.qsize() == 1

    with_hook(tmp_path, use, before_acknowledging=keep)


@pytest.mark.parametrize("secret", [None, "", "another", SECRET[:-1], f"{SECRET} ", "\xe9"])
def test_whoever_does_not_say_the_secret_is_turned_away(tmp_path: Path, secret: str | None) -> None:
    async def use(hook: Hook) -> None:
        headers = {} if secret is None else {SECRET_HEADER: secret.encode("latin-1")}
        answer = await hook.client.post(PATH, content=json.dumps(question(5)), headers=headers)
        assert answer.status_code == 403
        assert await hook.store.pending() == ()

    with_hook(tmp_path, use)


def test_without_the_secret_no_body_is_read(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1
                yield b"x" * 1024

        # The transport without a network offers one piece; a body that were read would never end.
        async with asyncio.timeout(20):
            assert await hook.post(endless(), secret="another") == 403
        assert read <= 1

    with_hook(tmp_path, use)


def test_a_body_that_is_too_large_is_refused_while_it_is_read(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        read = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 1
                yield b" " * 65_536

        async with asyncio.timeout(20):
            assert await hook.post(endless()) == 413
        assert read * 65_536 <= MOST_BODY_BYTES + 2 * 65_536
        assert await hook.post(b" " * (MOST_BODY_BYTES + 1)) == 413
        whole = json.dumps(question(5)).encode()
        assert await hook.post(whole.ljust(MOST_BODY_BYTES)) == 200

    with_hook(tmp_path, use)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"update_id": 1'])
def test_a_body_that_was_broken_on_its_way_comes_again(tmp_path: Path, body: bytes) -> None:
    async def use(hook: Hook) -> None:
        assert await hook.post(body) == 400
        assert await hook.store.pending() == ()

    with_hook(tmp_path, use)


@pytest.mark.parametrize("body", ["null", "[]", "7", "{}", '{"update_id": "1"}', '{"update_id": true}'])
def test_what_has_no_number_is_let_go_since_it_would_come_for_ever(tmp_path: Path, body: str) -> None:
    async def use(hook: Hook) -> None:
        assert await hook.post(body) == 200
        assert await hook.store.pending() == ()

    with_hook(tmp_path, use)


def test_what_cannot_be_written_down_comes_again(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        await hook.store.aclose()
        assert await hook.post(json.dumps(question(5))) == 503

    with_hook(tmp_path, use)


def test_what_cannot_be_read_as_an_update_is_acknowledged_and_skipped(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        broken = {"update_id": 5, "message": {"message_id": "no number", "chat": "broken"}}
        assert await hook.post(json.dumps(broken)) == 200
        assert (await hook.store.pending(), hook.queue.qsize()) == ((), 0)

    with_hook(tmp_path, use)


def test_other_ways_in_are_closed(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        assert await hook.post("{}", path="/") == 404
        assert await hook.post("{}", path="/healthz") == 405
        assert (await hook.client.get(PATH, headers={SECRET_HEADER: SECRET})).status_code == 405

    with_hook(tmp_path, use)


def test_it_is_ready_while_index_and_database_are_there_and_no_end_was_asked_for(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        good = {"ready": True, "index": True, "database": True, "draining": False}
        assert await hook.readiness() == (200, good)
        hook.condition.draining = True
        assert await hook.readiness() == (503, good | {"ready": False, "draining": True})
        hook.condition.draining = False
        await hook.store.aclose()
        assert await hook.readiness() == (503, good | {"ready": False, "database": False})
        assert (await hook.client.get("/healthz")).status_code == 200

    with_hook(tmp_path, use)


def test_it_is_not_ready_without_an_index(tmp_path: Path) -> None:
    async def use(hook: Hook) -> None:
        status, said = await hook.readiness()
        assert (status, said["index"]) == (503, False)

    with_hook(tmp_path, use, index_is_open=False)


def test_whoever_asks_often_does_not_keep_the_database_busy() -> None:
    asked = 0

    async def reach() -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise StoreError("gone")

    async def run() -> None:
        now = 0.0
        condition = Condition(lambda: True, reach, clock=lambda: now)
        answers = await asyncio.gather(*(condition.readiness() for _ in range(50)))
        assert all(each.is_ready for each in answers)
        assert asked == 1
        now = 1.0
        assert not (await condition.readiness()).is_ready

    asyncio.run(run())


@settings(max_examples=40)
@given(st.binary(max_size=400))
def test_any_body_is_answered(body: bytes) -> None:
    async def use(hook: Hook) -> None:
        assert await hook.post(body) in (200, 400)

    with tempfile.TemporaryDirectory() as folder:
        with_hook(Path(folder), use)
