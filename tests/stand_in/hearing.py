"""Which messages of a chat a bot is told of."""

from __future__ import annotations

from tests.stand_in.message_text import utf16_part
from tests.stand_in.records import Message
from tests.stand_in.world import BOT_ID, World


def is_heard(world: World, message: Message) -> bool:
    """Whether Telegram delivers a person's message to the bot.

    In a group with privacy mode that is: a command with the bot's name, a bare command where the bot was the
    last bot to speak, a reply to the bot, a message sent through it, a service message, and a mention where
    the switch says so. An administrator hears everything; nobody hears other bots.
    """
    chat = message.chat
    if not world.hears(chat):
        return False
    if message.sender is not None and message.sender.is_bot and message.sender_chat is None:
        return False
    if chat.type in ("private", "channel"):
        return True
    if world.switches.can_read_all_group_messages or chat.statuses.get(BOT_ID) == "administrator":
        return True
    if message.service or message.via_bot == world.bot:
        return True
    if message.reply_to is not None and message.reply_to.sender == world.bot:
        return True
    return _is_called(world, message)


def _is_called(world: World, message: Message) -> bool:
    """Whether a command or a mention in the text calls the bot."""
    name = f"@{world.bot.username}".lower()
    for entity in message.entities:
        marked = entity.of(message.text)
        if entity.type == "mention" and marked.lower() == name and world.switches.delivers_mentions:
            return True
        if entity.type == "bot_command" and not utf16_part(message.text, 0, entity.offset):
            _, at, addressee = marked.partition("@")
            return f"@{addressee}".lower() == name if at else message.chat.last_bot_id == BOT_ID
    return False
