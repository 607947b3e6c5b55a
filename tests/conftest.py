"""What holds for all tests: nothing reaches the network, and no test is judged by its time."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgresql import PostgreSQL, running_postgresql
from tests.stand_in.control import StandIn
from tests.stand_in.raw_bot import RawBot

# Read by the model libraries when they are imported, which is after this.
os.environ["HF_HUB_OFFLINE"] = "1"

settings.register_profile("footnote", deadline=None)
settings.load_profile("footnote")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the platform's folder for caches would hold in a folder of the tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server for all tests that need one, which are skipped where there is none."""
    with running_postgresql() as server:
        yield server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what asks for tests that take more than the others: minutes, and programs of their own."""
    parser.addoption("--milvus-cluster", metavar="PYTHON", help="run the tests of a cluster, by this Python")


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    """A server that takes Telegram's place, for one test."""
    with StandIn() as server:
        yield server


@pytest.fixture
def bot(stand_in: StandIn) -> Iterator[RawBot]:
    """A bot that calls the stand-in as a test says, and checks nothing itself."""
    with RawBot(stand_in) as raw:
        yield raw
