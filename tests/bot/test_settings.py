"""Settings come from the environment and `.env`, and a wrong one is named in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import SettingError, Settings, read_settings


def test_without_settings_the_defaults_are_left_to_the_parts() -> None:
    assert read_settings() == Settings()
    assert all(value is None for value in read_settings().model_dump().values())


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
    given = {name: value for name, value in read_settings().model_dump().items() if value is not None}
    assert given == {"query_prompt": "", "passage_prompt": ""}


def test_a_folder_may_be_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ARTICLES", "~/articles")
    assert read_settings().articles == Path.home() / "articles"


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        read_settings().encoder = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
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
