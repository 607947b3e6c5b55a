"""Every test of `bot` begins in an empty folder, with none of this machine's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.commands import app


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Take settings and colours out of the environment, and go where no `.env` is."""
    for name in [*os.environ]:
        if name.upper().startswith("FOOTNOTE_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    monkeypatch.chdir(tmp_path_factory.mktemp("current"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short articles, one with a url and a date."""
    folder = tmp_path_factory.mktemp("articles")
    (folder / "tea.md").write_text(
        "---\ntitle: Tea\nurl: https://example.org/tea\npublished: 2024-05-01\n---\n\n"
        "# Tea\n\nTea is made of the leaves of Camellia sinensis. Green tea is brewed at 80 degrees.\n\n"
        "## Storing\n\nTea is stored in a dark tin, away from spices. It keeps for two years.\n",
        encoding="utf-8",
    )
    (folder / "bread.txt").write_text(
        "Bread is baked from flour, water and salt.\n\n"
        "Sourdough rises by wild yeast, without any other leaven.\n",
        encoding="utf-8",
    )
    return folder


@pytest.fixture(scope="session")
def built_index(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `corpus`, built once; tests that change it copy it."""
    folder = tmp_path_factory.mktemp("index")
    result = CliRunner().invoke(app, ["build", "--articles", str(corpus), "--index", str(folder)])
    assert result.exit_code == 0, result.output
    return folder
