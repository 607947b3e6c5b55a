"""Settings come from the environment and `.env`, and a wrong one is named in one sentence."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

import pytest
from pydantic import ValidationError

from bot.settings import SettingError, Settings, read_settings

SECRET: Final = "AAF-made-up-secret_0123456789abcdef"
TOKEN: Final = f"12345:{SECRET}"


def test_without_settings_the_defaults_are_left_to_the_parts() -> None:
    assert read_settings() == Settings()
    settings = read_settings()
    assert settings.bot_api_url == "https://api.telegram.org"
    assert (settings.admins, settings.allowed_chats) == (frozenset(), None)
    assert (settings.keep_questions_days, settings.worse_margin) == (30, 0.02)
    assert (settings.queue_size, settings.question_seconds, settings.log_json) == (64, 10.0, False)
    assert settings.webhook_listen == "127.0.0.1:8080"
    assert (settings.milvus_replicas, settings.milvus_alias, settings.milvus_leave) == (1, "footnote", False)
    others = settings.model_dump(
        exclude={
            "bot_api_url",
            "admins",
            "keep_questions_days",
            "worse_margin",
            "queue_size",
            "question_seconds",
            "log_json",
            "webhook_listen",
            "milvus_replicas",
            "milvus_alias",
            "milvus_leave",
        }
    )
    assert set(others.values()) == {None}


def test_the_environment_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(
        'FOOTNOTE_ENCODER=from-file\nFOOTNOTE_ANSWERING_THRESHOLD=0.4\nFOOTNOTE_QUERY_PROMPT="query: "\n'
        "OTHER=1\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("FOOTNOTE_ENCODER", "from-environment")
    settings = read_settings()
    assert settings.encoder == "from-environment"
    assert settings.answering_threshold == 0.4
    assert settings.query_prompt == "query: "


def test_an_empty_value_is_not_set_but_an_empty_prompt_is_no_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(f"FOOTNOTE_{name.upper()}", "")
    assert read_settings() == Settings(query_prompt="", passage_prompt="")


@pytest.mark.parametrize("uri", ["http://milvus:19530", "https://a.example", "/data/lite.db", "lite.db"])
def test_a_milvus_has_an_address_or_a_file(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("FOOTNOTE_MILVUS_URI", f" {uri} ")
    assert read_settings().milvus_uri == uri


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MILVUS_URI", "milvus:19530", "an address such as http://milvus:19530"),
        ("MILVUS_URI", "http://me:secret@milvus:19530", "FOOTNOTE_MILVUS_TOKEN"),
        ("MILVUS_URI", "tcp://milvus/x.db", "an address such as"),
        ("MILVUS_URI", "http://[milvus", "an address such as"),
        ("MILVUS_ALIAS", "my bot", "letters, digits and underscores"),
        ("MILVUS_REPLICAS", "0", "greater than or equal to 1"),
    ],
)
def test_a_milvus_that_cannot_be_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"FOOTNOTE_{name}", value)
    with pytest.raises(SettingError, match=f"FOOTNOTE_{name} is .*{expected}"):
        read_settings()


def test_a_milvus_token_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_MILVUS_TOKEN", SECRET)
    assert SECRET not in f"{read_settings()!r} {read_settings()}"


def test_a_folder_may_be_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ARTICLES", "~/articles")
    assert read_settings().articles == Path.home() / "articles"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read_settings().encoder = "other"  # type: ignore[misc]


def test_ids_are_numbers_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ADMINS", "12345, 67890,")
    monkeypatch.setenv("FOOTNOTE_ALLOWED_CHATS", "-1001234567890 12345")
    settings = read_settings()
    assert settings.admins == {12345, 67890}
    assert settings.allowed_chats == {-1001234567890, 12345}


def test_the_token_is_read_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_TOKEN", f" {TOKEN}\n")
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", f"postgresql+asyncpg://me:{SECRET}@host/footnote")
    settings = read_settings()
    assert settings.token is not None
    assert settings.token.get_secret_value() == TOKEN
    for shown in (repr(settings), str(settings)):
        assert SECRET not in shown


@pytest.mark.parametrize("value", [f"{SECRET}", f"12345 {SECRET}", f"12345:{SECRET}!", f"12345:{SECRET}/é"])
def test_a_wrong_token_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("FOOTNOTE_TOKEN", value)
    with pytest.raises(SettingError) as caught:
        read_settings()
    assert str(caught.value) == (
        "The setting FOOTNOTE_TOKEN is not shown here; expected a bot's token as @BotFather gave it, digits "
        "and letters about a colon; set it right or leave it out."
    )
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_token_is_not_shown_where_another_setting_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_TOKEN", TOKEN)
    monkeypatch.setenv("FOOTNOTE_QUEUE_SIZE", "many")
    with pytest.raises(SettingError, match="FOOTNOTE_QUEUE_SIZE is 'many'") as caught:
        read_settings()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_the_address_of_the_bot_api_has_no_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_BOT_API_URL", "http://127.0.0.1:8081/")
    assert read_settings().bot_api_url == "http://127.0.0.1:8081"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADMINS", "@somebody"),
        ("ADMINS", "-1001234567890"),
        ("ADMINS", "12.5"),
        ("ALLOWED_CHATS", "everyone"),
        ("ALLOWED_CHATS", "9" * 30),
        ("BOT_API_URL", "api.telegram.org"),
        ("BOT_API_URL", "https://"),
        ("BOT_API_URL", "https://host/{token}"),
        ("BOT_API_URL", "https://[host"),
        ("QUEUE_SIZE", "0"),
        ("QUESTION_SECONDS", "0"),
        ("QUESTION_SECONDS", "nan"),
        ("KEEP_QUESTIONS_DAYS", "-1"),
        ("WORSE_MARGIN", "2"),
        ("LOG_JSON", "perhaps"),
        ("ANSWERING_THRESHOLD", "1.5"),
        ("ANSWERING_THRESHOLD", "nan"),
        ("ANSWERING_THRESHOLD", "high"),
        ("SECOND_LOOK_MS", "-1"),
        ("SECOND_LOOK_MS", "inf"),
        ("SECOND_LOOK_MS", "x" * 10_000),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FOOTNOTE_{name}", value)
    with pytest.raises(SettingError) as caught:
        read_settings()
    message = str(caught.value)
    assert message.startswith(f"The setting FOOTNOTE_{name} is '{value[:60]}")
    assert message.endswith("set it right or leave it out.")
    assert "Value error" not in message
    assert len(message) < 250


@pytest.mark.parametrize("in_file", [True, False])
def test_an_unknown_setting_is_named_with_the_one_that_is_meant(
    monkeypatch: pytest.MonkeyPatch, in_file: bool
) -> None:
    if in_file:
        Path(".env").write_text("FOOTNOTE_ENCODR=x\n", encoding="utf-8")
    else:
        monkeypatch.setenv("FOOTNOTE_ENCODR", "x")
    with pytest.raises(SettingError, match="no setting FOOTNOTE_ENCODR; perhaps FOOTNOTE_ENCODER is meant"):
        read_settings()


def test_a_file_that_is_not_utf_8_is_told() -> None:
    Path(".env").write_bytes(b"FOOTNOTE_ENCODER=\xff\xfe\n")
    with pytest.raises(SettingError, match=r"\.env in the current folder cannot be read \(not UTF-8\)"):
        read_settings()
