"""The log tells events on one line each, and neither the token nor what people ask, whoever logs."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Bot
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.request import HTTPXRequest

from bot.logs import EventLog, Logging, log_loop_exception
from bot.redaction import Redactor, error_text
from index.errors import FootnoteError

SECRET = "AAF-made-up-secret_0123456789abcdef"
TOKEN = f"123456789:{SECRET}"
QUESTION = "Who of my neighbours snores, \"loudly\" & sings 'well'?"


@contextmanager
def logging_to(
    stream: io.StringIO, *, as_json: bool = False, redactor: Redactor | None = None
) -> Iterator[None]:
    log = Logging(redactor or Redactor(TOKEN), as_json=as_json, stream=stream)
    log.start()
    try:
        yield
    finally:
        log.stop()


def lines_of(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def assert_clean(text: str) -> None:
    assert text, "nothing was logged at all"
    for secret in (TOKEN, SECRET, quote(TOKEN, safe=""), QUESTION, "neighbours"):
        assert secret not in text


def test_an_event_is_a_line_of_key_and_value() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        EventLog("bot.test").info("poll_failed", seconds=1.5, reason='it said "no"', again=True, nothing=None)
    (line,) = lines_of(stream)
    at, rest = line.split(" ", 1)
    assert at.startswith("at=20")
    assert rest == (
        "level=info by=bot.test event=poll_failed seconds=1.5 "
        r'reason="it said \"no\"" again=True nothing=None'
    )


def test_an_event_is_an_object_where_json_is_set() -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=True):
        EventLog("bot.test").warning("poll_failed", error=TelegramError("no"), seconds=1.5)
    (line,) = lines_of(stream)
    event = json.loads(line)
    assert event["event"] == "poll_failed"
    assert event["seconds"] == 1.5
    assert event["error"].startswith("TelegramError: no")


@given(st.text(), st.booleans())
def test_any_value_stays_on_its_line(value: str, as_json: bool) -> None:
    stream = io.StringIO()
    with logging_to(stream, as_json=as_json):
        EventLog("bot.test").info("something", value=value)
    assert len(lines_of(stream)) == 1
    if as_json:
        json.loads(stream.getvalue())


class _Silent(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ok": true, "result": []}')

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing to the tests' output."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Silent)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_httpx_logs_of_a_request_holds_no_token(address: str) -> None:
    async def request() -> None:
        async with HTTPXRequest() as telegram:
            await telegram.retrieve(f"{address}/bot{TOKEN}/getMe?text={quote(QUESTION)}")
            await telegram.retrieve(f"{address}/bot{quote(TOKEN, safe='')}/getMe")

    quiet, loud = io.StringIO(), io.StringIO()
    with logging_to(quiet):
        asyncio.run(request())
        assert quiet.getvalue() == ""
    with logging_to(loud):
        logging.getLogger("httpx").setLevel(logging.INFO)
        logging.getLogger("httpcore").setLevel(logging.DEBUG)
        asyncio.run(request())
    assert "HTTP Request" in loud.getvalue()
    assert_clean(loud.getvalue())


def test_a_handler_that_somebody_else_adds_gets_no_secret_either() -> None:
    stream, other = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(other)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("somebody.else")
    logger.addHandler(handler)
    try:
        with logging_to(stream):
            try:
                raise InvalidToken(f"The token `{TOKEN}` was rejected by the server.")
            except InvalidToken:
                logger.exception("Calling %s failed: %r", f"/bot{TOKEN}/getMe", QUESTION)
    finally:
        logger.removeHandler(handler)
    assert "Calling <str> failed: <str>" in other.getvalue()
    assert "InvalidToken" in other.getvalue()
    assert_clean(other.getvalue())
    assert_clean(stream.getvalue())


def test_the_bot_itself_may_be_logged() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        bot = Bot(TOKEN)
        EventLog("bot.test").info("started", bot=bot, shown=repr(bot))
        logging.getLogger("bot.test").info("It is %r", bot)
        logging.getLogger("telegram.ext").error(f"It is {bot!r}")
    assert len(lines_of(stream)) == 3
    assert "Bot[token=[token]]" in stream.getvalue()
    assert_clean(stream.getvalue())


def test_a_traceback_tells_where_and_not_what_with() -> None:
    def fail(question: str, token: str) -> None:
        local = f"{question} {token}"
        raise ValueError(local)

    stream = io.StringIO()
    with logging_to(stream):
        try:
            fail(QUESTION, TOKEN)
        except ValueError as error:
            EventLog("bot.test").error("failed", error=error)
    assert "ValueError at " in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()
    assert " fail" in stream.getvalue()
    assert_clean(stream.getvalue())


@pytest.mark.parametrize("as_json", [True, False])
def test_what_nobody_catches_is_logged_without_secrets(as_json: bool) -> None:
    def fail() -> None:
        raise RuntimeError(f"{QUESTION} {TOKEN}")

    async def lose_an_error() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_exception)
        loop.call_soon(fail)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    class Broken:
        def __del__(self) -> None:
            fail()

    stream = io.StringIO()
    with logging_to(stream, as_json=as_json):
        try:
            fail()
        except RuntimeError:
            sys.excepthook(*sys.exc_info())
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        Broken()
        asyncio.run(lose_an_error())
    assert len(lines_of(stream)) == 4
    for event in ("uncaught", "uncaught_in_thread", "unraisable", "loop_exception"):
        assert event in stream.getvalue()
    assert_clean(stream.getvalue())


def test_a_warning_of_python_is_a_line() -> None:
    stream = io.StringIO()
    with logging_to(stream), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn(f"old: {TOKEN}", DeprecationWarning, stacklevel=1)
    assert len(lines_of(stream)) == 1
    assert "DeprecationWarning" in stream.getvalue()
    assert_clean(stream.getvalue())


def test_a_line_that_cannot_be_written_is_not_printed_with_its_values() -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise ValueError(QUESTION)

    stream = io.StringIO()
    with logging_to(stream):
        EventLog("bot.test").info("something", value=Unprintable())
    assert stream.getvalue() == "level=error by=bot.logs event=line_lost logger=bot.test\n"


@pytest.mark.parametrize("arguments", [(QUESTION,), (1, QUESTION), ({"text": QUESTION},), (QUESTION, 2, 3)])
def test_of_another_library_only_the_template_and_numbers_are_told(arguments: tuple[object, ...]) -> None:
    stream = io.StringIO()
    with logging_to(stream):
        logging.getLogger("telegram.ext").error("Processing %s", *arguments)
        logging.getLogger("other").error("Took %d of %(text)s", *arguments)
        logging.getLogger("other").error(ValueError(QUESTION))
        logging.getLogger("other").error({"text": QUESTION})
    assert len(lines_of(stream)) == 4
    assert_clean(stream.getvalue())


def test_a_text_that_is_worked_on_is_kept_out_in_every_form() -> None:
    stream = io.StringIO()
    redactor = Redactor(TOKEN)
    with logging_to(stream, redactor=redactor), redactor.withholding([QUESTION]):
        for form in (QUESTION, repr(QUESTION), json.dumps(QUESTION), quote(QUESTION)):
            logging.getLogger("bot.test").warning(f"Asked: {form}")
            logging.getLogger("other").warning(f"Asked: {form}")
            EventLog("bot.test").info("asked", text=form)
    assert len(lines_of(stream)) == 12
    assert_clean(stream.getvalue())
    assert redactor.redact(QUESTION) == QUESTION  # afterwards it is only a text


@given(st.text(), st.text(), st.text(min_size=4))
def test_no_text_around_it_hides_a_secret(before: str, after: str, asked: str) -> None:
    redactor = Redactor(TOKEN)
    with redactor.withholding([asked]):
        for secret in (TOKEN, quote(TOKEN, safe=""), TOKEN.replace(":", "%3a"), SECRET):
            assert secret not in redactor.redact(f"{before}{secret}{after}")
        if len(asked.strip()) >= 4 and asked.strip() not in "[token][text]":
            assert asked.strip() not in redactor.redact(f"\0{asked}\0")


def test_another_bots_token_is_a_secret_too() -> None:
    assert Redactor().redact(f"/bot987654321:{'B' * 35}/getMe") == "/bot[token]/getMe"


def test_messages_of_errors_are_told_only_where_they_hold_nothing_of_a_person() -> None:
    def failing() -> None:
        try:
            raise UnicodeEncodeError("utf-8", QUESTION, 0, 1, "surrogates not allowed")
        except UnicodeEncodeError as error:
            raise NetworkError(f"Unknown error in HTTP implementation: {error!r}") from error

    with pytest.raises(NetworkError) as caught:
        failing()
    assert error_text(caught.value) == (
        "NetworkError: Unknown error in HTTP implementation <- UnicodeEncodeError"
    )
    unparsed = NetworkError(f"Bad Gateway (502). Parsing the server response b'{QUESTION}' failed")
    assert error_text(unparsed) == "NetworkError: Bad Gateway (502)"
    assert error_text(FootnoteError("The index is gone.")) == "FootnoteError: The index is gone."
    assert error_text(FileNotFoundError(2, "No such file", QUESTION)) == "FileNotFoundError: No such file"


def test_stopping_leaves_logging_as_it_was() -> None:
    before = (logging.getLogRecordFactory(), sys.excepthook, sys.unraisablehook, logging.getLogger().level)
    with logging_to(io.StringIO()):
        assert logging.getLogRecordFactory() is not before[0]
    assert (
        logging.getLogRecordFactory(),
        sys.excepthook,
        sys.unraisablehook,
        logging.getLogger().level,
    ) == before
