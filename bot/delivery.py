"""How messages leave: each once, whatever Telegram and the network do, as far as that can be known.

A message that answers an update has a row in the outbox from before it is sent until it is known to
be sent. Where Telegram certainly did not act, sending is tried again as often as there is time; where
it may have acted, once, after Telegram has answered something harmless, and that is logged and counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from telegram import Bot, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.backoff import Backoff, extend_deadline, retry_after_seconds
from bot.cards import Card
from bot.keyboards import keyboard
from bot.logs import EventLog
from bot.outcomes import Certainty, certainty_after, is_nobody_there, is_not_editable, is_unchanged
from bot.store import SendingState

if TYPE_CHECKING:
    from bot.store import Store

_log: Final = EventLog(__name__)
_Result = TypeVar("_Result")

PATIENCE_SECONDS: Final = 300.0
"""How long the sending of one message is tried, waits that Telegram asks for included."""

NO_PREVIEW: Final = LinkPreviewOptions(is_disabled=True)

_GENERAL_TOPIC: Final = 1
"""The topic that a message is in where no topic is named; naming it is refused."""


@dataclass(frozen=True, slots=True)
class SendKey:
    """Which message it is: the update that it answers, and its place among those that do."""

    update_id: int
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryStatistics:
    """What was sent since the start."""

    sent: int
    sent_again: int
    """Messages that may have been sent twice, because it was not known whether they were."""


class Delivery:
    """Sends and edits cards. Every message in answer to an update goes through it."""

    def __init__(
        self,
        store: Store,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        backoff: Callable[[], Backoff] = Backoff,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the store, which has the outbox; the rest is for tests."""
        self._store = store
        self._patience_seconds = patience_seconds
        self._backoff = backoff
        self._sleep = sleep
        self._clock = clock
        self._sent = 0
        self._sent_again = 0

    @property
    def statistics(self) -> DeliveryStatistics:
        """What was sent since the start."""
        return DeliveryStatistics(self._sent, self._sent_again)

    async def send(
        self,
        bot: Bot,
        key: SendKey,
        chat_id: int,
        card: Card,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        questions: AbstractSet[int] = frozenset(),
    ) -> int | None:
        """Send a card and return the message's id; what is known to be sent is not sent again.

        Returns None where nobody can be reached there: the bot is blocked, was removed or may not write.

        Args:
            bot: Who sends.
            key: Which message it is; the same key is the same message, also after a restart.
            chat_id: Where to.
            card: What to send.
            reply_to: The message that it replies to; sent without where that is gone.
            thread_id: The topic that it belongs in.
            questions: The messages there that it is remembered as the answer to.

        Raises:
            TelegramError: Telegram refused it, or could not be reached for too long.
        """
        sending = await self._store.begin_sending(key.update_id, key.ordinal)
        if sending.state is SendingState.SENT:
            return sending.message_id
        again = sending.state is SendingState.IN_FLIGHT
        if again:
            self._note_sent_again(key, "a process ended while it was being sent")

        async def send(to: int) -> Message:
            return await bot.send_message(
                to,
                card.html,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard(card),
                link_preview_options=NO_PREVIEW,
                reply_parameters=None
                if reply_to is None
                else ReplyParameters(reply_to, allow_sending_without_reply=True),
                message_thread_id=None if thread_id == _GENERAL_TOPIC else thread_id,
            )

        try:
            message = await self._sent_once(bot, key, chat_id, send, again=again)
        except (BadRequest, Forbidden) as error:
            if is_nobody_there(error):
                _log.info("nobody_there", update_id=key.update_id, reason=error.message)
                return None
            raise
        self._sent += 1
        self._store.note_sent(
            key.update_id, key.ordinal, message.chat_id, message.message_id, questions=questions
        )
        return message.message_id

    async def edit(
        self,
        bot: Bot,
        card: Card,
        *,
        chat_id: int | None = None,
        message_id: int | None = None,
        inline_message_id: str | None = None,
    ) -> bool:
        """Make a message show a card, and return whether it now does: it may be gone, or too old.

        Args:
            bot: Whose message it is.
            card: What it is to show; showing it already is as good.
            chat_id: Where the message is, with `message_id`.
            message_id: Which it is.
            inline_message_id: Instead of both, for one that was sent inline.

        Raises:
            TelegramError: Telegram refused it, or could not be reached for too long.
        """

        async def edit() -> object:
            return await bot.edit_message_text(
                card.html,
                chat_id=chat_id,
                message_id=message_id,
                inline_message_id=inline_message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard(card),
                link_preview_options=NO_PREVIEW,
            )

        try:
            await _repeated(edit, self._tries())
        except (BadRequest, Forbidden) as error:
            if is_unchanged(error):
                return True
            if is_not_editable(error):
                _log.info("not_editable", reason=error.message)
                return False
            raise
        return True

    async def _sent_once(
        self,
        bot: Bot,
        key: SendKey,
        chat_id: int,
        send: Callable[[int], Awaitable[Message]],
        *,
        again: bool,
    ) -> Message:
        """Send; try again freely where nothing was done, and once where that is not known."""
        tries = self._tries()
        while True:
            try:
                return await send(chat_id)
            except ChatMigrated as error:
                chat_id = error.new_chat_id
            except TelegramError as error:
                certainty = certainty_after(error)
                if certainty is Certainty.REFUSED or (certainty is Certainty.UNKNOWN and again):
                    raise
                await tries.wait_after(error)
                if certainty is Certainty.UNKNOWN:
                    # The one more time must not be spent on a network that is still down.
                    await _repeated(bot.get_me, tries)
                    again = True
                    self._note_sent_again(key, "it is not known whether it was sent")

    def _tries(self) -> _Tries:
        return _Tries(self._patience_seconds, self._backoff(), self._sleep, self._clock)

    def _note_sent_again(self, key: SendKey, reason: str) -> None:
        self._sent_again += 1
        _log.warning("sent_again", update_id=key.update_id, ordinal=key.ordinal, reason=reason)


class _Tries:
    """The tries to get one call through: how long they have been going on, and when the next one is."""

    def __init__(
        self,
        patience_seconds: float,
        backoff: Backoff,
        sleep: Callable[[float], Awaitable[None]],
        clock: Callable[[], float],
    ) -> None:
        self._patience_seconds = patience_seconds
        self._backoff = backoff
        self._sleep = sleep
        self._clock = clock
        self._began = clock()
        self._failed = False

    async def wait_after(self, error: TelegramError) -> None:
        """Wait before the next try, or raise the error where there is no time for one.

        From the first failure on it is our patience that bounds the handler: that Telegram makes us
        wait is no fault of its.
        """
        asked = isinstance(error, RetryAfter)
        seconds = (
            retry_after_seconds(error) if isinstance(error, RetryAfter) else self._backoff.next_seconds()
        )
        if self._clock() - self._began + seconds > self._patience_seconds:
            raise error
        if not self._failed:
            self._failed = True
            extend_deadline(self._patience_seconds)
        _log.warning("call_waits", seconds=round(seconds, 1), asked=asked, error=error)
        await self._sleep(seconds)


async def _repeated(call: Callable[[], Awaitable[_Result]], tries: _Tries) -> _Result:
    """Make a call that may be made any number of times until it is answered."""
    while True:
        try:
            return await call()
        except TelegramError as error:
            if certainty_after(error) is Certainty.REFUSED:
                raise
            await tries.wait_after(error)
