"""The people who talk to the bot: they write, edit, press, type, choose, and let it into their groups."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

from tests.stand_in.detection import detected_entities
from tests.stand_in.hearing import is_heard
from tests.stand_in.membership import change_bot_status
from tests.stand_in.message_text import utf16_length
from tests.stand_in.records import (
    Chat,
    Content,
    GuestQuery,
    InlineQuery,
    InlineResult,
    Message,
    Press,
    Quote,
    User,
)
from tests.stand_in.threads import thread_of
from tests.stand_in.wire import message_json, user_json
from tests.stand_in.world import ANONYMOUS_ADMIN, CHANNEL_IN_GROUP, World

MOST_QUERY: Final = 256


class Person:
    """Somebody with a Telegram client; whatever he does reaches the bot only as Telegram would pass it on."""

    def __init__(self, world: World, user: User, elsewhere: Chat) -> None:
        self._world = world
        self._elsewhere = elsewhere
        self.user = user
        self.chat = world.private_chat(user)
        """The private chat with the bot."""

    def writes(
        self,
        chat: Chat,
        text: str,
        *,
        reply_to: Message | None = None,
        quote: str | None = None,
        edits: Message | None = None,
        thread_id: int | None = None,
        as_chat: Chat | None = None,
    ) -> Message:
        """Write a message, or change one.

        Args:
            chat: Where; a channel's posts are written in the channel's name.
            text: What; addresses, commands and mentions in it are marked as Telegram marks them.
            reply_to: The message that this one answers.
            quote: The part of it that is quoted.
            edits: A message that is to say `text` instead of what it said.
            thread_id: The topic of a forum; General without.
            as_chat: In whose name: the group itself for an anonymous admin, or a channel.

        Returns:
            The message, which changes when it is edited later.
        """
        content = Content(text, detected_entities(text))
        with self._world.changing():
            chat.started = True
            if edits is not None:
                self._world.edit(edits, content)
                message = edits
            else:
                sender, sender_chat = self._sender(chat, as_chat)
                thread = thread_of(chat, reply_to, thread_id)
                message = self._world.post(
                    chat,
                    content,
                    sender=sender,
                    sender_chat=sender_chat,
                    reply_to=reply_to,
                    quote=_quote(reply_to, quote),
                    thread_id=thread.id,
                    is_topic_message=thread.is_topic,
                )
            if is_heard(self._world, message):
                self._world.add_message_update(message, edited=edits is not None)
        return message

    def asks(self, text: str, **how: Any) -> Message:
        """Write to the bot in private."""
        return self.writes(self.chat, text, **how)

    def presses(self, message: Message, label: str) -> Press:
        """Press the button whose label contains `label`.

        Raises:
            LookupError: There is no such button.
            ValueError: The button does something that the bot is not told of.
        """
        with self._world.changing():
            button = message.button(label)
            if button.kind != "callback_data":
                raise ValueError(f"the button {button.text!r} is a {button.kind} one: the bot hears nothing")
            press = Press(str(self._world.new_id()), message, str(button.value), time.monotonic())
            self._world.presses[press.id] = press
            self._world.add_callback_update(press, user_json(self.user))
        return press

    def types_inline(self, text: str, offset: str = "", *, chat_type: str = "sender") -> InlineQuery:
        """Type after the bot's name and pause; the server answers by itself what it has kept.

        Raises:
            ValueError: No client would send that.
        """
        if not self._world.switches.supports_inline_queries or utf16_length(text) > MOST_QUERY:
            raise ValueError("inline mode is off" if utf16_length(text) <= MOST_QUERY else "too long a query")
        with self._world.changing():
            query = InlineQuery(str(self._world.new_id()), self.user, text, offset, time.monotonic())
            kept = self._kept_answer(text, offset)
            if kept is not None:
                query.results, query.answer = kept.results, kept.answer
                query.answered_at_seconds = query.at_seconds
                return query
            self._world.inline_queries[query.id] = query
            payload = {
                "id": query.id,
                "from": user_json(self.user),
                "query": text,
                "offset": offset,
                "chat_type": chat_type,
            }
            query.update_id = self._world.updates.add("inline_query", payload, self.user.id)
        return query

    def scrolls(self, query: InlineQuery) -> InlineQuery:
        """Scroll to the end of the results, where the client asks for the next page.

        Raises:
            ValueError: There is no next page.
        """
        offset = str((query.answer or {}).get("next_offset", ""))
        if not offset:
            raise ValueError("there is no next page")
        return self.types_inline(query.text, offset)

    def chooses(self, result: InlineResult, chat: Chat | None = None) -> Message:
        """Choose a result, which posts it in the person's name; elsewhere where no chat is given."""
        world = self._world
        with world.changing():
            (chat or self._elsewhere).started = True
            inline_id = f"inline-{world.new_id()}" if result.content.keyboard else None
            message = world.post(
                chat or self._elsewhere,
                result.content,
                sender=self.user,
                via_bot=world.bot,
                inline_message_id=inline_id,
            )
            chosen = {"result_id": result.id, "from": user_json(self.user), "query": result.query}
            if inline_id is not None:
                world.inline_messages[inline_id] = message
                chosen["inline_message_id"] = inline_id
            world.chosen.append(result)
            if world.switches.inline_feedback:
                world.updates.add("chosen_inline_result", chosen, self.user.id)
            if is_heard(world, message):
                world.add_message_update(message)
        return message

    def calls_guest(
        self, text: str, chat: Chat | None = None, *, reply_to: Message | None = None
    ) -> GuestQuery:
        """Call the bot by its name in a chat that it has not joined."""
        world = self._world
        with world.changing():
            message = world.post(
                chat or self._elsewhere,
                Content(text, detected_entities(text)),
                sender=self.user,
                reply_to=reply_to,
            )
            query = GuestQuery(str(world.new_id()), message, time.monotonic())
            world.guest_queries[query.id] = query
            payload = message_json(message) | {"guest_query_id": query.id}
            query.update_id = world.updates.add("guest_message", payload, message.chat.id)
        return query

    def adds_bot(self, chat: Chat, *, status: str = "member") -> None:
        """Let the bot into a group or channel, or make it `administrator`."""
        with self._world.changing():
            change_bot_status(self._world, chat, self.user, status)

    def removes_bot(self, chat: Chat) -> None:
        """Remove the bot from a group or channel."""
        with self._world.changing():
            change_bot_status(self._world, chat, self.user, "kicked")

    def blocks_bot(self, *, blocked: bool = True) -> None:
        """Block the bot in private, or let it write again."""
        with self._world.changing():
            change_bot_status(self._world, self.chat, self.user, "kicked" if blocked else "member")

    def deletes(self, message: Message) -> None:
        """Delete a message, of which bots are told nothing."""
        with self._world.changing():
            message.deleted = True

    def _sender(self, chat: Chat, as_chat: Chat | None) -> tuple[User | None, Chat | None]:
        if chat.type == "channel":
            return None, chat
        if as_chat is None:
            return self.user, None
        return (ANONYMOUS_ADMIN if as_chat is chat else CHANNEL_IN_GROUP), as_chat

    def _kept_answer(self, text: str, offset: str) -> InlineQuery | None:
        for asker in (None, self.user.id):
            until, query = self._world.inline_cache.get((text, offset, asker), (0.0, None))
            if query is not None and until > time.monotonic():
                return query
        return None


def _quote(reply_to: Message | None, text: str | None) -> Quote | None:
    """Return what a person has marked in the message that he answers."""
    if reply_to is None or text is None:
        return None
    return replace(Quote(text, 0), position=utf16_length(reply_to.text[: reply_to.text.index(text)]))
