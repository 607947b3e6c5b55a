"""Three replicas behind a balancer, one database and one index: as one bot, also while one goes."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from bot.phrases import phrases_for
from index.generation import IndexFolder
from tests.end_to_end.balancer import Balancer
from tests.end_to_end.bot_process import BotProcess
from tests.end_to_end.rules import assert_nothing_was_refused
from tests.postgresql import PostgreSQL
from tests.stand_in.control import StandIn
from tests.stand_in.people import Person

ENGLISH: Final = phrases_for("en")
REPLICAS: Final = 3
PATIENCE_SECONDS: Final = 120.0
PATH: Final = "/telegram"
ASKED: Final = {
    "At how many degrees is green tea brewed?": "80 degrees",
    "Who built the lighthouse of Hornby Head?": "James Barnet",
    "How long is a loaf of one kilogram baked?": "fifty minutes",
    "How is bread stored?": "linen bag",
    "How long is white tea brewed?": "five minutes",
    "What is sourdough bread risen by?": "wild yeast",
}
"""Questions, and what is in the answer to each and in no other."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """All that runs."""

    stand_in: StandIn
    balancer: Balancer
    replicas: Sequence[BotProcess]
    servers: Sequence[str]
    articles: Path
    index: Path
    admin: Person

    def all_are_ready(self) -> bool:
        """Whether updates are sent to each."""
        return self.balancer.ready == frozenset(self.servers)

    def lines(self, event: str) -> list[str]:
        """Return the lines of all logs about one kind of event."""
        return [line for each in self.replicas for line in each.lines(event)]


@pytest.fixture(scope="module")
def cluster(
    postgresql: PostgreSQL, articles: Path, index: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Replicas that take in updates; at the end they stop as they should, and their logs keep secrets."""
    folder = tmp_path_factory.mktemp("replicas")
    own_articles, own_index = folder / "articles", folder / "index"
    shutil.copytree(articles, own_articles)
    shutil.copytree(index, own_index)
    address = postgresql.new_database()
    ports = [free_port() for _ in range(REPLICAS)]
    servers = [f"http://127.0.0.1:{port}" for port in ports]
    with StandIn() as stand_in, Balancer(servers) as balancer:
        admin = stand_in.person("Ines")
        replicas = [
            BotProcess(
                stand_in,
                own_articles,
                own_index,
                folder / "state",
                {
                    "FOOTNOTE_ADMINS": str(admin.user.id),
                    "FOOTNOTE_DATABASE_URL": address,
                    "FOOTNOTE_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
                },
                options=("--no-build", "--webhook", f"{balancer.url}{PATH}"),
            )
            for port in ports
        ]
        cluster = Cluster(stand_in, balancer, replicas, servers, own_articles, own_index, admin)
        try:
            with ThreadPoolExecutor(REPLICAS) as at_once:
                list(at_once.map(BotProcess.start, replicas))
            stand_in.wait_for(cluster.all_are_ready, timeout_seconds=PATIENCE_SECONDS)
            yield cluster
            for replica in replicas:
                replica.stop()
                replica.assert_keeps_secrets()
            assert cluster.lines("handler_failed") == []
        finally:
            for replica in replicas:
                replica.discard()
        assert_nothing_was_refused(stand_in)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def ask_all(people: Sequence[Person]) -> None:
    """Have everybody ask everything at once, each in an order of their own."""
    questions = list(ASKED)
    for place in range(len(questions)):
        for number, person in enumerate(people):
            person.asks(questions[(place + number) % len(questions)])


def given(people: Sequence[Person]) -> int:
    """Return how many answers there are."""
    return sum(len(person.chat.from_bot) for person in people)


def wait_for_all(stand_in: StandIn, people: Sequence[Person]) -> None:
    """Wait until there are as many answers as questions in each chat, and for what comes after them."""
    stand_in.wait_for(
        lambda: all(len(person.chat.from_bot) >= len(ASKED) for person in people),
        timeout_seconds=PATIENCE_SECONDS,
    )
    for person in people:
        # A copy would come before the answer to what is asked after it.
        asked = person.asks("Hello")
        assert stand_in.answer_to(asked, timeout_seconds=PATIENCE_SECONDS)
        stand_in.wait_for(lambda person=person: person.chat.from_bot[-1].text == ENGLISH.greeting)


def copies(person: Person, number: int) -> int:
    """Assert that a person got each answer, in order, and return how many came twice."""
    questions = list(ASKED)
    expected = [ASKED[questions[(place + number) % len(questions)]] for place in range(len(questions))]
    answers = [message.text for message in person.chat.from_bot if message.text != ENGLISH.greeting]
    twice = 0
    for text in answers:
        if expected and expected[0] in text:
            last = expected.pop(0)
        else:
            assert last in text, f"neither the next answer nor the last one again: {text[:80]}"
            twice += 1
    assert expected == []
    return twice


def test_questions_reach_every_replica_and_are_answered_once_and_in_order(cluster: Cluster) -> None:
    stand_in = cluster.stand_in
    people = [stand_in.person(f"Person {number}") for number in range(10)]
    before = dict(cluster.balancer.passed_on)
    ask_all(people)
    wait_for_all(stand_in, people)
    assert [copies(person, number) for number, person in enumerate(people)] == [0] * len(people)
    taken = [cluster.balancer.passed_on[server] - before[server] for server in cluster.servers]
    assert min(taken) > 0
    assert cluster.lines("sharing")[-1].split("replicas=")[1].startswith(f"{REPLICAS} ")


def test_what_one_was_asked_before_is_known_whichever_replica_takes_the_next(cluster: Cluster) -> None:
    ann = cluster.stand_in.person("Ann")
    for _ in range(REPLICAS):
        cluster.stand_in.answer_to(ann.asks("Who built the lighthouse of Hornby Head?"))
        answer = cluster.stand_in.answer_to(ann.asks("When?"))
        assert "1858" in "".join(answer.marked("bold")), answer.text


def test_what_one_was_asked_before_is_known_where_its_replica_went(cluster: Cluster) -> None:
    stand_in = cluster.stand_in
    # So many that some are of each replica.
    people = [stand_in.person(f"Person {number}") for number in range(12)]
    first = [person.asks("Who built the lighthouse of Hornby Head?") for person in people]
    for asked in first:
        stand_in.answer_to(asked, timeout_seconds=PATIENCE_SECONDS)
    cluster.replicas[2].stop()
    following = [person.asks("When?") for person in people]
    answers = [stand_in.answer_to(asked, timeout_seconds=PATIENCE_SECONDS) for asked in following]
    assert ["1858" in answer.text for answer in answers] == [True] * len(people)
    cluster.replicas[2].start()
    stand_in.wait_for(cluster.all_are_ready, timeout_seconds=PATIENCE_SECONDS)


def test_a_replica_that_is_killed_under_load_loses_no_question(cluster: Cluster) -> None:
    stand_in = cluster.stand_in
    people = [stand_in.person(f"Person {number}") for number in range(10)]
    told = len(cluster.lines("sent_again"))
    ask_all(people)
    stand_in.wait_for(lambda: given(people) >= 20, timeout_seconds=PATIENCE_SECONDS)
    cluster.replicas[0].kill()
    wait_for_all(stand_in, people)
    twice = sum(copies(person, number) for number, person in enumerate(people))
    again = cluster.lines("sent_again")[told:]
    # What was being sent at the kill may have been sent: it is sent again, and the log says so.
    assert twice <= len(again)
    assert all("a process ended while it was being sent" in line for line in again)
    cluster.replicas[0].start()
    stand_in.wait_for(cluster.all_are_ready, timeout_seconds=PATIENCE_SECONDS)


def test_a_replica_that_is_asked_to_end_finishes_and_nothing_comes_twice(cluster: Cluster) -> None:
    stand_in = cluster.stand_in
    people = [stand_in.person(f"Person {number}") for number in range(10)]
    told = len(cluster.lines("sent_again"))
    ask_all(people)
    stand_in.wait_for(lambda: given(people) >= 20, timeout_seconds=PATIENCE_SECONDS)
    cluster.replicas[1].stop()
    wait_for_all(stand_in, people)
    assert [copies(person, number) for number, person in enumerate(people)] == [0] * len(people)
    assert len(cluster.lines("sent_again")) == told
    cluster.replicas[1].start()
    stand_in.wait_for(cluster.all_are_ready, timeout_seconds=PATIENCE_SECONDS)


def test_what_one_replica_rebuilds_or_rolls_back_all_answer_from(cluster: Cluster) -> None:
    stand_in, admin = cluster.stand_in, cluster.admin
    before = IndexFolder(cluster.index).current_name()
    text = "The bridge of Ashford was built in 1902 by Clara Whitfield, out of red stone.\n"
    (cluster.articles / "bridge.txt").write_text(text, encoding="utf-8")
    message = stand_in.answer_to(admin.asks("/rebuild"), timeout_seconds=PATIENCE_SECONDS)
    done = ENGLISH.rebuild_done.partition("{")[0]
    stand_in.wait_for(lambda: done in message.text, timeout_seconds=PATIENCE_SECONDS)
    after = IndexFolder(cluster.index).current_name()
    assert after != before
    wait_until_all_serve(cluster, after)
    assert all("Clara Whitfield" in text for text in answers_of_all(stand_in))
    stand_in.answer_to(admin.asks("/rollback"), timeout_seconds=PATIENCE_SECONDS)
    wait_until_all_serve(cluster, before)
    assert all("Clara Whitfield" not in text for text in answers_of_all(stand_in))


def answers_of_all(stand_in: StandIn) -> list[str]:
    """Ask about the new article as many people as it takes to have chats of each replica."""
    question = "Who built the bridge of Ashford?"
    asked = [stand_in.person(f"Reader {number}").asks(question) for number in range(8)]
    return [stand_in.answer_to(each, timeout_seconds=PATIENCE_SECONDS).text for each in asked]


def wait_until_all_serve(cluster: Cluster, generation: str) -> None:
    """Wait until every replica says that it answers from a generation."""

    def all_do() -> bool:
        return {serving(replica) for replica in cluster.replicas} == {generation}

    cluster.stand_in.wait_for(all_do, timeout_seconds=PATIENCE_SECONDS)


def serving(replica: BotProcess) -> str:
    """Return the generation that a replica last said it answers from."""
    said = [line for line in replica.errors.splitlines() if "generation=" in line]
    return said[-1].rpartition("generation=")[2]


def test_who_does_not_say_the_secret_is_turned_away(cluster: Cluster) -> None:
    for server in cluster.servers:
        answer = httpx.post(f"{server}{PATH}", json={"update_id": 1}, trust_env=False)
        assert answer.status_code == 403
