"""Rebuilds as admins see them: one message each, from its beginning to what is decided at its end."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from telegram import Bot, CallbackQuery, Update
from telegram.error import TelegramError
from telegram.ext import CallbackContext, CallbackQueryHandler

from bot.admin_cards import (
    kept_card,
    outcome_card,
    over_card,
    rebuild_card,
    roll_back_failed_card,
    rolled_back_card,
    switched_card,
)
from bot.callback_data import RebuildAction, RebuildPress, unpack
from bot.cards import Card, text_card
from bot.delivery import SendKey
from bot.generations import Generations, OverError
from bot.handlers.messages import is_private, thread_of
from bot.handlers.navigation import answer_press
from bot.languages_of_chats import phrases_in
from bot.logs import EventLog
from bot.parts import Parts
from bot.permissions import Sender, admins_of, is_admin
from bot.phrases import Phrases
from bot.rebuild_events import Failed, Finished, Progress, Worse
from bot.rebuild_messages import LiveMessage
from bot.rebuilding import Rebuild
from bot.remembered import Remembered
from index.errors import BuildRunningError, GenerationError, ModelError

_log: Final = EventLog(__name__)

_MOST_LEFT: Final = 100
_SENT_ANEW: Final = 1
"""The place of the message that tells the outcome where the first one is gone."""

_Context = CallbackContext[Any, Any, Any, Any]


@dataclass(slots=True, eq=False)
class _Shown:
    """A rebuild of this process, and the message that shows it."""

    rebuild: Rebuild
    update: Update
    chat_id: int
    phrases: Phrases
    token: str = field(default_factory=lambda: secrets.token_urlsafe(8))
    message_id: int | None = None
    was_shown: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the message was sent, or could not be."""
    live: LiveMessage | None = None
    is_cancelling: bool = False


@dataclass(frozen=True, slots=True)
class _Decided:
    """What a press came to."""

    toast: str = ""
    card: Card | None = None
    """What the message is to show; None where it stays as it is."""


class Rebuilds:
    """Starts rebuilds, follows them in tasks of the application, and does what their buttons say."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; nothing runs yet."""
        self._parts = parts
        self._latest: _Shown | None = None
        self._left: Remembered[int, str] = Remembered(_MOST_LEFT)
        """Which generation each /rollback, by its update's id, was to go back from."""
        self._generations = Generations(
            parts.place.index_folder, parts.rebuilding, parts.answering, parts.opener
        )

    def handler(self) -> CallbackQueryHandler[Any, Any]:
        """Return the handler of the buttons."""
        return CallbackQueryHandler(
            self._on_press,
            pattern=lambda data: isinstance(data, str) and isinstance(unpack(data), RebuildPress),
        )

    async def start(self, update: Update, context: _Context) -> None:
        """Start a rebuild and return once its message is sent; where one runs, point to its message."""
        message = update.message
        if message is None:
            return
        phrases = await phrases_in(self._parts.store, update)
        latest, shared = self._latest, self._parts.shared
        is_ours = latest is not None and self._parts.rebuilding.running is latest.rebuild
        if is_ours or (shared is not None and not await shared.begin_rebuild()):
            first = None
            if latest is not None and is_ours:
                await latest.was_shown.wait()
                first = latest.message_id if latest.chat_id == message.chat_id else None
            await self._parts.delivery.send(
                context.bot,
                SendKey(update.update_id),
                message.chat_id,
                text_card(phrases.rebuild_running),
                reply_to=first,
                thread_id=thread_of(message),
            )
            return
        shown = _Shown(self._parts.rebuilding.start(), update, message.chat_id, phrases)
        self._latest = shown
        context.application.create_task(self._follow(shown, context.bot), update=update, name="rebuild")
        await shown.was_shown.wait()

    async def roll_back(self, update_id: int, phrases: Phrases) -> Card:
        """Answer from the generation before, and return what to say of it.

        Args:
            update_id: What asks for it; handled again, it does not go forth again.
            phrases: The reader's language.
        """
        try:
            looked_at = self._left.get(update_id) or await self._generations.in_use()
            self._left.put(update_id, looked_at)
            return await self._rolled_back(looked_at, phrases)
        except BuildRunningError:
            return text_card(phrases.rebuild_running)
        except OverError:
            return rolled_back_card(self._generations.serving, phrases)
        except GenerationError as error:
            return roll_back_failed_card(str(error), self._generations.serving, phrases)

    async def _follow(self, shown: _Shown, bot: Bot) -> None:
        """Show how far a rebuild is and how it ends, and answer from what it switched to."""
        async with self._turn(), LiveMessage(self._shower(shown, bot)) as live:
            phrases = shown.phrases
            shown.live = live
            live.put(rebuild_card(None, shown.token, phrases))
            async for event in shown.rebuild.events():
                if isinstance(event, Progress):
                    if not shown.is_cancelling:
                        live.put(rebuild_card(event, shown.token, phrases))
                    continue
                outcome = await self._generations.follow(event)
                _log.info("rebuilt", outcome=type(outcome).__name__, generation=self._generations.serving)
                card = outcome_card(
                    outcome,
                    self._generations.serving,
                    outcome.report.generation if isinstance(outcome, Finished | Worse) else shown.token,
                    phrases,
                    can_roll_back=await self._generations.can_roll_back(),
                )
                if not await live.finish(card):
                    await self._send(shown, bot, card, _SENT_ANEW)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Give the turn to rebuild, which `start` took, back at the end."""
        try:
            yield
        finally:
            if self._parts.shared is not None:
                await self._parts.shared.end_rebuild()

    def _shower(self, shown: _Shown, bot: Bot) -> Callable[[Card], Awaitable[bool]]:
        async def show(card: Card) -> bool:
            try:
                if shown.message_id is None:
                    shown.message_id = await self._send(shown, bot, card)
                    return shown.message_id is not None
                return await self._parts.delivery.edit(
                    bot, card, chat_id=shown.chat_id, message_id=shown.message_id
                )
            except TelegramError as error:
                # The rebuild is what counts; its end will be told once more.
                _log.warning("rebuild_not_shown", error=error)
                return False
            finally:
                shown.was_shown.set()

        return show

    async def _send(self, shown: _Shown, bot: Bot, card: Card, ordinal: int = 0) -> int | None:
        message = shown.update.message
        assert message is not None
        return await self._parts.delivery.send(
            bot,
            SendKey(shown.update.update_id, ordinal),
            shown.chat_id,
            card,
            reply_to=None if is_private(message) else message.message_id,
            thread_id=thread_of(message),
        )

    async def _on_press(self, update: Update, context: _Context) -> None:
        query = update.callback_query
        press = None if query is None or query.data is None else unpack(query.data)
        if query is None or not isinstance(press, RebuildPress):
            return
        phrases = await phrases_in(self._parts.store, update)
        sender = Sender(query.from_user.id, query.from_user.is_bot)
        if not is_admin(sender, await admins_of(self._parts.settings, self._parts.store)):
            await answer_press(query, phrases.admins_only)
            return
        decided = await self._decided(press, context, phrases)
        await answer_press(query, decided.toast)
        await self._edit(query, context.bot, decided.card)

    async def _decided(self, press: RebuildPress, context: _Context, phrases: Phrases) -> _Decided:
        try:
            match press.action:
                case RebuildAction.CANCEL:
                    return self._cancelled(press.token, context, phrases)
                case RebuildAction.SWITCH:
                    return _Decided(card=await self._approved(press.token, phrases))
                case RebuildAction.KEEP:
                    await self._generations.discard(press.token)
                    return _Decided(card=kept_card(self._generations.serving, phrases))
                case RebuildAction.ROLL_BACK:
                    return _Decided(card=await self._rolled_back(press.token, phrases))
        except OverError:
            return _Decided(phrases.rebuild_over)
        except BuildRunningError:
            return _Decided(phrases.rebuild_running)

    def _cancelled(self, token: str, context: _Context, phrases: Phrases) -> _Decided:
        latest = self._latest
        if latest is None or latest.token != token:
            # Of another process or long past: nothing else will change that message any more.
            return _Decided(phrases.rebuild_over, over_card(self._generations.serving, phrases))
        if latest.rebuild.outcome is not None:
            return _Decided(phrases.rebuild_over)
        if not latest.is_cancelling:
            latest.is_cancelling = True
            if latest.live is not None:
                latest.live.put(text_card(latest.phrases.rebuild_cancelling))
            context.application.create_task(latest.rebuild.cancel(), name="cancelling a rebuild")
        return _Decided(phrases.rebuild_cancelling)

    async def _approved(self, candidate: str, phrases: Phrases) -> Card:
        try:
            await self._generations.approve(candidate)
        except BuildRunningError:
            raise
        except (GenerationError, ModelError) as error:
            return outcome_card(Failed(str(error)), self._generations.serving, candidate, phrases)
        serving, can_roll_back = self._generations.serving, await self._generations.can_roll_back()
        known = None if self._latest is None else self._latest.rebuild.outcome
        if not isinstance(known, Worse) or known.report.generation != candidate:
            return switched_card(serving, candidate, phrases, can_roll_back=can_roll_back)
        finished = Finished(
            known.report, known.score_before, known.score_after, switched=True, lost=known.lost
        )
        return outcome_card(finished, serving, candidate, phrases, can_roll_back=can_roll_back)

    async def _rolled_back(self, looked_at: str | None, phrases: Phrases) -> Card:
        try:
            await self._generations.roll_back(looked_at)
        except BuildRunningError:
            raise
        except (GenerationError, ModelError) as error:
            return roll_back_failed_card(str(error), self._generations.serving, phrases)
        return rolled_back_card(self._generations.serving, phrases)

    async def _edit(self, query: CallbackQuery, bot: Bot, card: Card | None) -> None:
        if card is not None and query.message is not None:
            await self._parts.delivery.edit(
                bot, card, chat_id=query.message.chat.id, message_id=query.message.message_id
            )
