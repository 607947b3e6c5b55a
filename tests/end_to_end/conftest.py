"""A bot that runs, for the tests of each module: one process, one stand-in, one index for all.

A module that needs other settings overrides `bot_settings`, and one that changes articles or kills
its bot makes processes of its own with `BotProcess`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.commands import app
from tests.end_to_end.articles import write_articles
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.rules import assert_nothing_was_refused
from tests.stand_in.control import StandIn


@pytest.fixture(scope="session")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few short articles; tests that change them copy the folder."""
    folder = tmp_path_factory.mktemp("end-to-end") / "articles"
    write_articles(folder)
    return folder


@pytest.fixture(scope="session")
def index(articles: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `articles`, built once; tests that change it copy it."""
    folder = tmp_path_factory.mktemp("end-to-end") / "index"
    result = CliRunner().invoke(app, ["build", "--articles", str(articles), "--index", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    """The server that takes Telegram's place; at the end it has nothing to complain of."""
    with StandIn() as server:
        yield server
        assert_nothing_was_refused(server)


@pytest.fixture(scope="module")
def bot_settings() -> Mapping[str, str]:
    """The settings of the module's bot, as variables of the environment."""
    return {}


@pytest.fixture(scope="module")
def bot(
    stand_in: StandIn,
    articles: Path,
    index: Path,
    bot_settings: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[BotProcess]:
    """A bot that polls; at the end it stops as it should, and its log keeps every secret."""
    state = tmp_path_factory.mktemp("bot") / "state"
    with BotProcess(stand_in, articles, index, state, bot_settings).running() as process:
        yield process
    assert process.lines("handler_failed") == []
