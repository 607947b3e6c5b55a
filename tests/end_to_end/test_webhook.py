"""One process that Telegram sends updates to, with its state in a file; and the way there and back."""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.phrases import phrases_for
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.rules import assert_nothing_was_refused
from tests.end_to_end.test_replicas import free_port
from tests.stand_in.control import StandIn

ENGLISH = phrases_for("en")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server
        assert_nothing_was_refused(server)


def hooked(stand_in: StandIn, articles: Path, index: Path, state: Path, port: int) -> BotProcess:
    """Return a process that takes updates in at a port."""
    settings = {"FOOTNOTE_WEBHOOK_LISTEN": f"127.0.0.1:{port}"}
    options = ("--no-build", "--webhook", f"http://127.0.0.1:{port}/telegram")
    return BotProcess(stand_in, articles, index, state, settings, options)


def polling(stand_in: StandIn, articles: Path, index: Path, state: Path, *options: str) -> BotProcess:
    """Return a process that polls."""
    return BotProcess(stand_in, articles, index, state, {}, ("--no-build", *options))


def test_from_polling_to_a_webhook_and_back_no_question_is_lost(
    stand_in: StandIn, articles: Path, index: Path, tmp_path: Path
) -> None:
    ann, port, state = stand_in.person("Ann"), free_port(), tmp_path / "state"
    webhook = hooked(stand_in, articles, index, state, port)
    again = polling(stand_in, articles, index, state)
    back = polling(stand_in, articles, index, state, "--take-over")
    try:
        webhook.start()
        assert stand_in.answer_to(ann.asks("How is bread stored?"))
        (call,) = stand_in.calls("setWebhook")
        assert {"message", "callback_query", "inline_query"} <= set(call.values["allowed_updates"])
        assert int(call.values["max_connections"]) == 40
        # It is asked for things that it must not do, through a real connection.
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("POST", "/telegram", headers={"Content-Length": "999999999"})
        assert connection.getresponse().status == 403
        connection.close()
        webhook.stop()
        asked = ann.asks("How long is white tea brewed?")
        with pytest.raises(AssertionError, match="A webhook is set for @footnote_bot"):
            again.start()
        back.start()
        assert "five minutes" in stand_in.answer_to(asked).text
        back.stop()
        webhook.assert_keeps_secrets()
        assert len(ann.chat.from_bot) == 2
        assert stand_in.webhooks.url == ""
    finally:
        for each in (webhook, again, back):
            each.discard()


def test_a_port_that_is_taken_is_told_in_a_sentence(
    stand_in: StandIn, articles: Path, index: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = hooked(stand_in, articles, index, tmp_path / "state", taken.getsockname()[1])
        try:
            with pytest.raises((AssertionError, subprocess.TimeoutExpired), match="it ended with 1"):
                process.start()
        finally:
            process.discard()
    assert "There is no listening at 127.0.0.1" in process.errors
    assert "FOOTNOTE_WEBHOOK_LISTEN" in process.errors
