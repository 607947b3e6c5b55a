"""The commands for admins: /rebuild, /rollback, /status, /gaps, and /claim, by which one becomes an admin."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from telegram import Message, Update
from telegram.ext import BaseHandler, CallbackContext, CommandHandler, filters

from bot.admin_cards import Status, gaps_card, status_card
from bot.answering import TIMES_KEPT, Answering
from bot.cards import Card, text_card
from bot.delivery import SendKey
from bot.gaps import GAPS_LOOKED_AT, asked_in_vain
from bot.handlers.messages import is_private, thread_of
from bot.handlers.rebuild import Rebuilds
from bot.languages_of_chats import phrases_in
from bot.menus import show_admin_menu
from bot.parts import Parts
from bot.permissions import Sender, admins_of, claimed_code, is_admin
from bot.phrases import Phrases
from bot.store import ClaimResult

_Context = CallbackContext[Any, Any, Any, Any]
_Callback = Callable[[Update, _Context], Coroutine[Any, Any, None]]


def handlers(parts: Parts) -> list[BaseHandler[Any, Any, Any]]:
    """Return the handlers of what only admins may do, and of becoming one."""
    rebuilds = Rebuilds(parts)

    async def on_claim(update: Update, context: _Context) -> None:
        message = update.message
        if message is None:
            return
        phrases = await phrases_in(parts.store, update)
        if not is_private(message) or message.from_user is None:
            await say(update, context, text_card(phrases.refused))
            return
        said = await _claim(parts, message.from_user.id, " ".join(context.args or ()), phrases)
        await say(update, context, text_card(said))
        if said == phrases.claim_accepted:
            context.application.create_task(
                show_admin_menu(context.bot, message.from_user.id), name="menu of an admin"
            )

    async def on_rollback(update: Update, context: _Context) -> None:
        phrases = await phrases_in(parts.store, update)
        await say(update, context, await rebuilds.roll_back(update.update_id, phrases))

    async def on_status(update: Update, context: _Context) -> None:
        status = status_of(parts.answering, parts.started_at, datetime.now(UTC))
        await say(update, context, status_card(status, await phrases_in(parts.store, update)))

    async def on_gaps(update: Update, context: _Context) -> None:
        phrases = await phrases_in(parts.store, update)
        # What people asked is for no group to read.
        if update.message is None or not is_private(update.message):
            await say(update, context, text_card(phrases.refused))
            return
        gaps, statistics = await parts.store.gaps(GAPS_LOOKED_AT), await parts.store.statistics()
        # Off the event loop: thousands of questions are cut into words.
        asked = await asyncio.to_thread(asked_in_vain, gaps, statistics.gaps)
        await say(update, context, gaps_card(asked, statistics.votes, phrases))

    async def say(update: Update, context: _Context, card: Card) -> None:
        message = update.message
        if message is not None:
            await parts.delivery.send(
                context.bot,
                SendKey(update.update_id),
                message.chat_id,
                card,
                reply_to=None if is_private(message) else message.message_id,
                thread_id=thread_of(message),
            )

    def for_admins(callback: Callable[[Update, _Context], Awaitable[None]]) -> _Callback:
        """Return a callback that refuses everybody else."""

        async def authorised(update: Update, context: _Context) -> None:
            if update.message is None:
                return
            if is_admin(_sender(update.message), await admins_of(parts.settings, parts.store)):
                await callback(update, context)
            else:
                phrases = await phrases_in(parts.store, update)
                await say(update, context, text_card(phrases.admins_only))

        return authorised

    commands = {
        "claim": on_claim,
        "rebuild": for_admins(rebuilds.start),
        "rollback": for_admins(on_rollback),
        "status": for_admins(on_status),
        "gaps": for_admins(on_gaps),
    }
    return [
        *(CommandHandler(name, callback, filters.UpdateType.MESSAGE) for name, callback in commands.items()),
        rebuilds.handler(),
    ]


def status_of(answering: Answering, started_at: datetime, now: datetime) -> Status:
    """Return how things stand."""
    generation, statistics = answering.generation, answering.statistics()
    manifest = generation.manifest
    return Status(
        generation=generation.name,
        age_seconds=(now - datetime.fromisoformat(manifest.created_at)).total_seconds(),
        articles=manifest.articles,
        passages=manifest.passages,
        model=manifest.encoder.name,
        uptime_seconds=(now - started_at).total_seconds(),
        p50_ms=statistics.p50_ms,
        p95_ms=statistics.p95_ms,
        measured=min(statistics.answered, TIMES_KEPT),
        waiting=statistics.waiting,
    )


def _sender(message: Message) -> Sender:
    user = message.from_user
    if user is None:
        return Sender(None)
    return Sender(user.id, user.is_bot, writes_as_chat=message.sender_chat is not None)


async def _claim(parts: Parts, user_id: int, text: str, phrases: Phrases) -> str:
    """Try a code, and return what to say to that."""
    if user_id in await admins_of(parts.settings, parts.store):
        # Also where an update is handled once more because the process ended after the claim.
        return phrases.claim_accepted
    if not (code := claimed_code(text)):
        return phrases.claim_usage
    match await parts.store.claim(user_id, code):
        case ClaimResult.ACCEPTED:
            return phrases.claim_accepted
        case ClaimResult.CLOSED:
            return phrases.claim_closed
        case ClaimResult.LOCKED:
            return phrases.claim_locked
        case ClaimResult.WRONG:
            left = await parts.store.claim_tries_left()
            return phrases.claim_wrong.format(tries=left) if left else phrases.claim_locked
