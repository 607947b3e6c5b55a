"""What the buttons do, but for those of a rebuild: they edit their message in place, or show a toast."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from telegram import CallbackQuery, Message, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import BaseHandler, CallbackContext, CallbackQueryHandler

from bot.answering import BusyError, TooSlowError
from bot.callback_data import (
    ContextPress,
    LanguagePress,
    OpenPress,
    Press,
    RebuildPress,
    Shelf,
    ShowPress,
    SourcesPress,
    VotePress,
    unpack,
)
from bot.cards import Above, Button, Card, Remark, context_card, shown_card
from bot.handlers.messages import question_told, remark_told
from bot.handlers.queries import answer_query
from bot.languages_of_chats import phrases_in
from bot.listing_cards import settings_card, sources_card
from bot.parts import Parts
from bot.phrases import LANGUAGES, Phrases, phrases_for
from bot.store import VoteChange, VotePlace
from bot.ways_back import back_to_list, opened_shelf, with_button

_ADMINS: Final = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)
_PATIENCE_SECONDS: Final = 2.0
"""How long a press is tried to be answered before its message is changed."""
_Context = CallbackContext[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a press does to its message, and what the person sees besides."""

    card: Card | None = None
    """What the message is to show; None where it stays as it is."""
    toast: str = ""


def handlers(parts: Parts) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handler of every press but those on a rebuild's buttons."""

    async def on_press(update: Update, context: _Context) -> None:
        query = update.callback_query
        if query is None or query.data is None:
            return
        phrases = await phrases_in(parts.store, update)
        try:
            effect = await _effect(parts, query, unpack(query.data), phrases)
        except BusyError:
            effect = _Effect(toast=phrases.busy)
        except TooSlowError:
            effect = _Effect(toast=phrases.too_slow)
        await answer_press(query, effect.toast)
        if effect.card is not None:
            await _edit(parts, context, query, effect.card)

    return [CallbackQueryHandler(on_press, pattern=_is_ours)]


async def answer_press(query: CallbackQuery, toast: str = "") -> None:
    """Stop a button's spinning, with a toast or without; after a minute it has stopped by itself."""
    # What the button does counts more than what is said about it.
    with suppress(TelegramError):
        await answer_query(lambda: query.answer(toast or None), patience_seconds=_PATIENCE_SECONDS)


def _is_ours(data: object) -> bool:
    return isinstance(data, str) and not isinstance(unpack(data), RebuildPress)


async def _effect(parts: Parts, query: CallbackQuery, press: Press | None, phrases: Phrases) -> _Effect:
    match press:
        case ShowPress(shelf):
            return await _show(parts, query, shelf, phrases)
        case ContextPress(shelf):
            return await _context(parts, query, shelf, phrases)
        case VotePress(shelf, up):
            return await _vote(parts, query, shelf, up, phrases)
        case OpenPress():
            shelf = opened_shelf(press, _buttons(query))
            return await _show(parts, query, shelf, phrases, opened=press)
        case SourcesPress(offset):
            return _Effect(sources_card(await parts.answering.sources(), offset, phrases))
        case LanguagePress(code):
            return await _speak(parts, query, code, phrases)
        case _:
            return _Effect(toast=phrases.button_unknown)


async def _show(
    parts: Parts, query: CallbackQuery, shelf: Shelf, phrases: Phrases, *, opened: OpenPress | None = None
) -> _Effect:
    shown = await parts.answering.passage(shelf.passage_id)
    if shown is None:
        return _Effect(toast=phrases.passage_gone)
    card = shown_card(shelf, shown, phrases, above=await _above(parts, query, shelf))
    return _Effect(with_button(card, back_to_list(_buttons(query), opened)))


async def _context(parts: Parts, query: CallbackQuery, shelf: Shelf, phrases: Phrases) -> _Effect:
    shown = await parts.answering.context(shelf.passage_id)
    if not shown:
        return _Effect(toast=phrases.passage_gone)
    card = context_card(shelf, shown, phrases, above=await _above(parts, query, shelf))
    return _Effect(with_button(card, back_to_list(_buttons(query))))


async def _vote(parts: Parts, query: CallbackQuery, shelf: Shelf, up: bool, phrases: Phrases) -> _Effect:
    if query.inline_message_id is not None:
        place = VotePlace.of_inline_message(query.inline_message_id)
    elif query.message is not None:
        place = VotePlace.of_message(query.message.chat.id, query.message.message_id)
    else:
        return _Effect(toast=phrases.button_unknown)
    result = await parts.store.vote(place, query.from_user.id, up, shelf.passage_id)
    match result.change:
        case VoteChange.NEW:
            return _Effect(toast=phrases.voted_up if up else phrases.voted_down)
        case VoteChange.CHANGED:
            return _Effect(toast=phrases.vote_changed)
        case VoteChange.SAME:
            return _Effect(toast=phrases.vote_kept)


async def _speak(parts: Parts, query: CallbackQuery, code: str, phrases: Phrases) -> _Effect:
    if code not in LANGUAGES or query.message is None:
        return _Effect(toast=phrases.button_unknown)
    if not await _may_set(query):
        return _Effect(toast=phrases.group_admins_only)
    await parts.store.set_interface_language(query.message.chat.id, code)
    chosen = phrases_for(code)
    return _Effect(settings_card(chosen), chosen.language_set)


async def _may_set(query: CallbackQuery) -> bool:
    """Return whether a person may choose for all of a chat: anybody in private, an admin elsewhere."""
    if query.message is None or query.message.chat.type == ChatType.PRIVATE:
        return True
    try:
        member = await query.get_bot().get_chat_member(query.message.chat.id, query.from_user.id)
    except (BadRequest, Forbidden):
        return False
    return member.status in _ADMINS


async def _edit(parts: Parts, context: _Context, query: CallbackQuery, card: Card) -> None:
    if query.inline_message_id is not None:
        await parts.delivery.edit(context.bot, card, inline_message_id=query.inline_message_id)
    elif query.message is not None:
        chat_id, message_id = query.message.chat.id, query.message.message_id
        await parts.delivery.edit(context.bot, card, chat_id=chat_id, message_id=message_id)


async def _above(parts: Parts, query: CallbackQuery, shelf: Shelf) -> Above:
    """Return what the message tells above its passage; of one that was sent inline the question is kept."""
    if query.inline_message_id is not None:
        return Above(await parts.store.question_of(query.inline_message_id))
    if not isinstance(query.message, Message):
        return Above()
    remark = remark_told(query.message)
    # That one is about the first passage alone.
    is_kept = remark is not Remark.NO_MORE or shelf.place == 0
    return Above(question_told(query.message), remark if is_kept else None)


def _buttons(query: CallbackQuery) -> list[Button]:
    """Return the buttons of the message that a bot hears of; none where the message is not known."""
    if not isinstance(query.message, Message) or query.message.reply_markup is None:
        return []
    return [
        Button(button.text, callback_data=button.callback_data)
        for row in query.message.reply_markup.inline_keyboard
        for button in row
        if isinstance(button.callback_data, str)
    ]
