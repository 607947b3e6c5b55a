"""Being added to groups, silenced in them and removed from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from telegram import Bot, Chat, ChatMember, ChatMemberAdministrator, ChatMemberRestricted, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, Forbidden
from telegram.ext import BaseHandler, CallbackContext, ChatMemberHandler, MessageHandler, filters

from bot.cards import text_card
from bot.delivery import SendKey
from bot.languages_of_chats import phrases_in
from bot.memberships import Change, Membership, change_between
from bot.parts import Parts
from bot.permissions import admins_of
from bot.phrases import phrases_for

_OUT: Final = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
_Context = CallbackContext[Any, Any, Any, Any]


def handlers(parts: Parts) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handlers of what happens to the bot in groups and channels."""

    async def on_change(update: Update, context: _Context) -> None:
        changed = update.my_chat_member
        if changed is None or changed.chat.type == ChatType.PRIVATE:
            return
        after = _membership(changed.new_chat_member, changed.chat)
        match change_between(_membership(changed.old_chat_member, changed.chat), after):
            case Change.JOINED:
                await parts.store.remember_group(changed.chat.id)
                await _introduce(parts, update, context.bot, changed.chat, after)
            case Change.LEFT:
                await parts.store.forget_group(changed.chat.id)
            case Change.SILENCED:
                await _tell_admins(parts, update, context.bot, changed.chat, privacy=False)
            case None:
                pass

    async def on_migration(update: Update, _: _Context) -> None:
        message = update.message
        if message is None or message.migrate_to_chat_id is None:
            return
        language = await parts.store.interface_language(message.chat_id)
        await parts.store.note_move(message.chat_id, message.migrate_to_chat_id)
        await parts.store.remember_group(message.migrate_to_chat_id)
        if language is not None:
            await parts.store.set_interface_language(message.migrate_to_chat_id, language)
        # Last, so that whoever is interrupted begins anew with all of it.
        await parts.store.forget_group(message.chat_id)

    return [
        ChatMemberHandler(on_change, ChatMemberHandler.MY_CHAT_MEMBER),
        MessageHandler(filters.UpdateType.MESSAGE & filters.StatusUpdate.MIGRATE, on_migration),
    ]


async def _introduce(parts: Parts, update: Update, bot: Bot, chat: Chat, membership: Membership) -> None:
    """Say in a group how to be asked, and tell the admins what will get in the way."""
    if not membership.may_write or not await _members_may_write(bot, chat, membership):
        await _tell_admins(parts, update, bot, chat, privacy=False)
        return
    if chat.type == ChatType.CHANNEL:
        return
    phrases = await phrases_in(parts.store, update)
    await parts.delivery.send(bot, SendKey(update.update_id), chat.id, text_card(phrases.group_welcome))
    hears_all = membership.is_admin or (await bot.get_me()).can_read_all_group_messages
    if not hears_all:
        await _tell_admins(parts, update, bot, chat, privacy=True)


async def _members_may_write(bot: Bot, chat: Chat, membership: Membership) -> bool:
    """Return whether a group lets those write who are no admins, where the bot is one of them."""
    if membership.is_admin or chat.type == ChatType.CHANNEL:
        return True
    try:
        permissions = (await bot.get_chat(chat.id)).permissions
    except (BadRequest, Forbidden):
        return True
    return permissions is None or permissions.can_send_messages is not False


async def _tell_admins(parts: Parts, update: Update, bot: Bot, chat: Chat, *, privacy: bool) -> None:
    """Tell in private whoever did it and the bot's admins, as far as they ever wrote to the bot."""
    for ordinal, person in enumerate(await _people_to_tell(parts, update), start=1):
        user = update.effective_user
        code = await parts.store.interface_language(person)
        if code is None and user is not None and user.id == person:
            code = user.language_code
        phrases = phrases_for(code)
        said = phrases.group_privacy if privacy else phrases.group_silenced
        text = said.format(chat=chat.title or "", bot=parts.identity.username)
        await parts.delivery.send(bot, SendKey(update.update_id, ordinal), person, text_card(text))


async def _people_to_tell(parts: Parts, update: Update) -> Sequence[int]:
    user = update.effective_user
    people = {*await admins_of(parts.settings, parts.store)}
    if user is not None and not user.is_bot:
        people.add(user.id)
    return sorted(people)


def _membership(member: ChatMember, chat: Chat) -> Membership:
    is_in = member.status not in _OUT
    is_admin = member.status in (ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER)
    may_write = is_in
    if isinstance(member, ChatMemberRestricted):
        is_in = bool(member.is_member)
        may_write = is_in and bool(member.can_send_messages)
    elif chat.type == ChatType.CHANNEL:
        may_write = isinstance(member, ChatMemberAdministrator) and member.can_post_messages is not False
    return Membership(is_in, may_write, is_admin)
