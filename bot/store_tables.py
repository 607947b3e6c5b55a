"""What the store keeps, as tables. Moments are whole seconds since the beginning of 1970, in UTC.

A change of these tables raises `SCHEMA_VERSION`. Columns that an older state lacks are added to it when it
is opened; whatever else changes comes with the statements that bring an older state up to it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    false,
)

SCHEMA_VERSION: Final = 4


class AnyText(TypeDecorator[str]):
    """Text of whatever origin: what no database takes, a lone surrogate or a NUL, becomes a sign of it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as every database takes it."""
        if value is None or value.isascii():
            return value and value.replace("\0", "?")
        return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


_Serial: Final = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives, rising with every row."""

metadata: Final = MetaData()

schema: Final = Table(
    "footnote_schema",
    metadata,
    Column("row", SmallInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
)
"""The one row that says which version of these tables it is."""

inbox: Final = Table(
    "footnote_inbox",
    metadata,
    # The order of arrival: Telegram may begin to count anew.
    Column("place", _Serial, primary_key=True),
    Column("update_id", BigInteger, nullable=False, unique=True),
    Column("chat_key", AnyText),
    Column("payload", AnyText),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("done_at", BigInteger, index=True),
    # Where several processes share the work: whose share it is in, and who has it in hand.
    Column("bucket", SmallInteger, nullable=False, server_default="0"),
    Column("replica", AnyText),
)
"""Updates. What is done keeps nothing but its number, by which it is known when it comes again."""

Index(
    "footnote_inbox_pending",
    inbox.c.place,
    sqlite_where=inbox.c.done_at.is_(None),
    postgresql_where=inbox.c.done_at.is_(None),
)

ONLY_ON: Final = "only_on"
"""In an index's `info`: the one database that needs it."""

Index(
    "footnote_inbox_pending_of_chat",
    inbox.c.chat_key,
    inbox.c.place,
    postgresql_where=inbox.c.done_at.is_(None),
    info={ONLY_ON: "postgresql"},
)
"""By which it is found whether something of a chat is before something else of it."""

replicas: Final = Table(
    "footnote_replicas",
    metadata,
    Column("name", AnyText, primary_key=True),
    Column("takes", Boolean, nullable=False),
    Column("rebuilds", Boolean, nullable=False, server_default=false()),
    Column("seen_at", Double, nullable=False),
)
"""The processes that share the work. Whoever is not in here has nothing in hand any more."""

outbox: Final = Table(
    "footnote_outbox",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger),
    Column("message_id", BigInteger),
    Column("begun_at", BigInteger, nullable=False, index=True),
)
"""Messages in answer to updates; without a message's id, one that may or may not have been sent."""

answers: Final = Table(
    "footnote_answers",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("question_message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("answer_message_id", BigInteger, nullable=False),
    Column("answered_at", BigInteger, nullable=False, index=True),
)
"""Which message answers which."""

Index("footnote_answers_given", answers.c.chat_id, answers.c.answer_message_id)

votes: Final = Table(
    "footnote_votes",
    metadata,
    Column("place", AnyText, primary_key=True),
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("up", Boolean, nullable=False),
    Column("passage_id", AnyText, nullable=False),
    Column("voted_at", BigInteger, nullable=False),
)
"""The last vote of each person about each message."""

gaps: Final = Table(
    "footnote_gaps",
    metadata,
    Column("number", _Serial, primary_key=True),
    Column("question", AnyText),
    Column("language", AnyText),
    Column("confidence", Double, nullable=False),
    Column("asked_at", BigInteger, nullable=False, index=True),
)
"""Questions that the articles did not answer; the text only for as long as it may be kept."""

kept_questions: Final = Table(
    "footnote_kept_questions",
    metadata,
    Column("key", AnyText, primary_key=True),
    Column("question", AnyText, nullable=False),
    Column("kept_at", BigInteger, nullable=False, index=True),
)
"""Questions on their way from an inline query to the private chat, and those of messages sent inline."""

turns: Final = Table(
    "footnote_turns",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("answer_message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("thread_id", BigInteger),
    Column("person_id", BigInteger),
    Column("subject", AnyText, nullable=False),
    Column("earlier", AnyText),
    Column("is_replied_to", Boolean, nullable=False),
    Column("noted_at", BigInteger, nullable=False, index=True),
)
"""What was asked before, on a database that several processes may share; see `bot.turns.Turn`."""

chosen: Final = Table(
    "footnote_chosen",
    metadata,
    Column("passage_id", AnyText, primary_key=True),
    Column("times", BigInteger, nullable=False),
)
"""How often each passage was chosen from inline results."""

admins: Final = Table(
    "footnote_admins",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
)
"""Who claimed the bot."""

claim: Final = Table(
    "footnote_claim",
    metadata,
    Column("row", SmallInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
)
"""The one code by which the bot can be claimed, as a hash, and how often that was tried."""

interface_languages: Final = Table(
    "footnote_interface_languages",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", AnyText, nullable=False),
)
"""The language that a chat chose for what the bot itself says."""

groups: Final = Table(
    "footnote_groups",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
)
"""The groups and channels that the bot is in."""

moved_groups: Final = Table(
    "footnote_moved_groups",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("former_id", BigInteger, nullable=False),
)
"""The id that a supergroup had as a group, by which settings may still name it."""
