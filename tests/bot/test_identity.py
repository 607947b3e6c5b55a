"""Before anything is loaded, Telegram is asked who the bot is and whether it may poll."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from telegram.error import NetworkError

from bot.identity import BotIdentity, BotRefusedError, TokenRefusedError, WebhookSetError, identify
from tests.bot.recording import ME, RecordedTelegram, bot_on, refusal

NO_WEBHOOK: dict[str, Any] = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
WEBHOOK = NO_WEBHOOK | {"url": "https://example.org/hook"}
ALL_ON = ME | {
    "can_join_groups": True,
    "can_read_all_group_messages": True,
    "supports_inline_queries": True,
}


@pytest.fixture(autouse=True)
def time_spans_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


def identified(
    telegram: RecordedTelegram, *, take_over: bool = False, slept: list[float] | None = None
) -> BotIdentity:
    async def sleep(seconds: float) -> None:
        if slept is not None:
            slept.append(seconds)

    async def run() -> BotIdentity:
        telegram.scripts.setdefault("getWebhookInfo", [NO_WEBHOOK])
        return await identify(bot_on(telegram), take_over=take_over, sleep=sleep)

    return asyncio.run(run())


def test_the_bot_is_who_telegram_says() -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getMe"] = [ALL_ON]
    assert identified(telegram) == BotIdentity(ME["id"], "footnote_bot", ())


def test_what_is_off_is_told_with_how_to_switch_it_on() -> None:
    telegram = RecordedTelegram()
    off = dict.fromkeys(("can_join_groups", "can_read_all_group_messages", "supports_inline_queries"), False)
    telegram.scripts["getMe"] = [ALL_ON | off]
    inline, groups, privacy = identified(telegram).hints
    assert "/setinline" in inline
    assert "/setjoingroups" in groups
    assert "/setprivacy" in privacy


@pytest.mark.parametrize(("status", "description"), [(401, "Unauthorized"), (404, "Not Found")])
def test_a_refused_token_is_told_in_a_sentence_without_it(status: int, description: str) -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getMe"] = [refusal(status, description)]
    with pytest.raises(TokenRefusedError, match="Telegram refuses the token in FOOTNOTE_TOKEN") as caught:
        identified(telegram)
    assert "AAF-made-up" not in str(caught.value)


def test_a_bot_that_is_logged_in_elsewhere_is_told() -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getMe"] = [refusal(400, "Logged out")]
    with pytest.raises(BotRefusedError, match=r"refuses the bot: Logged out; .* FOOTNOTE_BOT_API_URL"):
        identified(telegram)


def test_telegram_is_waited_for_where_it_cannot_be_reached() -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getMe"] = [NetworkError("gone"), refusal(429, "Too Many", retry_after=9), ALL_ON]
    slept: list[float] = []
    assert identified(telegram, slept=slept).bot_id == ME["id"]
    assert len(slept) == 2
    assert slept[1] == 9.0


def test_a_webhook_is_left_alone() -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getWebhookInfo"] = [WEBHOOK]
    with pytest.raises(WebhookSetError, match="start with --take-over"):
        identified(telegram)
    assert telegram.of("deleteWebhook") == []


def test_a_webhook_is_taken_away_where_that_is_said() -> None:
    telegram = RecordedTelegram()
    telegram.scripts["getWebhookInfo"] = [WEBHOOK]
    identified(telegram, take_over=True)
    (call,) = telegram.of("deleteWebhook")
    assert "drop_pending_updates" not in call.parameters


def test_nothing_is_taken_away_where_there_is_no_webhook() -> None:
    telegram = RecordedTelegram()
    identified(telegram, take_over=True)
    assert telegram.of("deleteWebhook") == []
