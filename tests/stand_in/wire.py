"""The records as the Bot API's JSON objects."""

from __future__ import annotations

from typing import Any

from tests.stand_in.records import Button, Chat, Keyboard, Message, User

ADMIN_RIGHTS = (
    *("can_be_edited", "can_manage_chat", "can_change_info", "can_delete_messages", "can_invite_users"),
    *("can_restrict_members", "can_promote_members", "can_manage_video_chats", "is_anonymous"),
    *("can_post_stories", "can_edit_stories", "can_delete_stories", "can_send_welcome_messages"),
)


def user_json(user: User) -> dict[str, Any]:
    """Return a User."""
    fields: dict[str, Any] = {"id": user.id, "is_bot": user.is_bot, "first_name": user.first_name}
    if user.username is not None:
        fields["username"] = user.username
    if user.language_code is not None:
        fields["language_code"] = user.language_code
    return fields


def chat_json(chat: Chat) -> dict[str, Any]:
    """Return a Chat."""
    fields: dict[str, Any] = {"id": chat.id, "type": chat.type}
    if chat.person is not None:
        fields["first_name"] = chat.person.first_name
    if chat.title is not None:
        fields["title"] = chat.title
    username = chat.person.username if chat.person is not None else chat.username
    if username is not None:
        fields["username"] = username
    if chat.is_forum:
        fields["is_forum"] = True
    return fields


def button_json(button: Button) -> dict[str, Any]:
    """Return an InlineKeyboardButton."""
    value = {"text": button.value} if button.kind == "copy_text" else button.value
    return {"text": button.text, button.kind: value}


def keyboard_json(keyboard: Keyboard) -> dict[str, Any]:
    """Return an InlineKeyboardMarkup."""
    return {"inline_keyboard": [[button_json(button) for button in row] for row in keyboard]}


def message_json(message: Message, *, inside_another: bool = False) -> dict[str, Any]:
    """Return a Message, with the message that it replies to unless it is itself inside another."""
    fields: dict[str, Any] = {
        "message_id": message.id,
        "date": message.date,
        "chat": chat_json(message.chat),
        **message.service,
    }
    if message.sender is not None:
        fields["from"] = user_json(message.sender)
    if message.sender_chat is not None:
        fields["sender_chat"] = chat_json(message.sender_chat)
    if message.thread_id is not None:
        fields["message_thread_id"] = message.thread_id
    if message.is_topic_message:
        fields["is_topic_message"] = True
    if message.via_bot is not None:
        fields["via_bot"] = user_json(message.via_bot)
    if message.edit_date is not None:
        fields["edit_date"] = message.edit_date
    if message.text:
        fields["text"] = message.text
    if message.entities:
        fields["entities"] = [entity.as_json() for entity in message.entities]
    if message.keyboard:
        fields["reply_markup"] = keyboard_json(message.keyboard)
    if not inside_another:
        replied = _replied(message)
        if replied is not None:
            fields["reply_to_message"] = message_json(replied, inside_another=True)
        if message.quote is not None:
            fields["quote"] = {
                "text": message.quote.text,
                "position": message.quote.position,
                "is_manual": True,
            }
    return fields


def _replied(message: Message) -> Message | None:
    """Return what a message replies to; in a topic everything else replies to what opened the topic."""
    if message.reply_to is not None:
        return None if message.reply_to.deleted else message.reply_to
    if message.is_topic_message and message.thread_id is not None and message.thread_id != message.id:
        return message.chat.messages[message.thread_id]
    return None


def member_json(user: User, status: str) -> dict[str, Any]:
    """Return a ChatMember."""
    fields: dict[str, Any] = {"user": user_json(user), "status": status}
    if status == "creator":
        fields["is_anonymous"] = False
    elif status == "administrator":
        fields |= dict.fromkeys(ADMIN_RIGHTS, False)
        fields["can_manage_chat"] = True
    elif status == "kicked":
        fields["until_date"] = 0
    return fields
