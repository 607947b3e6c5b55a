"""The webhook's address is one that Telegram sends to, and its secret is nobody's to guess or to set."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.setting_values import Secret
from bot.settings import SettingError, Settings, read_settings
from bot.webhook_address import WebhookAddress, webhook_address, webhook_secret

TOKEN = "12345:made-up-secret"


def address(url: str | None, **settings: Any) -> WebhookAddress | None:
    return webhook_address(Settings(webhook=url, **settings))


def test_without_one_updates_are_polled_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert address(None) is None
    monkeypatch.setenv("FOOTNOTE_WEBHOOK", "  ")
    assert webhook_address(read_settings()) is None


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://bot.example.org/telegram", "/telegram"),
        ("https://bot.example.org:8443/a/b", "/a/b"),
        ("https://bot.example.org", "/"),
    ],
)
def test_the_path_of_the_address_is_what_is_served(url: str, path: str) -> None:
    assert address(url) == WebhookAddress(url, path, "127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("bot.example.org", "expected an address"),
        ("https:///telegram", "expected an address"),
        ("https://bot.example.org:x/", "expected an address"),
        ("https://bot.example.org/a b", "expected an address"),
        ("http://bot.example.org/", "begins with https://"),
        ("ftp://bot.example.org/", "begins with https://"),
        ("https://bot.example.org:8080/", "443, 80, 88 and 8443"),
        ("https://bot.example.org/?a=b", "without a query"),
        ("https://me@bot.example.org/", "and a name"),
        ("https://bot.example.org/readyz", "another path"),
        (f"https://bot.example.org/{'x' * 2_000}", "expected an address"),
    ],
)
def test_what_telegram_would_not_send_to_is_refused(url: str, expected: str) -> None:
    with pytest.raises(SettingError, match=expected):
        address(url)


def test_another_bot_api_server_may_send_without_tls_and_to_any_port() -> None:
    found = address("http://10.0.0.7:8081/hook", bot_api_url="http://10.0.0.1:8081")
    assert found is not None
    assert found.path == "/hook"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("0.0.0.0:80", "0.0.0.0", 80), ("[::1]:0", "::1", 0), ("bot:8080", "bot", 8080)],
)
def test_where_to_listen_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    found = address("https://bot.example.org", webhook_listen=text)
    assert found is not None
    assert (found.host, found.port) == (host, port)


@pytest.mark.parametrize("text", ["8080", ":8080", "host:", "host:x", "host:70000", "host:-1", "host:²"])
def test_where_there_is_no_listening_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="FOOTNOTE_WEBHOOK_LISTEN"):
        address("https://bot.example.org", webhook_listen=text)


@given(st.text())
def test_any_address_is_understood_or_refused(url: str) -> None:
    try:
        found = address(url)
    except SettingError:
        return
    assert found is None or found.path.startswith("/")


def test_the_secret_is_the_same_for_a_token_and_does_not_hold_it() -> None:
    settings = Settings(token=Secret(TOKEN))
    secret = webhook_secret(settings)
    assert secret == webhook_secret(Settings(token=Secret(TOKEN)))
    assert secret != webhook_secret(Settings(token=Secret(f"{TOKEN}2")))
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", secret)
    assert "made" not in secret
