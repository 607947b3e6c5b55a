"""Answers one message: with a passage, or a sentence; a message that was edited gets its answer edited."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from telegram import Bot, Message, Update

from bot.answering import BusyError, TooSlowError
from bot.cards import Above, Card, Remark, answer_card, declining_card, text_card
from bot.conversations import (
    Conversations,
    is_remark,
    is_tried_again,
    says_no_more,
    searched,
    together,
    wins_together,
)
from bot.delivery import SendKey
from bot.gaps import record_gap
from bot.handlers.messages import (
    is_edited,
    is_private,
    question_told,
    replied_message,
    speaker_of,
    thread_of,
    told_language,
)
from bot.handlers.working import typing_shown
from bot.languages_of_chats import phrases_in
from bot.other_languages import language_hint
from bot.parts import Parts
from bot.phrases import Phrases
from bot.small_talk import is_reaction, reply_without_search
from bot.turns import Earlier, Speaker, Turn
from index.types import Answer


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and where it came up."""

    text: str = field(repr=False)
    update: Update
    message: Message
    """What the update brought."""
    stands_in: Message
    """Where the question is written: the same, or a message that it replied to."""
    is_unseen: bool = False
    """Whether the question is to be told above its answer, because it is not to be seen in the chat."""
    is_called: bool = True
    """Whether the bot was named, or is alone with the person; otherwise one of its answers was replied to."""
    asker_id: int | None = None
    """Who asks, where that is not whoever wrote the message: they pressed its button."""

    @property
    def speaker(self) -> Speaker:
        """Who asks, and where."""
        speaker = speaker_of(self.message)
        return speaker if self.asker_id is None else replace(speaker, person_id=self.asker_id)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a question came to."""

    answer: Answer
    question: str = field(repr=False)
    """The question that is answered: alone or together with the earlier one."""
    subject: str = field(repr=False)
    """What the next question may belong to."""
    says_no_more: bool = False
    """Whether the answer is a sentence that the earlier question has led to already."""

    @property
    def is_gap(self) -> bool:
        """Whether the articles do not answer what was asked."""
        return self.says_no_more or not self.answer.answered


class Replies:
    """Gives every message its one answer."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts, whose store knows what was asked before."""
        self._parts = parts
        self._conversations = Conversations(parts.store)

    async def say(self, update: Update, bot: Bot, message: Message, card: Card) -> None:
        """Answer a message with what is no answer to a question."""
        await self._put(update, bot, message, message, card, await self._answer_to_edited(update, message))

    async def answer(self, asked: Asked, bot: Bot) -> None:
        """Answer a question, small talk included."""
        if not asked.is_called and is_reaction(asked.text):
            return
        phrases = await phrases_in(self._parts.store, asked.update)
        said = reply_without_search(asked.text, phrases, self._parts.identity.username)
        if said is not None:
            await self.say(asked.update, bot, asked.message, text_card(said))
            return
        edits = await self._answer_to_edited(asked.update, asked.message)
        # What need not be a question is answered where it is one by itself.
        need_not_ask = not asked.is_called and is_remark(asked.text)
        stands_alone = need_not_ask or asked.asker_id is not None
        earlier = None if stands_alone else await self._earlier(asked.message, edits)
        found: _Found | None = None
        async with typing_shown(bot, asked.message):
            try:
                found = await self._find(asked.text, earlier)
            except BusyError:
                card = text_card(phrases.busy)
            except TooSlowError:
                card = text_card(phrases.too_slow)
        if need_not_ask and (found is None or not found.answer.answered):
            return
        if found is not None:
            card = await self._card(found, phrases, asked)
        message_id = await self._put(asked.update, bot, asked.message, asked.stands_in, card, edits)
        if found is None:
            return
        if message_id is not None:
            turn = Turn(message_id, found.subject, earlier)
            await self._conversations.remember(asked.speaker, turn)
        if found.is_gap:
            await record_gap(self._parts, found.question, found.answer, told_language(asked.update))

    async def _find(self, question: str, earlier: Earlier | None) -> _Found:
        """Return what a question comes to, alone or with the earlier one: whichever is better supported.

        Raises:
            BusyError: Too many questions wait.
            TooSlowError: There was no time for it.
        """
        alone = await self._parts.answering.ask(question)
        found = _Found(alone, question, question)
        if earlier is None or not is_tried_again(question, alone, earlier):
            return found
        try:
            both = await self._parts.answering.ask(searched(earlier.question, question))
        except (BusyError, TooSlowError):
            if alone.answered:
                return found
            raise
        if not wins_together(alone, both):
            return found
        no_more = both.answered and await self._says_no_more(both, earlier)
        # What it has alone is at least something else.
        if no_more and alone.answered:
            return found
        return _Found(both, together(earlier.question, question), earlier.question, no_more)

    async def _card(self, found: _Found, phrases: Phrases, asked: Asked) -> Card:
        answer = found.answer
        if not answer.answered:
            hint = await language_hint(self._parts, found.question, told_language(asked.update), phrases)
            return declining_card(answer, phrases, hint=hint)
        is_told = asked.is_unseen or found.question != asked.text
        above = Above(found.question if is_told else None, Remark.NO_MORE if found.says_no_more else None)
        return answer_card(answer, phrases, above=above)

    async def _says_no_more(self, both: Answer, earlier: Earlier) -> bool:
        """Return whether an answer says what the earlier question led to; False where no time is left."""
        try:
            return says_no_more(both, await self._parts.answering.ask(earlier.question))
        except (BusyError, TooSlowError):
            return False

    async def _earlier(self, message: Message, edits: int | None) -> Earlier | None:
        replied = replied_message(message)
        earlier = await self._conversations.earlier(
            speaker_of(message),
            replied_to=None if replied is None else replied.message_id,
            edits_answer=edits,
        )
        if earlier is None or not earlier.is_replied_to:
            # After a restart the card itself may still tell its question.
            ours = replied is not None and _is_of(replied, self._parts.identity.bot_id)
            told = question_told(replied) if ours and replied is not None else None
            if told is not None:
                return Earlier(told, is_replied_to=True)
        return earlier

    async def _answer_to_edited(self, update: Update, message: Message) -> int | None:
        """Return the answer that a message has already, where it was edited."""
        if not is_edited(update):
            return None
        return await self._parts.store.answer_to(message.chat_id, message.message_id)

    async def _put(
        self, update: Update, bot: Bot, message: Message, stands_in: Message, card: Card, edits: int | None
    ) -> int | None:
        """Edit the answer that there is, or send one; return which message it is."""
        delivery, chat_id = self._parts.delivery, message.chat_id
        if edits is not None and await delivery.edit(bot, card, chat_id=chat_id, message_id=edits):
            return edits
        return await delivery.send(
            bot,
            SendKey(update.update_id),
            chat_id,
            card,
            reply_to=None if is_private(message) else stands_in.message_id,
            thread_id=thread_of(message),
            questions={message.message_id, stands_in.message_id},
        )


def _is_of(message: Message, bot_id: int) -> bool:
    return message.from_user is not None and message.from_user.id == bot_id and message.via_bot is None
