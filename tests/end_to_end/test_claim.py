"""A bot without an admin is claimed once, by the code that its start printed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.phrases import phrases_for
from tests.end_to_end.bot_process import BotProcess
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person

ENGLISH = phrases_for("en")
_PRINTED = re.compile(r"/claim ([A-Z2-9]{8}) ")


@pytest.fixture
def unclaimed(stand_in: StandIn, articles: Path, index: Path, tmp_path: Path) -> Iterator[BotProcess]:
    """A bot of the test's own that nobody has claimed."""
    with BotProcess(stand_in, articles, index, tmp_path / "state").running() as process:
        yield process


def code_of(stand_in: StandIn, bot: BotProcess) -> str:
    """Return the code that was printed last."""
    return stand_in.wait_for(lambda: _PRINTED.findall(bot.output))[-1]


def typed(code: str) -> str:
    """Return what somebody writes who reads the code from another screen."""
    return f"/claim {code[:4].lower()}-{code[4:].lower()}"


def said_to(stand_in: StandIn, person: Person) -> Callable[[str], str]:
    return lambda text: stand_in.answer_to(person.asks(text)).text


def test_whoever_names_the_code_is_admin_from_then_on(stand_in: StandIn, unclaimed: BotProcess) -> None:
    ada, stan = stand_in.person("Ada"), stand_in.person("Stan")
    to_ada, to_stan = said_to(stand_in, ada), said_to(stand_in, stan)
    code = code_of(stand_in, unclaimed)
    assert to_ada("/status") == ENGLISH.admins_only
    assert to_ada("/claim") == ENGLISH.claim_usage
    assert to_stan("/claim AAAA-AAAA") == ENGLISH.claim_wrong.format(tries=4)
    group = stand_in.group("Club", stan)
    assert stand_in.answer_to(stan.writes(group, f"/claim@footnote_bot {code}")).text == ENGLISH.refused
    assert to_ada(typed(code)) == ENGLISH.claim_accepted
    mine = json.dumps({"chat_id": ada.user.id, "type": "chat"}, sort_keys=True)
    stand_in.wait_for(lambda: (mine, "") in stand_in.world.profile.commands)
    assert to_stan(typed(code)) == ENGLISH.claim_closed
    assert to_stan("/status") == ENGLISH.admins_only
    assert to_ada(typed(code)) == ENGLISH.claim_accepted
    printed = unclaimed.output
    unclaimed.restart()
    assert to_ada("/status").startswith("Generation: ")
    assert to_stan("/status") == ENGLISH.admins_only
    assert unclaimed.output == printed
    assert printed.count("/claim") == 1


def test_five_wrong_codes_lock_it_until_the_next_start(stand_in: StandIn, unclaimed: BotProcess) -> None:
    stan, ada = stand_in.person("Stan"), stand_in.person("Ada")
    to_stan, to_ada = said_to(stand_in, stan), said_to(stand_in, ada)
    code = code_of(stand_in, unclaimed)
    for left in (4, 3, 2, 1):
        assert to_stan("/claim AAAAAAAA") == ENGLISH.claim_wrong.format(tries=left)
    assert to_ada("/claim AAAAAAAA") == ENGLISH.claim_locked
    assert to_ada(typed(code)) == ENGLISH.claim_locked
    assert to_ada("/status") == ENGLISH.admins_only
    unclaimed.restart()
    stand_in.wait_for(lambda: len(_PRINTED.findall(unclaimed.output)) == 2)
    new = code_of(stand_in, unclaimed)
    assert to_ada(typed(code)) == ENGLISH.claim_wrong.format(tries=4)
    assert to_ada(typed(new)) == ENGLISH.claim_accepted
