"""The thread that a message falls into: a topic of a forum, or a run of replies in another supergroup."""

from __future__ import annotations

from dataclasses import dataclass

from tests.stand_in.records import Chat, Message


@dataclass(frozen=True, slots=True)
class Thread:
    """Where in a chat a message stands."""

    id: int | None
    is_topic: bool


def thread_of(chat: Chat, reply_to: Message | None, thread_id: int | None) -> Thread:
    """Return the thread of a new message.

    A supergroup without topics gives replies a thread too, in which nothing can be sent by its number.
    """
    if chat.is_forum:
        found = thread_id if thread_id is not None else (reply_to.thread_id if reply_to else None)
        return Thread(found, found is not None)
    if chat.type == "supergroup" and reply_to is not None and reply_to.chat is chat:
        return Thread(reply_to.thread_id if reply_to.thread_id is not None else reply_to.id, False)
    return Thread(None, False)
