"""Settings come from the environment and `.env`, and a wrong one is named in one sentence."""

from __future__ import annotations

import os
import threading
import traceback
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

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
    told = {
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
    others = [value for name, value in asdict(settings).items() if name not in told]
    assert set(others) == {None}


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
    for name in Settings.__struct_fields__:
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
        ("MILVUS_REPLICAS", "0", "a whole number from 1 to 64"),
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
    with pytest.raises(AttributeError, match="immutable"):
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
    assert settings.token.reveal() == TOKEN
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


@pytest.mark.parametrize(
    ("value", "is_so"),
    [("yes", True), ("ON", True), (" 1 ", True), ("t", True), ("False", False), ("0", False), ("n", False)],
)
def test_what_is_so_or_not_may_be_said_in_several_words(
    monkeypatch: pytest.MonkeyPatch, value: str, is_so: bool
) -> None:
    monkeypatch.setenv("FOOTNOTE_LOG_JSON", value)
    assert read_settings().log_json is is_so


@pytest.mark.parametrize(("text", "number"), [("0.5\n", 0.5), (".38", 0.38), ("1", 1.0), ("+.5", 0.5)])
def test_a_number_may_be_written_as_people_do(
    monkeypatch: pytest.MonkeyPatch, text: str, number: float
) -> None:
    monkeypatch.setenv("FOOTNOTE_ANSWERING_THRESHOLD", text)
    monkeypatch.setenv("FOOTNOTE_QUEUE_SIZE", " 012 ")
    settings = read_settings()
    assert (settings.queue_size, settings.answering_threshold) == (12, number)


@pytest.mark.parametrize("name", ["ANSWERING_THRESHOLD", "QUEUE_SIZE", "SECOND_LOOK_MS"])
@pytest.mark.parametrize("value", ["null", "\udcff", "0x10"])
def test_what_is_no_number_is_told(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FOOTNOTE_{name}", value)
    with pytest.raises(SettingError, match=f"FOOTNOTE_{name} is '.*'; expected a .*number"):
        read_settings()


@pytest.mark.parametrize("name", ["TOKEN", "DATABASE_URL"])
def test_a_secret_after_a_colon_in_the_file_is_not_told(name: str) -> None:
    Path(".env").write_text(f"FOOTNOTE_{name}:{TOKEN}\n", encoding="utf-8")
    with pytest.raises(SettingError, match=f"begins with FOOTNOTE_{name}, .* is no NAME=VALUE") as caught:
        read_settings()
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_name_alone_in_the_file_sets_nothing() -> None:
    Path(".env").write_text("FOOTNOTE_QUERY_PROMPT\nFOOTNOTE_QUEUE_SIZE\n", encoding="utf-8")
    assert read_settings() == Settings()


def test_the_file_may_be_a_named_pipe() -> None:
    os.mkfifo(".env")
    writer = threading.Thread(target=lambda: Path(".env").write_text("FOOTNOTE_ENCODER=mine\n"))
    writer.start()
    assert read_settings().encoder == "mine"
    writer.join()


def test_a_home_folder_of_nobody_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ARTICLES", "~nobody-of-that-name/articles")
    with pytest.raises(
        SettingError, match="FOOTNOTE_ARTICLES is '~nobody-of-that-name/articles'; expected a path"
    ):
        read_settings()


@given(
    name=st.sampled_from(Settings.__struct_fields__),
    value=st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"])
        | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF),
        max_size=40,
    ),
)
def test_any_text_is_a_value_or_told(name: str, value: str) -> None:
    told = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"FOOTNOTE_{name.upper()}", value)
        try:
            read_settings()
        except SettingError as error:
            told = str(error)
    assert told is None or told.startswith(f"The setting FOOTNOTE_{name.upper()} is ")


def test_a_file_that_is_not_utf_8_is_told() -> None:
    Path(".env").write_bytes(b"FOOTNOTE_ENCODER=\xff\xfe\n")
    with pytest.raises(SettingError, match=r"\.env in the current folder cannot be read \(not UTF-8\)"):
        read_settings()
