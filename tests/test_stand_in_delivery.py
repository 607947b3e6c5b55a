"""Updates reach a bot by polls or by a webhook as from Telegram, and faults befall what they are asked to."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from telegram import Update

from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.raw_bot import RawBot, RefusedError


@pytest.fixture
def alice(stand_in: StandIn) -> Person:
    return stand_in.person("Alice")


def ids(updates: list[dict[str, Any]]) -> list[int]:
    return [update["update_id"] for update in updates]


def test_an_update_comes_again_until_a_higher_offset_confirms_it(bot: RawBot, alice: Person) -> None:
    for text in ("1", "2", "3"):
        alice.asks(text)
    first = ids(bot.call("getUpdates"))
    assert ids(bot.call("getUpdates", limit=2)) == first[:2]
    assert ids(bot.call("getUpdates", offset=first[1])) == first[1:]
    assert ids(bot.call("getUpdates", offset=-1)) == first[2:]
    assert ids(bot.call("getUpdates", offset=first[2] + 1)) == []


def test_a_long_poll_ends_as_soon_as_something_comes(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(bot.call, "getUpdates", timeout=30)
        stand_in.wait_for(lambda: stand_in.is_polled)
        alice.asks("hello")
        assert [update["message"]["text"] for update in poll.result(20)] == ["hello"]


def test_only_the_kinds_asked_for_are_sent_from_then_on(bot: RawBot, alice: Person) -> None:
    bot.call("getUpdates", allowed_updates=["inline_query"])
    alice.asks("hello")
    alice.types_inline("q")
    bot.call("getUpdates")
    alice.asks("still not")
    bot.call("getUpdates", allowed_updates=[])
    alice.asks("now")
    kinds = [sorted(update)[0] for update in bot.updates()]
    assert kinds == ["inline_query", "message"]


def test_a_second_poll_ends_the_first_with_a_conflict(stand_in: StandIn, bot: RawBot) -> None:
    with ThreadPoolExecutor() as pool:
        first = pool.submit(bot.call, "getUpdates", timeout=30)
        stand_in.wait_for(lambda: stand_in.is_polled)
        assert bot.call("getUpdates") == []
        with pytest.raises(RefusedError, match="409 Conflict: terminated by other getUpdates request"):
            first.result(20)


def test_another_process_that_polls_is_a_conflict_until_it_ends(stand_in: StandIn, bot: RawBot) -> None:
    with stand_in.second_poller(), pytest.raises(RefusedError, match="make sure that only one bot instance"):
        bot.call("getUpdates", timeout=30)
    assert bot.call("getUpdates") == []


def test_polls_and_a_webhook_do_not_go_together(stand_in: StandIn, bot: RawBot) -> None:
    with ThreadPoolExecutor() as pool:
        poll = pool.submit(bot.call, "getUpdates", timeout=30)
        stand_in.wait_for(lambda: stand_in.is_polled)
        bot.call("setWebhook", url="http://127.0.0.1:9/hook")
        with pytest.raises(RefusedError, match="409 Conflict: terminated by setWebhook request"):
            poll.result(20)
    with pytest.raises(RefusedError, match="can't use getUpdates method while webhook is active"):
        bot.call("getUpdates")
    assert bot.call("getWebhookInfo")["url"] == "http://127.0.0.1:9/hook"
    bot.call("deleteWebhook")
    assert bot.call("getUpdates") == []


def test_a_webhook_elsewhere_must_be_safe(bot: RawBot) -> None:
    with pytest.raises(RefusedError, match="HTTPS URL must be provided"):
        bot.call("setWebhook", url="http://example.org/hook")
    with pytest.raises(RefusedError, match="secret token contains unallowed characters"):
        bot.call("setWebhook", url="https://example.org/hook", secret_token="a b")


def test_the_next_calls_fail_as_asked_and_change_nothing(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    alice.asks("/start")
    stand_in.faults.fail("sendMessage", times=2, code=429, retry_after=3, after=1)
    stand_in.faults.fail("getMe", code=500)
    bot.call("sendMessage", chat_id=alice.user.id, text="1")
    for _ in range(2):
        with pytest.raises(RefusedError, match="429 Too Many Requests: retry after 3"):
            bot.call("sendMessage", chat_id=alice.user.id, text="2")
    with pytest.raises(RefusedError, match="500 Internal Server Error"):
        bot.call("getMe")
    bot.call("sendMessage", chat_id=alice.user.id, text="3")
    assert [message.text for message in alice.chat.from_bot] == ["1", "3"]
    assert stand_in.faults.left == 0


def test_a_bad_gateway_answers_no_json(stand_in: StandIn) -> None:
    stand_in.faults.fail("getMe", code=502)
    response = httpx.get(f"{stand_in.url}/bot{stand_in.token}/getMe", trust_env=False)
    assert (response.status_code, response.headers["content-type"][:9]) == (502, "text/html")


def test_a_connection_breaks_before_or_after_the_message_is_sent(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    alice.asks("/start")
    stand_in.faults.drop_before("sendMessage")
    stand_in.faults.drop_after("sendMessage")
    for text, sent in (("1", []), ("2", ["2"])):
        with pytest.raises(httpx.TransportError):
            bot.call("sendMessage", chat_id=alice.user.id, text=text)
        assert [message.text for message in alice.chat.from_bot] == sent
    assert [call.code for call in stand_in.calls("sendMessage")] == [None, None]


def test_a_slow_answer_is_late_but_done_at_once(stand_in: StandIn, bot: RawBot, alice: Person) -> None:
    alice.asks("/start")
    stand_in.faults.slow("sendMessage", 60)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(bot.call, "sendMessage", chat_id=alice.user.id, text="1")
        stand_in.wait_for(lambda: alice.chat.from_bot)
        assert not slow.done()
        # What stops the server lets slow answers go.
        stand_in.stop()
        assert slow.result(20)["text"] == "1"


def test_a_stalled_poll_is_silent_until_the_stall_is_lifted(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    stand_in.faults.stall()
    with ThreadPoolExecutor() as pool:
        stalled = pool.submit(bot.call, "getUpdates", timeout=0)
        stand_in.wait_for(lambda: stand_in.faults.left == 0)
        alice.asks("hello")
        assert len(bot.call("getUpdates")) == 1
        assert not stalled.done()
        stand_in.faults.clear()
        assert len(stalled.result(20)) == 1


def test_a_caller_that_hangs_up_ends_its_poll(stand_in: StandIn, bot: RawBot) -> None:
    url = f"{stand_in.url}/bot{stand_in.token}/getUpdates?timeout=40"
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(url, trust_env=False, timeout=0.2)
    stand_in.wait_for(lambda: not stand_in.is_polled)
    assert stand_in.calls("getUpdates")[0].code is None


def test_an_update_is_delivered_again_even_when_it_was_confirmed(
    stand_in: StandIn, bot: RawBot, alice: Person
) -> None:
    alice.asks("1")
    (update,) = bot.updates()
    assert stand_in.is_confirmed(update["update_id"])
    alice.asks("2")
    stand_in.redeliver(update["update_id"])
    later = update["update_id"] + 1
    for expected in (["1", "2"], ["2"]):
        found = bot.call("getUpdates", offset=later)
        assert [again["message"]["text"] for again in found] == expected


def test_a_poison_update_is_one_that_the_library_cannot_parse(stand_in: StandIn, bot: RawBot) -> None:
    stand_in.poison()
    (update,) = bot.updates()
    with pytest.raises(TypeError):
        Update.de_json(update, None)


def test_waiting_in_vain_tells_the_last_calls(stand_in: StandIn, bot: RawBot) -> None:
    bot.call("getMe")
    with pytest.raises(AssertionError, match=r"(?s)not within 0.01 s; the last calls:.*getMe"):
        stand_in.wait_for(lambda: False, timeout_seconds=0.01)


class Hook:
    """A webhook that notes what it is sent, refuses what is in `refused`, and lets texts with "held" wait."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str | None]] = []
        self.refused: list[str] = []
        self.held = threading.Event()
        self.held.set()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                text = json.loads(body)["message"]["text"]
                hook.received.append((text, self.headers.get("X-Telegram-Bot-Api-Secret-Token")))
                if text.startswith("held"):
                    hook.held.wait(20)
                status = 200
                if text in hook.refused:
                    hook.refused.remove(text)
                    status = 503
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the test's output clean."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    def texts(self) -> list[str]:
        return [text for text, _ in self.received]


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    made.thread.start()
    yield made
    made.held.set()
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def test_a_webhook_gets_the_secret_and_each_chat_in_order_again_until_it_takes_it(
    stand_in: StandIn, bot: RawBot, alice: Person, hook: Hook
) -> None:
    hook.refused = ["1", "1"]
    bot.call("setWebhook", url=hook.url, secret_token="s-1")
    for text in ("1", "2", "3"):
        alice.asks(text)
    stand_in.wait_for(lambda: not stand_in.world.updates.waiting)
    assert hook.received == [(text, "s-1") for text in ("1", "1", "1", "2", "3")]
    info = bot.call("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 503 Service Unavailable"


def test_a_slow_chat_does_not_hold_up_another_at_a_webhook(
    stand_in: StandIn, bot: RawBot, alice: Person, hook: Hook
) -> None:
    hook.held.clear()
    bot.call("setWebhook", url=hook.url)
    alice.asks("held 1")
    alice.asks("2")
    stand_in.person("Bob").asks("3")
    stand_in.wait_for(lambda: "3" in hook.texts())
    assert "2" not in hook.texts()
    hook.held.set()
    stand_in.wait_for(lambda: "2" in hook.texts())


def test_a_webhook_that_is_away_gets_everything_when_it_is_back(
    stand_in: StandIn, bot: RawBot, alice: Person, hook: Hook
) -> None:
    bot.call("setWebhook", url="http://127.0.0.1:9/nobody")
    alice.asks("1")
    stand_in.wait_for(lambda: stand_in.webhooks.failures)
    assert "Connection failed" in bot.call("getWebhookInfo")["last_error_message"]
    bot.call("setWebhook", url=hook.url)
    stand_in.wait_for(lambda: hook.texts() == ["1"])


def test_everything_ends_with_the_stand_in_even_a_poll() -> None:
    before = threading.active_count()
    with ThreadPoolExecutor() as pool:
        with StandIn() as stand_in, RawBot(stand_in) as bot:
            poll = pool.submit(bot.call, "getUpdates", timeout=40)
            stand_in.wait_for(lambda: stand_in.is_polled)
            begun = time.monotonic()
            stand_in.stop()
            assert poll.result(20) == []
        assert stand_in.calls("getUpdates")[0].started_seconds <= begun
    assert threading.active_count() == before
