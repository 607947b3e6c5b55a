"""The README is true: its settings are those that there are, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from bot.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_table_and_no_other() -> None:
    table = [line.split("|")[1] for line in README.splitlines() if line.startswith("| `FOOTNOTE_")]
    named = [name for cell in table for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(f"{PREFIX}{name}".upper() for name in Settings.__struct_fields__)


def test_every_file_that_is_named_is_there() -> None:
    paths = re.findall(r"`((?:index|bot|corpus|tests|\.ci)/[\w./-]*)`", README)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_nothing_is_left_to_fill_in() -> None:
    assert "@@" not in README
