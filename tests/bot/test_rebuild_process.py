"""The process of a rebuild tells enough and not too much, and gets no secret and one core."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.composition import Place
from bot.rebuild_environment import rebuild_command, rebuild_environment
from bot.rebuild_events import Failed, Judged, Message, Phase, Progress, from_line, to_line
from bot.rebuild_process import ProgressLines, is_worse
from bot.settings import Settings, read_settings
from index.types import BuildReport, SkippedFile

numbers = st.floats(0, 1e9)
counts = st.integers(0, 10**9)
files = st.lists(st.builds(SkippedFile, st.text(), st.text()), max_size=3).map(tuple)
reports = st.builds(
    BuildReport,
    generation=st.text(),
    switched=st.booleans(),
    articles=counts,
    passages=counts,
    sentences=counts,
    articles_added=counts,
    articles_changed=counts,
    articles_removed=counts,
    passages_reused=counts,
    skipped=files,
    notices=files,
    elapsed_seconds=numbers,
)
messages = st.one_of(
    st.builds(
        Progress, st.sampled_from(get_args(Phase)), counts, counts, numbers, st.one_of(st.none(), numbers)
    ),
    st.builds(
        Judged,
        reports,
        st.booleans(),
        st.one_of(st.none(), numbers),
        st.none(),
        st.booleans(),
        st.lists(st.text(), max_size=3).map(tuple),
    ),
    st.builds(Failed, st.text()),
)


@given(messages)
def test_a_message_comes_back_from_its_line(message: Message) -> None:
    line = to_line(message)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert from_line(line) == message
    assert from_line(f"{line}\n") == message


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Loading weights: 100%",
        "7",
        "[]",
        "{}",
        "[" * 100_000,
        '{"event": "Progress"}',
        '{"event": "Judged", "report": 7}',
        '{"event": "Judged", "report": {"skipped": [], "notices": []}, "is_new": true}',
        '{"event": "Failed", "reason": "x", "more": 1}',
        '{"event": ["Failed"], "reason": "x"}',
    ],
)
def test_any_other_line_is_no_message(line: str) -> None:
    assert from_line(line) is None


@given(st.text())
def test_no_text_at_all_makes_reading_a_line_fail(line: str) -> None:
    assert from_line(line) is None


def test_progress_is_told_now_and_then_and_at_the_ends() -> None:
    now = 0.0
    told: list[Progress] = []
    lines = ProgressLines(told.append, lambda: now)
    for done in range(101):
        lines.tell("embedding", done, 100)
        now += 0.05
    lines.tell("writing", 0, 4)
    places = [progress.done for progress in told]
    assert places[0] == 0
    assert places[-2:] == [100, 0]
    assert 20 <= len(told) <= 30
    assert told[0].seconds_left is None
    assert all(
        progress.seconds_left == pytest.approx((100 - progress.done) * 0.05) for progress in told[1:-1]
    )
    assert told[-1].phase == "writing"
    assert told[-1].elapsed_seconds == pytest.approx(5.05)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (0.9, 0.87, True),
        (0.9, 0.88, False),
        (0.9, 0.95, False),
        (0.5, 0.0, True),
        (None, 0.1, False),
        (0.9, None, False),
        (None, None, False),
    ],
)
def test_worse_is_a_fall_by_more_than_the_margin(
    before: float | None, after: float | None, worse: bool
) -> None:
    assert is_worse(before, after, 0.02) is worse


def test_the_process_is_this_python_and_imports_nothing_from_the_current_folder() -> None:
    command = rebuild_command(Place(Path("articles"), Path("index"), read_settings()))
    assert command[:2] == [sys.executable, "-P"]
    assert command[-4:] == ["--articles", "articles", "--index", "index"]


def test_the_process_gets_the_settings_but_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "123456789:AAF-made-up-secret_0123456789abcdef"
    monkeypatch.setenv("FOOTNOTE_TOKEN", secret)
    monkeypatch.setenv("footnote_database_url", "postgresql+asyncpg://footnote:secret@localhost/footnote")
    monkeypatch.setenv("footnote_encoder", "another")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    settings = Settings(encoder="mine", worse_margin=0.1, query_prompt="")
    environment = rebuild_environment(settings)
    assert secret not in str(environment)
    assert "secret@" not in str(environment)
    assert environment["FOOTNOTE_ENCODER"] == "mine"
    assert "footnote_encoder" not in environment
    assert environment["FOOTNOTE_WORSE_MARGIN"] == "0.1"
    assert environment["FOOTNOTE_QUERY_PROMPT"] == ""
    assert "FOOTNOTE_PASSAGE_PROMPT" not in environment
    assert environment["OMP_NUM_THREADS"] == "1"
