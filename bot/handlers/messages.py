"""What of Telegram's message matters for answering it."""

from __future__ import annotations

from telegram import Message, Update
from telegram.constants import ChatType

from bot.cards import Remark
from bot.permissions import NOBODY
from bot.phrases import LANGUAGES, phrases_for
from bot.turns import Speaker


def message_of(update: Update) -> Message | None:
    """Return the message, new or edited, that a person or channel wrote where the bot is."""
    return update.message or update.edited_message or update.channel_post or update.edited_channel_post


def is_edited(update: Update) -> bool:
    """Return whether the message was there before and has changed."""
    return update.edited_message is not None or update.edited_channel_post is not None


def is_worth_hearing(message: Message, bot_id: int) -> bool:
    """Return whether somebody says something for the first time.

    What was chosen inline is the bot's own answer, a channel's post in its discussion group a copy,
    and other bots are not spoken with.
    """
    if message.via_bot is not None and message.via_bot.id == bot_id:
        return False
    if message.is_automatic_forward:
        return False
    sender = message.from_user
    return sender is None or not sender.is_bot or message.sender_chat is not None


def text_of(message: Message) -> str:
    """Return what is written in a message, be it under a picture; empty for nothing."""
    return message.text or message.caption or ""


def replied_message(message: Message) -> Message | None:
    """Return the message that a person chose to reply to.

    In a topic Telegram makes every message reply to the one that opened it.
    """
    replied = message.reply_to_message
    if replied is None or replied.forum_topic_created is not None:
        return None
    if message.is_topic_message and replied.message_id == message.message_thread_id:
        return None
    return replied


def thread_of(message: Message) -> int | None:
    """Return the topic that a message stands in; a run of replies is none."""
    return message.message_thread_id if message.is_topic_message else None


def told_language(update: Update) -> str | None:
    """Return the tag of the language of a person's Telegram; None where that is not known."""
    user = update.effective_user
    return None if user is None else user.language_code


def speaker_of(message: Message) -> Speaker:
    """Return who speaks; nobody in particular where that is an anonymous admin or a channel."""
    sender = message.from_user
    known = sender is not None and message.sender_chat is None and sender.id not in NOBODY
    return Speaker(message.chat_id, thread_of(message), sender.id if known and sender is not None else None)


def is_private(message: Message) -> bool:
    """Return whether a message stands in a private chat."""
    return message.chat.type == ChatType.PRIVATE


def remark_told(message: Message) -> Remark | None:
    """Return what a card says above its passage, or did before its buttons opened one."""
    text = message.text or ""
    for phrases in map(phrases_for, LANGUAGES):
        if text.startswith((phrases.declining_with_nearest, Remark.NEAR.told(phrases))):
            return Remark.NEAR
        if text.startswith(Remark.NO_MORE.told(phrases)):
            return Remark.NO_MORE
    return None


def question_told(message: Message) -> str | None:
    """Return the question that a card tells above its passage: the only text in italics there."""
    entities = message.parse_entities(["italic"]) if message.text else {}
    return next(iter(entities.values()), None)
