"""A running bot whose admin rebuilds its index, with the real build, while people ask."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

import bot as bot_package
from bot.callback_data import RebuildAction, RebuildPress
from bot.commands import app
from bot.phrases import phrases_for
from bot.rebuild_messages import EDIT_EVERY_SECONDS
from index.generation import IndexFolder
from tests.end_to_end.articles import write_articles
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.pressing import presses_old
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person
from tests.stand_in.records import Chat, Message

ENGLISH: Final = phrases_for("en")
OTTERBY: Final = "mill of Otterby"
BUILT: Final = "Who built the lighthouse of Hornby Head?"
REBUILD_SECONDS: Final = 120
_NAME: Final = re.compile(r"\d{8}T\d{6}Z-\w{6,}")

pytestmark = pytest.mark.usefixtures("bot", "as_at_first")


@pytest.fixture(scope="module")
def admin(stand_in: StandIn) -> Person:
    return stand_in.person("Ada")


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Articles of this module's own."""
    folder = tmp_path_factory.mktemp("admin") / "articles"
    write_articles(folder)
    return folder


@pytest.fixture(scope="module")
def index(articles: Path) -> Path:
    """Their index."""
    folder = articles.parent / "index"
    result = CliRunner().invoke(app, ["build", "--articles", str(articles), "--index", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file beside a program that every Python runs first: while it is there, builds crash."""
    folder = tmp_path_factory.mktemp("customized")
    program = (
        "import os, sys\n"
        f"if '--events' in sys.orig_argv and os.path.exists({str(folder / 'crash')!r}):\n"
        "    sys.stderr.write('Segmentation fault\\n')\n"
        "    sys.stderr.flush()\n"
        "    os._exit(7)\n"
    )
    (folder / "sitecustomize.py").write_text(program, encoding="utf-8")
    return folder / "crash"


@pytest.fixture(scope="module")
def bot_settings(admin: Person, crash: Path) -> Mapping[str, str]:
    paths = (str(crash.parent), str(Path(bot_package.__file__).parents[1]))
    return {"FOOTNOTE_ADMINS": str(admin.user.id), "PYTHONPATH": os.pathsep.join(paths)}


@pytest.fixture
def as_at_first(articles: Path, crash: Path) -> Iterator[None]:
    """Whatever a test does to the articles, the next one finds them as they were."""
    yield
    crash.unlink(missing_ok=True)
    shutil.rmtree(articles, ignore_errors=True)
    write_articles(articles)


def add_article(articles: Path, name: str) -> None:
    text = f"The mill of {name} grinds rye.\n\nIt was built in 1777 by a miller who came from afar.\n"
    (articles / f"{name}.txt").write_text(text, encoding="utf-8")


def add_many_articles(articles: Path) -> None:
    """Write as many as take a while to encode."""
    for number in range(300):
        sentences = (f"Sentence {each} of {number} is about tea {number * each}." for each in range(30))
        (articles / f"{number}.txt").write_text(" ".join(sentences), encoding="utf-8")


def write_golden(articles: Path) -> None:
    """Write a golden question, which the article about the lighthouse answers."""
    wanted = "1858"
    start = (articles / "lighthouse.txt").read_text(encoding="utf-8").index(wanted)
    span = {"article": "lighthouse", "start": start, "end": start + len(wanted), "text": wanted}
    golden = {"id": "1", "question": BUILT, "spans": [span]}
    (articles / "questions.jsonl").write_text(json.dumps(golden), encoding="utf-8")


def shows(stand_in: StandIn, message: Message, text: str) -> Message:
    """Wait until a message shows a text."""
    stand_in.wait_for(lambda: text in message.text, timeout_seconds=REBUILD_SECONDS)
    return message


def rebuilt(stand_in: StandIn, admin: Person, text: str) -> Message:
    """Rebuild, and return the message once it shows a text."""
    return shows(stand_in, stand_in.answer_to(admin.asks("/rebuild")), text)


def serving(index: Path) -> str:
    return IndexFolder(index).current_name()


def test_a_rebuild_is_shown_in_one_message_and_loses_no_question(
    stand_in: StandIn, admin: Person, articles: Path, index: Path
) -> None:
    asker = stand_in.person("Ann")
    stand_in.answer_to(asker.asks(BUILT))
    old = serving(index)
    add_article(articles, "Otterby")
    (articles / "bread.md").write_text("# Bread\n\nBread of rye is baked for two hours.\n", encoding="utf-8")
    (articles / "eisvogel.md").unlink()
    (articles / "broken.md").write_text("---\npublished: never\n---\n\n# B\n\nText.\n", encoding="utf-8")
    (articles / "empty.md").write_text("", encoding="utf-8")
    asked = admin.asks("/rebuild")
    message = stand_in.answer_to(asked)
    questions = []
    while not _NAME.search(message.text):
        questions.append(asker.asks(BUILT))
        assert "1858" in stand_in.answer_to(questions[-1]).text
    new = serving(index)
    assert old != new
    assert new in message.text
    assert len(asker.chat.from_bot) == len(questions) + 1
    assert OTTERBY in stand_in.answer_to(asker.asks(f"When was the {OTTERBY} built?")).text
    assert [each for each in admin.chat.from_bot if each.id >= asked.id] == [message]
    assert "empty.md" in message.text
    changes = r"^\+\d+ articles?, ~\d+ changed, -\d+ gone, \d+ of \d+ passages reused, \d+\.\d s$"
    assert re.search(changes, message.text, re.MULTILINE)

    assert stand_in.toast(admin.presses(message, ENGLISH.roll_back)) == ""
    shows(stand_in, message, ENGLISH.rolled_back.format(generation=old))
    assert serving(index) == old
    assert not message.keyboard
    assert OTTERBY not in stand_in.answer_to(asker.asks(f"When was the {OTTERBY} built?")).text
    again = presses_old(stand_in, admin, message, RebuildPress(RebuildAction.ROLL_BACK, new))
    assert stand_in.toast(again) == ENGLISH.rebuild_over
    assert serving(index) == old
    back = stand_in.answer_to(admin.asks("/rollback"))
    assert back.text == ENGLISH.rolled_back.format(generation=new)
    assert serving(index) == new


def test_one_rebuild_at_a_time_which_can_be_cancelled_by_an_admin_alone(
    stand_in: StandIn, admin: Person, articles: Path, index: Path
) -> None:
    old = serving(index)
    add_many_articles(articles)
    began = len(stand_in.calls("editMessageText"))
    message = rebuilt(stand_in, admin, ENGLISH.phase_embedding)
    second = stand_in.answer_to(admin.asks("/rebuild"))
    assert second.text == ENGLISH.rebuild_running
    assert second.reply_to is message
    assert stand_in.answer_to(admin.asks("/rollback")).text == ENGLISH.rebuild_running

    stranger = stand_in.person("Stan")
    assert stand_in.toast(stranger.presses(message, ENGLISH.cancel)) == ENGLISH.admins_only
    shows(stand_in, message, ENGLISH.time_left.split()[0])
    assert re.search(r"^[▰▱]{12} \d+% · [\d,]+ of [\d,]+$", message.text, re.M)
    press = RebuildPress(RebuildAction.CANCEL, "another")
    assert stand_in.toast(presses_old(stand_in, admin, second, press)) == ENGLISH.rebuild_over

    data = next(message.buttons()).value
    assert stand_in.toast(admin.presses(message, ENGLISH.cancel)) == ENGLISH.rebuild_cancelling
    again = presses_old(stand_in, admin, message, str(data))
    assert stand_in.toast(again) in (ENGLISH.rebuild_cancelling, ENGLISH.rebuild_over)
    shows(stand_in, message, ENGLISH.rebuild_cancelled)
    assert message.text.endswith(ENGLISH.still_answering.format(generation=old))
    assert not message.keyboard
    assert serving(index) == old
    late = presses_old(stand_in, admin, message, str(data))
    assert stand_in.toast(late) == ENGLISH.rebuild_over
    assert ENGLISH.rebuild_cancelled in message.text
    edits = [
        call.started_seconds
        for call in stand_in.calls("editMessageText")[began:]
        if call.values.get("message_id") == str(message.id)
    ]
    assert len(edits) >= 3
    assert all(later - earlier >= EDIT_EVERY_SECONDS for earlier, later in pairwise(edits))


def test_a_worse_index_is_used_only_where_an_admin_says_so(
    stand_in: StandIn, bot: BotProcess, admin: Person, articles: Path, index: Path
) -> None:
    write_golden(articles)
    old = serving(index)
    (articles / "lighthouse.txt").unlink()
    add_article(articles, "Ravenholt")
    first = rebuilt(stand_in, admin, ENGLISH.rebuild_worse)
    assert "100.0%" in first.text
    assert f"{ENGLISH.rebuild_lost}\n{BUILT}\n" in first.text
    assert [button.text for button in first.buttons()] == [ENGLISH.switch_anyway, ENGLISH.keep_current]
    assert serving(index) == old
    assert "1858" in stand_in.answer_to(stand_in.person("Ann").asks(BUILT)).text

    second = rebuilt(stand_in, admin, ENGLISH.rebuild_worse)
    stranger = stand_in.person("Stan")
    for label in (ENGLISH.switch_anyway, ENGLISH.keep_current):
        assert stand_in.toast(stranger.presses(second, label)) == ENGLISH.admins_only
        if first.button(label).value != second.button(label).value:
            # The first candidate is gone, so that its button must not approve the second.
            assert stand_in.toast(admin.presses(first, label)) == ENGLISH.rebuild_over
    assert serving(index) == old
    old_buttons = [str(button.value) for button in second.buttons()]
    # What is still to be decided can be decided after a restart, too.
    bot.restart()
    assert stand_in.toast(admin.presses(second, ENGLISH.keep_current)) == ""
    shows(stand_in, second, ENGLISH.rebuild_kept)
    for data in old_buttons:
        assert stand_in.toast(presses_old(stand_in, admin, second, data)) == ENGLISH.rebuild_over
    assert serving(index) == old

    third = rebuilt(stand_in, admin, ENGLISH.rebuild_worse)
    switch = str(third.button(ENGLISH.switch_anyway).value)
    assert stand_in.toast(admin.presses(third, ENGLISH.switch_anyway)) == ""
    shows(stand_in, third, ENGLISH.rebuild_done.partition("{")[0])
    new = serving(index)
    assert new in third.text
    assert new != old
    assert "100.0%" in third.text
    assert stand_in.toast(presses_old(stand_in, admin, third, switch)) == ENGLISH.rebuild_over
    assert "1858" not in stand_in.answer_to(stand_in.person("Ann").asks(BUILT)).text
    assert stand_in.toast(admin.presses(third, ENGLISH.roll_back)) == ""
    shows(stand_in, third, ENGLISH.rolled_back.format(generation=old))
    assert "1858" in stand_in.answer_to(stand_in.person("Ann").asks(BUILT)).text


def test_what_cannot_be_read_and_what_crashes_is_told_and_the_bot_goes_on(
    stand_in: StandIn, admin: Person, articles: Path, index: Path, crash: Path
) -> None:
    old = serving(index)
    shutil.rmtree(articles)
    failed = rebuilt(stand_in, admin, ENGLISH.rebuild_failed)
    assert str(articles) in failed.text
    assert failed.text.endswith(ENGLISH.still_answering.format(generation=old))
    write_articles(articles)
    crash.touch()
    failed = rebuilt(stand_in, admin, ENGLISH.rebuild_failed)
    assert "status 7" in failed.text
    assert "Segmentation fault" in failed.text
    assert "1858" in stand_in.answer_to(admin.asks(BUILT)).text
    assert serving(index) == old


def test_after_a_restart_a_button_says_that_the_rebuild_is_over(
    stand_in: StandIn, bot: BotProcess, admin: Person, articles: Path, index: Path
) -> None:
    add_many_articles(articles)
    message = rebuilt(stand_in, admin, ENGLISH.phase_embedding)
    bot.kill()
    bot.start()
    assert stand_in.toast(admin.presses(message, ENGLISH.cancel)) == ENGLISH.rebuild_over
    shows(stand_in, message, ENGLISH.still_answering.format(generation=serving(index)))
    assert not message.keyboard
    # Nor does the build go on that nobody follows any more: the next one can begin.
    rebuilt_again = stand_in.answer_to(admin.asks("/rebuild"))
    shows(stand_in, rebuilt_again, ENGLISH.phase_embedding)
    stand_in.toast(admin.presses(rebuilt_again, ENGLISH.cancel))
    shows(stand_in, rebuilt_again, ENGLISH.rebuild_cancelled)


def test_a_bot_that_is_asked_to_end_cancels_the_rebuild_and_says_so(
    stand_in: StandIn, bot: BotProcess, admin: Person, articles: Path, index: Path
) -> None:
    add_many_articles(articles)
    message = rebuilt(stand_in, admin, ENGLISH.phase_embedding)
    bot.stop()
    assert message.text.startswith(ENGLISH.rebuild_cancelled)
    assert not message.keyboard
    bot.start()
    folder = IndexFolder(index)
    with folder.building():
        assert folder.candidate_name() is None


def test_a_message_that_is_gone_is_sent_anew_at_the_end(
    stand_in: StandIn, admin: Person, articles: Path
) -> None:
    add_article(articles, "Selby")
    message = stand_in.answer_to(admin.asks("/rebuild"))
    admin.deletes(message)
    anew = stand_in.wait_for(
        lambda: next((each for each in admin.chat.from_bot if each.id > message.id), None),
        timeout_seconds=REBUILD_SECONDS,
    )
    assert anew is not None
    assert ENGLISH.rebuild_done.partition("{")[0] in anew.text
    assert anew.button(ENGLISH.roll_back)


def test_status_tells_how_things_stand(stand_in: StandIn, admin: Person, index: Path) -> None:
    stand_in.answer_to(admin.asks(BUILT))
    lines = stand_in.answer_to(admin.asks("/status")).text.splitlines()
    current = IndexFolder(index).current()
    assert lines[0].startswith(f"Generation: {current.name}, ")
    manifest = current.manifest
    assert lines[1] == f"Articles: {manifest.articles}, passages: {manifest.passages}"
    assert lines[2] == f"Model: {manifest.encoder.name}"
    assert lines[3].startswith("Running for: ")
    assert re.fullmatch(r"Answer times: half within \d+ ms, 95% within \d+ ms \(last \d+\)", lines[4])
    assert lines[5] == "Waiting questions: 0"


def test_gaps_tell_what_was_asked_in_vain_the_most_frequent_first(stand_in: StandIn, admin: Person) -> None:
    bert = stand_in.person("Bert")
    for question in ("Who won the chess match?", "How tall is Everest?", "who won the chess match"):
        assert ENGLISH.declining in stand_in.answer_to(bert.asks(question)).text
    stand_in.toast(bert.presses(stand_in.answer_to(bert.asks(BUILT)), "👍"))
    heading, *lines, votes = stand_in.answer_to(admin.asks("/gaps")).text.splitlines()
    assert heading == ENGLISH.gaps_heading
    assert lines.index("2 × who won the chess match") < lines.index("1 × How tall is Everest?")
    assert votes == "Votes on answers: 👍 1, 👎 0"


@pytest.fixture
def group(stand_in: StandIn, admin: Person) -> Chat:
    return stand_in.group("Club", admin)


@pytest.mark.parametrize("command", ["/rebuild", "/rollback", "/status", "/gaps", "/claim ABCD2345"])
def test_others_are_refused_and_so_is_whoever_may_be_anybody(
    stand_in: StandIn, admin: Person, group: Chat, index: Path, command: str
) -> None:
    old = serving(index)
    stranger = stand_in.person("Ada", username=admin.user.username)
    name, _, rest = command.partition(" ")
    addressed = f"{name}@footnote_bot {rest}".strip()
    in_private = stranger.asks(command)
    refused = ENGLISH.claim_closed if name == "/claim" else ENGLISH.admins_only
    assert stand_in.answer_to(in_private).text == refused
    for person, as_chat in ((stranger, None), (admin, group)):
        asked = person.writes(group, addressed, as_chat=as_chat)
        answer = stand_in.answer_to(asked)
        assert answer.text == (ENGLISH.refused if name == "/claim" else ENGLISH.admins_only)
        assert answer.reply_to is asked
    channel = stand_in.channel("News", admin)
    admin.writes(channel, addressed)
    stand_in.answer_to(stranger.asks("Hello"))
    assert channel.from_bot == ()
    assert serving(index) == old


def test_what_people_asked_is_told_to_no_group(stand_in: StandIn, admin: Person, group: Chat) -> None:
    assert stand_in.answer_to(admin.writes(group, "/gaps@footnote_bot")).text == ENGLISH.refused


def test_an_admin_may_command_in_a_group_and_is_answered_there(
    stand_in: StandIn, admin: Person, group: Chat, articles: Path
) -> None:
    forum = stand_in.group("Forum", admin, forum=True)
    topic = stand_in.topic(forum, "Upkeep", admin)
    status = stand_in.answer_to(admin.writes(forum, "/status@footnote_bot", thread_id=topic))
    assert "Generation" in status.text
    assert status.thread_id == topic
    add_article(articles, "Millbrook")
    asked = admin.writes(group, "/rebuild@footnote_bot")
    message = stand_in.answer_to(asked)
    assert message.reply_to is asked
    other = stand_in.answer_to(admin.asks("/rebuild"))
    assert (other.text, other.reply_to) == (ENGLISH.rebuild_running, None)
    shows(stand_in, message, ENGLISH.rebuild_done.partition("{")[0])


def test_commands_are_shown_by_scope(stand_in: StandIn, bot: BotProcess, admin: Person) -> None:
    stand_in.answer_to(admin.asks("/help"))
    bot.restart()
    mine = json.dumps({"chat_id": admin.user.id, "type": "chat"}, sort_keys=True)
    commands = stand_in.world.profile.commands
    stand_in.wait_for(lambda: (mine, "zh") in commands)
    everybody = {each["command"] for each in commands[json.dumps({"type": "default"}), ""]}
    assert everybody == {"start", "help", "ask", "sources", "settings"}
    assert {each["command"] for each in commands[mine, ""]} == everybody | {
        "rebuild",
        "rollback",
        "status",
        "gaps",
    }
    assert stand_in.world.profile.texts["description", ""] == ENGLISH.welcome
