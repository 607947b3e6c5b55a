"""The stand-in as a test holds it: started and stopped by `with`, with people, chats and faults on demand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from tests.stand_in.calls import Call
from tests.stand_in.people import Person
from tests.stand_in.records import Chat, Content, InlineQuery, Message, Press, User
from tests.stand_in.server import Server
from tests.stand_in.world import BOT_ID, Switches, World

Found = TypeVar("Found")
_LOOK_AGAIN_SECONDS = 0.1


class StandIn:
    """A Bot API server for one bot, on loopback.

    The bot is started with its `url` and `token`. People are made by `person`, chats by `group` and
    `channel`; `wait_for` waits until the bot has done something; `faults` and `switches` say what goes
    wrong and what is set at @BotFather.
    """

    def __init__(self, *, username: str = "footnote_bot") -> None:
        self.token = f"{BOT_ID}:a-token-that-opens-nothing"
        self.world = World(username)
        self._server = Server(self.world, self.token)
        self.faults = self._server.faults
        self.webhooks = self._server.webhooks
        self.log = self._server.log
        self.elsewhere = self.group("Elsewhere", bot=None)
        """A chat that the bot is not in, where results are posted that are chosen nowhere in particular."""

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop as the end of `with` does; what was logged and posted can still be looked at."""
        self._server.stop()

    @property
    def url(self) -> str:
        """What the bot takes for Telegram's address, while the stand-in runs."""
        return self._server.url

    @property
    def bot(self) -> User:
        """The bot's own account."""
        return self.world.bot

    @property
    def switches(self) -> Switches:
        """What is set at @BotFather, and how the server behaves."""
        return self.world.switches

    def calls(self, method: str) -> list[Call]:
        """Return the calls of one method so far."""
        return self.log.of(method)

    def person(
        self, name: str, *, username: str | None = None, language: str | None = "en", is_bot: bool = False
    ) -> Person:
        """Return somebody new, who has not written to the bot yet."""
        with self.world.changing():
            user = User(self.world.new_id(), name, username, language, is_bot)
            self.world.users[user.id] = user
            return Person(self.world, user, self.elsewhere)

    def group(
        self,
        title: str,
        *members: Person,
        kind: str = "supergroup",
        forum: bool = False,
        bot: str | None = "member",
        username: str | None = None,
    ) -> Chat:
        """Return a new group or, by `kind`, channel; the first member owns it.

        Args:
            title: Its name.
            members: Who is in it.
            kind: `group`, `supergroup` or `channel`.
            forum: Whether it has topics.
            bot: What the bot is in it from the beginning, without being told; None where it is not in it.
            username: Its public name.
        """
        with self.world.changing():
            number = self.world.new_id()
            chat_id = -number if kind == "group" else -1_000_000_000_000 - number
            # In a forum the number 1 is General's.
            chat = Chat(
                chat_id,
                kind,
                title,
                username,
                is_forum=forum,
                next_message_id=2 if forum else 1,
                started=True,
            )
            for person in members:
                chat.statuses[person.user.id] = "member" if chat.statuses else "creator"
            if bot is not None:
                chat.statuses[BOT_ID] = bot
            self.world.chats[chat.id] = chat
        return chat

    def channel(self, title: str, owner: Person, *, bot: str | None = "administrator") -> Chat:
        """Return a new channel."""
        return self.group(title, owner, kind="channel", bot=bot)

    def topic(self, forum: Chat, name: str, by: Person) -> int:
        """Open a topic in a forum; return the thread id that its messages carry."""
        with self.world.changing():
            opened = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
            thread_id = forum.next_message_id
            forum.topics[thread_id] = name
            message = self.world.post(
                forum,
                Content(""),
                sender=by.user,
                thread_id=thread_id,
                is_topic_message=True,
                service=opened,
            )
            if self.world.hears(forum):
                self.world.add_message_update(message)
        return thread_id

    def wait_for(self, predicate: Callable[[], Found], *, timeout_seconds: float = 20.0) -> Found:
        """Return what the predicate returns as soon as that is true.

        Raises:
            AssertionError: It has not become true in time; the error tells the last calls.
        """
        deadline = time.monotonic() + timeout_seconds
        with self.world.changed:
            while not (found := predicate()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        f"not within {timeout_seconds} s; the last calls:\n{self.log.told()}"
                    )
                self.world.changed.wait(min(left, _LOOK_AGAIN_SECONDS))
        return found

    def answer_to(self, asked: Message, *, timeout_seconds: float = 20.0) -> Message:
        """Wait for the bot's first message after another in its chat, and return it."""

        def answer() -> Message | None:
            later = (message for message in asked.chat.from_bot if message.id > asked.id)
            return next(later, None)

        found = self.wait_for(answer, timeout_seconds=timeout_seconds)
        assert found is not None
        return found

    def answered(self, query: InlineQuery, *, timeout_seconds: float = 20.0) -> InlineQuery:
        """Wait until an inline query is answered, and return it."""
        self.wait_for(lambda: query.answered, timeout_seconds=timeout_seconds)
        return query

    def toast(self, press: Press, *, timeout_seconds: float = 20.0) -> str:
        """Wait until a button has stopped spinning, and return what that showed."""
        self.wait_for(lambda: press.answered, timeout_seconds=timeout_seconds)
        return press.toast

    def redeliver(self, update_id: int, *, new_id: bool = False) -> int:
        """Deliver an update once more, as servers do; under a new id a button's press comes again."""
        with self.world.changing():
            return self.world.updates.repeat(update_id, new_id=new_id)

    def poison(self) -> int:
        """Deliver an update that python-telegram-bot cannot parse; return its id."""
        chat = {"id": 1, "type": "private"}
        broken = {"message": {"message_id": 1, "date": "yesterday", "chat": chat, "text": "poison"}}
        with self.world.changing():
            return self.world.updates.add_poison(broken, 1)

    def is_confirmed(self, update_id: int | None) -> bool:
        """Whether the bot has acknowledged an update."""
        return all(update.id != update_id for update in self.world.updates.waiting)

    @property
    def is_polled(self) -> bool:
        """Whether the bot waits for updates at this moment."""
        return self._server.polling.waiting > 0

    @contextmanager
    def second_poller(self) -> Iterator[None]:
        """Let another process poll with the same token: the bot's polls end with a conflict."""
        self._server.polling.has_rival = True
        with self.world.changing():
            pass
        try:
            yield
        finally:
            self._server.polling.has_rival = False
