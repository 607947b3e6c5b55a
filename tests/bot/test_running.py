"""`footnote run` as a process of its own, against a Bot API server on loopback."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.bot.test_processes import environment
from tests.stand_in.control import StandIn


@contextmanager
def running(
    stand_in: StandIn, corpus: Path, index: Path, state: Path, *options: str, **settings: str
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "bot", "run", "--articles", str(corpus), "--index", str(index)),
            *("--no-build", *options),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={
            **environment(),
            "FOOTNOTE_TOKEN": stand_in.token,
            "FOOTNOTE_BOT_API_URL": stand_in.url,
            "FOOTNOTE_STATE": str(state),
            **settings,
        },
    )
    assert process.stderr is not None
    try:
        yield process
    finally:
        process.kill()
        if not process.stderr.closed:
            sys.stderr.write(process.communicate()[1])  # Shown where the test fails.


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def assert_keeps_secrets(stand_in: StandIn, text: str) -> None:
    assert stand_in.token.split(":")[1] not in text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_until_a_signal_asks_to_end(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path, number: signal.Signals
) -> None:
    with running(stand_in, corpus, built_index, tmp_path) as process:
        ann = stand_in.person("Ann")
        question = "At how many degrees is green tea brewed?"
        asked = ann.asks(question)
        answer = stand_in.answer_to(asked, timeout_seconds=60)
        poisoned = stand_in.poison()
        stand_in.wait_for(lambda: stand_in.is_confirmed(poisoned))
        process.send_signal(number)
        status, output, errors = ended(process)
    assert "80 degrees" in answer.content.text
    assert status == 0, errors
    assert re.search(r"/claim [A-Z2-9]{8} ", output)
    (serving,) = [line for line in errors.splitlines() if "event=serving" in line]
    assert re.search(r"bot=@footnote_bot articles=2 passages=\d+ generation=\S+$", serving)
    assert "event=update_skipped" in errors
    assert "event=ended" in errors.splitlines()[-1]
    assert question not in errors
    assert "degrees" not in errors
    assert_keeps_secrets(stand_in, output + errors)


def test_where_there_is_an_admin_no_code_is_printed_and_json_is_logged(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path
) -> None:
    settings = {"FOOTNOTE_ADMINS": "12345", "FOOTNOTE_LOG_JSON": "1"}
    with running(stand_in, corpus, built_index, tmp_path, **settings) as process:
        stand_in.wait_for(lambda: stand_in.is_polled, timeout_seconds=60)
        process.send_signal(signal.SIGTERM)
        status, output, errors = ended(process)
    assert (status, output) == (0, "")
    assert "serving" in [json.loads(line)["event"] for line in errors.splitlines()]


def test_a_refused_token_ends_the_start_in_one_sentence(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path
) -> None:
    token = "987654321:this-is-no-token-of-anybodys"
    with running(stand_in, corpus, built_index, tmp_path, FOOTNOTE_TOKEN=token) as process:
        status, output, errors = ended(process)
    assert (status, output) == (1, "")
    assert errors.startswith("Telegram refuses the token in FOOTNOTE_TOKEN (not shown here);")
    assert errors.count("\n") == 1


def test_without_a_token_it_says_where_to_get_one(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path
) -> None:
    with running(stand_in, corpus, built_index, tmp_path, FOOTNOTE_TOKEN="") as process:
        status, _, errors = ended(process)
    assert status == 1
    assert errors.startswith("The setting FOOTNOTE_TOKEN is not set; ")
    assert "@BotFather" in errors


def test_a_state_that_cannot_be_written_is_told(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path
) -> None:
    state = tmp_path / "file"
    state.write_text("not a folder", encoding="utf-8")
    with running(stand_in, corpus, built_index, state) as process:
        status, _, errors = ended(process)
    assert status == 1
    assert "FOOTNOTE_STATE" in errors


def test_a_second_process_of_the_same_bot_is_told(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path
) -> None:
    with running(stand_in, corpus, built_index, tmp_path):
        stand_in.wait_for(lambda: stand_in.is_polled, timeout_seconds=60)
        with running(stand_in, corpus, built_index, tmp_path) as second:
            status, _, errors = ended(second)
    assert status == 1
    assert errors.startswith("Another process answers as @footnote_bot with the state in ")


def test_a_webhook_is_taken_away_only_where_that_is_said(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path
) -> None:
    address = f"{stand_in.url}/bot{stand_in.token}/setWebhook"
    assert httpx.post(address, data={"url": "https://example.org/hook"}).json()["ok"]
    with running(stand_in, corpus, built_index, tmp_path) as process:
        status, _, errors = ended(process)
    assert status == 1
    assert errors.startswith("A webhook is set for @footnote_bot")
    assert "--take-over" in errors
    assert stand_in.calls("deleteWebhook") == []
    with running(stand_in, corpus, built_index, tmp_path, "--take-over"):
        stand_in.wait_for(lambda: stand_in.is_polled, timeout_seconds=60)
    assert len(stand_in.calls("deleteWebhook")) == 1


def test_what_was_asked_while_it_was_down_is_answered_and_nothing_twice(
    stand_in: StandIn, corpus: Path, built_index: Path, tmp_path: Path
) -> None:
    ann = stand_in.person("Ann")
    with running(stand_in, corpus, built_index, tmp_path) as process:
        stand_in.answer_to(ann.asks("How is tea stored?"), timeout_seconds=60)
        process.send_signal(signal.SIGTERM)
        ended(process)
    asked = ann.asks("What is bread baked from?")
    with running(stand_in, corpus, built_index, tmp_path) as process:
        answer = stand_in.answer_to(asked, timeout_seconds=60)
        process.send_signal(signal.SIGTERM)
        ended(process)
    assert "flour" in answer.content.text
    assert len(ann.chat.from_bot) == 2


_SIGNALLED_EARLY = """
import os, signal, sys

class Ending:
    def find_spec(self, name, path=None, target=None):
        if name == "bot.commands":
            os.kill(os.getpid(), signal.SIGTERM)
        return None

from bot import cli
sys.meta_path.insert(0, Ending())
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
sys.argv = ["footnote", "run"]
cli.main()
"""
"""Sends itself SIGTERM where the first of what takes long is imported. As the first process of a container
it would not be sent the signal at all while that has its default meaning."""


def test_it_ends_in_order_when_asked_to_before_anything_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SIGNALLED_EARLY],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")
