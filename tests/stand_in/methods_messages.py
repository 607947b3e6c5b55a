"""The methods that send, change and delete messages.

Each method checks everything first and returns what is then to be done: a refused call changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tests.stand_in.limits import keyboard_of, quote_of, text_of
from tests.stand_in.message_text import utf16_length
from tests.stand_in.parameters import Parameters
from tests.stand_in.records import Chat, Content, Message, Quote
from tests.stand_in.refusals import bad_request
from tests.stand_in.threads import thread_of
from tests.stand_in.wire import message_json
from tests.stand_in.world import BOT_ID, World

Act = Callable[[], Any]
"""Does what was asked for and returns the call's result."""
_ACTIONS: Final = frozenset(
    (
        *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice"),
        *("upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note"),
    )
)
_NOT_MODIFIED: Final = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def send_message(world: World, values: Parameters) -> Act:
    """Check and prepare a sendMessage."""
    content = replace(text_of(values), keyboard=keyboard_of(values.structure("reply_markup")))
    chat = world.chat(values.text("chat_id"))
    world.check_may_write(chat)
    thread_id = _thread_id(chat, values)
    reply_to, quote = _reply(world, chat, values)
    thread = thread_of(chat, reply_to, thread_id)

    def act() -> dict[str, Any]:
        message = world.post(
            chat,
            content,
            sender=None if chat.type == "channel" else world.bot,
            sender_chat=chat if chat.type == "channel" else None,
            reply_to=reply_to,
            quote=quote,
            thread_id=thread.id,
            is_topic_message=thread.is_topic,
            by_bot=True,
        )
        return message_json(message)

    return act


def _thread_id(chat: Chat, values: Parameters) -> int | None:
    """Return the topic to send into; General is no topic that can be named."""
    thread_id = values.integer("message_thread_id")
    if thread_id and (not chat.is_forum or thread_id not in chat.topics):
        raise bad_request("message thread not found")
    return thread_id or None


def _reply(world: World, chat: Chat, values: Parameters) -> tuple[Message | None, Quote | None]:
    """Return the message to reply to and the part of it to quote."""
    fields = values.structure("reply_parameters")
    if fields is None:
        return None, None
    reply = Parameters(fields)
    place = world.chat(reply.text("chat_id")) if "chat_id" in reply else chat
    replied = place.messages.get(reply.integer("message_id") or 0)
    if replied is None or replied.deleted:
        if reply.flag("allow_sending_without_reply"):
            return None, None
        raise bad_request("message to be replied not found")
    quoted = quote_of(reply)
    if quoted is None:
        return replied, None
    place_in_text = replied.text.find(quoted)
    if place_in_text < 0:
        raise bad_request("QUOTE_TEXT_INVALID")
    return replied, Quote(quoted, utf16_length(replied.text[:place_in_text]))


def _own_message(world: World, values: Parameters) -> Message:
    """Return the message that the bot may edit."""
    inline_id = values.text("inline_message_id")
    if inline_id:
        if inline_id not in world.inline_messages:
            raise bad_request("MESSAGE_ID_INVALID")
        return world.inline_messages[inline_id]
    chat = world.chat(values.text("chat_id"))
    world.check_is_in(chat)
    number = values.integer("message_id")
    if not number:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(number)
    if message is None or message.deleted:
        raise bad_request("message to edit not found")
    if not message.by_bot:
        raise bad_request("message can't be edited")
    return message


def _edit(world: World, message: Message, content: Content) -> Act:
    if content == message.content:
        raise bad_request(_NOT_MODIFIED)

    def act() -> Any:
        world.edit(message, content)
        return True if message.inline_message_id is not None else message_json(message)

    return act


def edit_message_text(world: World, values: Parameters) -> Act:
    """Check and prepare an editMessageText; without a keyboard the old one goes."""
    content = replace(text_of(values), keyboard=keyboard_of(values.structure("reply_markup")))
    return _edit(world, _own_message(world, values), content)


def edit_message_reply_markup(world: World, values: Parameters) -> Act:
    """Check and prepare an editMessageReplyMarkup."""
    keyboard = keyboard_of(values.structure("reply_markup"))
    message = _own_message(world, values)
    return _edit(world, message, replace(message.content, keyboard=keyboard))


def delete_message(world: World, values: Parameters) -> Act:
    """Check and prepare a deleteMessage: the bot's own, a person's in private, anybody's for an admin."""
    chat = world.chat(values.text("chat_id"))
    world.check_is_in(chat)
    message = chat.messages.get(values.integer("message_id") or 0)
    if message is None or message.deleted:
        raise bad_request("message to delete not found")
    is_admin = chat.statuses.get(BOT_ID) == "administrator"
    if not (message.by_bot or is_admin or chat.type == "private"):
        raise bad_request("message can't be deleted")

    def act() -> bool:
        message.deleted = True
        return True

    return act


def send_chat_action(world: World, values: Parameters) -> Act:
    """Check a sendChatAction, which leaves no trace but in the log of calls."""
    chat = world.chat(values.text("chat_id"))
    world.check_may_write(chat)
    if values.text("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    # Unlike a message, an action may name General.
    if values.integer("message_thread_id") != 1:
        _thread_id(chat, values)
    return lambda: True
