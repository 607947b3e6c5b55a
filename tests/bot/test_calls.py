"""Calls over real connections on loopback: what comes back, and what is known when nothing does."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Bot, Message
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bot.calls import Calls, NotBegunError, proxy_for
from bot.outcomes import Certainty, certainty_after

SECRET = "AAF-made-up-secret_0123456789abcdef"
METHOD = f"/bot123456789:{SECRET}/sendMessage"
FINE = b'{"ok": true, "result": true}'

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(body: bytes, status: str = "200 OK", *headers: str) -> Server:
    """Return a server that gives every request this answer, and keeps the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request_from(reader)
            writer.write("\r\n".join(lines).encode() + body)

    return serve


async def request_from(reader: asyncio.StreamReader) -> bytes:
    """Return the body of one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.splitlines()[1:] if line)
    return await reader.readexactly(int(fields.get(b"content-length", b"0")))


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a request and say nothing until the other side hangs up."""
    await request_from(reader)
    await reader.read()


async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a request and hang up."""
    await request_from(reader)


async def garbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a request and answer with what is not HTTP."""
    await request_from(reader)
    writer.write(b"no such thing\r\n\r\n")


@contextlib.asynccontextmanager
async def served(
    serve: Server, *, at_once: int = 4, answer_seconds: float = 20
) -> AsyncIterator[tuple[Calls, str]]:
    """Give connections, and the address of a method on a server of one's own."""
    ended: list[asyncio.Event] = []

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(end := asyncio.Event())
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await serve(reader, writer)
        finally:
            writer.close()
            end.set()

    server = await asyncio.start_server(serve_one, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    try:
        async with Calls(at_once=at_once, connect_seconds=0.3, answer_seconds=answer_seconds) as calls:
            yield calls, f"http://127.0.0.1:{port}{METHOD}"
    finally:
        server.close()
        for end in ended:
            await end.wait()
        await server.wait_closed()


async def failure_of(calls: Calls, address: str, **more: object) -> TelegramError:
    """Make a call that fails; its message says nothing that must not be told."""
    with pytest.raises(TelegramError) as raised:
        await calls.post(address, RequestData(), **more)  # type: ignore[arg-type]
    assert raised.value.message
    assert SECRET not in raised.value.message
    return raised.value


@given(
    st.dictionaries(
        st.sampled_from(["chat_id", "text", "ключ"]), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_any_text_arrives_as_it_was_sent(sent: dict[str, str]) -> None:
    arrived: list[dict[str, str]] = []

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(json.loads(await request_from(reader)))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(FINE), FINE))

    async def run() -> None:
        async with served(echo) as (calls, address):
            data = RequestData([RequestParameter(name, text, None) for name, text in sent.items()])
            assert await calls.post(address, data) is True

    asyncio.run(run())
    assert arrived == [sent]


def test_one_connection_serves_call_after_call() -> None:
    opened = 0
    answer = answering(FINE)

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await answer(reader, writer)

    async def run() -> None:
        async with served(count) as (calls, address):
            for _ in range(3):
                assert await calls.post(address, RequestData()) is True

    asyncio.run(run())
    assert opened == 1


@pytest.mark.parametrize("status", ["400 Bad Request", "429 Too Many Requests", "502 Bad Gateway"])
def test_an_answer_is_given_whatever_its_status(status: str) -> None:
    async def run() -> tuple[int, bytes]:
        async with served(answering(b"{}", status)) as (calls, address):
            return await calls.do_request(address, "POST")

    assert asyncio.run(run()) == (int(status[:3]), b"{}")


def test_of_a_message_that_was_sent_what_names_it_is_passed_on() -> None:
    chat = {"id": -1001234567890, "type": "supergroup", "title": "Readers"}
    named = {"message_id": 7, "date": 1700000000, "chat": chat}
    sent = named | {"from": {"id": 1, "is_bot": True, "first_name": "Footnote"}, "text": "Yes"}
    body = json.dumps({"ok": True, "result": sent}, separators=(",", ":")).encode()

    async def run() -> Message:
        async with served(answering(body)) as (calls, address):
            base = address.split("123456789:")[0]
            return await Bot(f"123456789:{SECRET}", base_url=base, request=calls).send_message(7, "Yes")

    message = asyncio.run(run())
    assert (message.chat_id, message.message_id) == (chat["id"], 7)
    assert message.text is None


@pytest.mark.parametrize(
    "result", [[{"message_id": 7, "text": "Yes"}], {"text": "Yes", "message_id": 7}, True, None]
)
def test_any_other_answer_is_passed_on_as_it_came(result: object) -> None:
    body = json.dumps({"ok": True, "result": result}, separators=(",", ":")).encode()

    async def run() -> tuple[int, bytes]:
        async with served(answering(body)) as (calls, address):
            return await calls.do_request(address, "POST")

    assert asyncio.run(run()) == (200, body)


def test_a_token_is_not_carried_to_where_an_answer_points() -> None:
    async def run() -> tuple[int, bytes]:
        elsewhere = answering(b"", "302 Found", f"Location: http://127.0.0.1:9{METHOD}")
        async with served(elsewhere) as (calls, address):
            return await calls.do_request(address, "POST")

    assert asyncio.run(run()) == (302, b"")


@pytest.mark.parametrize(("without_proxy", "is_passed_on"), [("", True), ("127.0.0.1", False)])
def test_calls_go_through_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, without_proxy: str, is_passed_on: bool
) -> None:
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def run() -> tuple[int, bytes]:
        async with served(proxy) as (_, address_of_proxy), served(answering(FINE)) as (calls, address):
            monkeypatch.setenv("http_proxy", address_of_proxy.split("/bot")[0].replace("//", "//me:pass@"))
            monkeypatch.setenv("no_proxy", without_proxy)
            return await calls.do_request(address, "POST")

    assert asyncio.run(run())[1] == (b"{}" if is_passed_on else FINE)
    credentials = b"\r\nProxy-Authorization: Basic bWU6cGFzcw==\r\n"
    assert [each.startswith(b"POST http://127.0.0.1:") and credentials in each for each in asked] == (
        [True] if is_passed_on else []
    )


@pytest.mark.parametrize(
    ("without_proxy", "address", "is_passed_on"),
    [
        ("::1", "http://[::1]:8081", False),
        ("fd00::5", "http://[fd00::5]:8081", False),
        ("bots.example", "http://me:pass@bots.example:8081", False),
        ("bots.example:8081", "http://bots.example:8081", False),
        ("bots.example:8082", "http://bots.example:8081", True),
        (".example", "http://bots.example", False),
        ("*", "http://bots.example", False),
        ("other.example", "http://bots.example", True),
        ("other.example", "https://bots.example", False),
    ],
)
def test_servers_that_the_environment_excepts_are_reached_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch, without_proxy: str, address: str, is_passed_on: bool
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", without_proxy)
    assert proxy_for(address) == ("http://proxy.example:3128" if is_passed_on else None)


def test_what_could_not_connect_did_not_happen() -> None:
    async def run() -> list[TelegramError]:
        async with served(answering(FINE)) as (calls, address):
            port = address.split(":")[2].split("/")[0]
        async with Calls(at_once=1, connect_seconds=5, answer_seconds=5) as calls:
            refused = await failure_of(calls, address)
            secure = await failure_of(calls, f"https://127.0.0.1:{port}{METHOD}")
            not_an_address = await failure_of(calls, f"http://:0{METHOD}")
            return [refused, secure, not_an_address]

    for failure in asyncio.run(run()):
        assert isinstance(failure, NotBegunError)
        assert certainty_after(failure) is Certainty.NOT_DONE


def test_an_unknown_certificate_is_not_spoken_to() -> None:
    async def run() -> TelegramError:
        # Whoever answers in the clear where a certificate is due has none that is known.
        async with served(answering(FINE)) as (calls, address):
            return await failure_of(calls, address.replace("http:", "https:"))

    assert isinstance(asyncio.run(run()), NotBegunError)


def test_a_call_that_waits_too_long_for_another_to_end_did_not_happen() -> None:
    async def run() -> TelegramError:
        async with served(silent, at_once=1) as (calls, address):
            first = asyncio.create_task(calls.post(address, RequestData()))
            await asyncio.sleep(0.1)
            second = await failure_of(calls, address)
            first.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await first
            return second

    failure = asyncio.run(run())
    assert isinstance(failure, NotBegunError)
    assert certainty_after(failure) is Certainty.NOT_DONE


@pytest.mark.parametrize(
    "more", [{}, {"read_timeout": 0.1}], ids=["as the connections say", "as the call says"]
)
def test_what_got_no_answer_in_time_may_have_happened(more: dict[str, float]) -> None:
    async def run() -> TelegramError:
        async with served(silent, answer_seconds=20 if more else 0.1) as (calls, address):
            return await failure_of(calls, address, **more)

    failure = asyncio.run(run())
    assert isinstance(failure, TimedOut)
    assert certainty_after(failure) is Certainty.UNKNOWN


@pytest.mark.parametrize("serve", [hanging_up, garbling])
def test_what_was_cut_off_may_have_happened(serve: Server) -> None:
    async def run() -> TelegramError:
        async with served(serve) as (calls, address):
            return await failure_of(calls, address)

    failure = asyncio.run(run())
    assert isinstance(failure, NetworkError)
    assert not isinstance(failure, TimedOut)
    assert certainty_after(failure) is Certainty.UNKNOWN


def test_connections_can_be_closed_twice_and_opened_again() -> None:
    async def run() -> None:
        async with served(answering(FINE)) as (calls, address):
            await calls.initialize()
            await calls.shutdown()
            await calls.shutdown()
            with pytest.raises(RuntimeError, match="initialize"):
                await calls.do_request(address, "POST")
            await calls.initialize()
            assert await calls.post(address, RequestData()) is True
            assert calls.read_timeout == 20

    asyncio.run(run())
