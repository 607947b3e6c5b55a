"""The bot while it answers: its parts are opened in order, and closed in the opposite one, in time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import click
from sqlalchemy import URL
from telegram import Bot

from bot.answering import Answering
from bot.application import BotApplication, build_application
from bot.arrivals import HandingOver, Inbox
from bot.backoff import Backoff
from bot.composition import Place
from bot.connections import polling_request
from bot.delivery import Delivery
from bot.dispatch import OF_CHAT_AT_MOST, WAITING_AT_MOST, ChatOrderProcessor
from bot.following import Following
from bot.identity import BotIdentity, answered
from bot.logs import EventLog, log_loop_exception
from bot.menus import show_menus
from bot.parts import Parts
from bot.polling import Poller
from bot.rebuilding import Rebuilding
from bot.redaction import Redactor
from bot.shared_inbox import IN_HAND_AT_MOST, SharedInbox
from bot.store import Store, StoreError
from bot.webhook_address import WebhookAddress, webhook_secret

if TYPE_CHECKING:
    from bot.webhook_source import WebhookSource
    from index.retriever import Retriever

_log: Final = EventLog(__name__)

HANDLER_MARGIN_SECONDS: Final = 30.0
"""How much longer than finding an answer the handlers may take: sending it is part of it."""

_DRAIN_SECONDS: Final = 7.0
"""How long what is in hand may take when the end is asked for; the inbox keeps the rest."""

_REBUILD_SECONDS: Final = 5.0
"""How long a rebuild may take to end when it is cancelled."""

_CLOSE_SECONDS: Final = 2.0
"""How long closing what is open may take then."""

HEARTBEAT: Final = "heartbeat"
"""The file in the state folder that is touched whenever Telegram answered a poll, at least every 30 s, or,
with a webhook, every 20 s while updates can be taken in."""

_PURGE_EVERY_SECONDS: Final = 3_600.0


async def serve(
    place: Place,
    identity: BotIdentity,
    redactor: Redactor,
    state: Path,
    retriever: Retriever,
    opener: Callable[[], Retriever],
    webhook: WebhookAddress | None = None,
) -> None:
    """Answer until a signal asks to end, or Telegram refuses the token.

    Args:
        place: Which articles are asked, and the settings.
        identity: Who the bot is.
        redactor: Keeps secrets out of the log.
        state: The folder of what must survive a restart.
        retriever: Answers from the generation in use; closed at the end.
        opener: Opens the generation in use, after it was switched.
        webhook: Where updates come in; None to poll for them.

    Raises:
        FootnoteError: The state cannot be opened, the token is refused, or there is no listening.
    """
    asyncio.get_running_loop().set_exception_handler(log_loop_exception)
    settings = place.settings
    async with AsyncExitStack() as stack:
        answering = Answering(
            retriever,
            queue_size=settings.queue_size,
            question_seconds=settings.question_seconds,
            waiting_elsewhere=lambda: processor.chats_waiting,
        )
        stack.push_async_callback(_in_time, answering.aclose)
        store = await Store.open(
            settings.database_address or _file_address(state / "state.sqlite3"),
            keep_questions_days=settings.keep_questions_days,
        )
        stack.push_async_callback(_in_time, store.aclose)
        rebuilding = Rebuilding(place, redact=redactor.redact, patience_seconds=_REBUILD_SECONDS)
        shared = SharedInbox(store) if store.is_shareable else None
        processor = ChatOrderProcessor(
            shared or store,
            redactor,
            handler_seconds=settings.question_seconds + HANDLER_MARGIN_SECONDS,
            waiting_at_most=IN_HAND_AT_MOST if shared else WAITING_AT_MOST,
            # Where chats are shared, no more of one is claimed.
            of_chat_at_most=IN_HAND_AT_MOST if shared else OF_CHAT_AT_MOST,
        )
        parts = Parts(
            settings=settings,
            place=place,
            identity=identity,
            answering=answering,
            opener=opener,
            store=store,
            delivery=Delivery(store),
            processor=processor,
            rebuilding=rebuilding,
            shared=shared,
            started_at=datetime.now(UTC),
        )
        polling = polling_request()
        application = build_application(parts, polling)
        await answered(application.initialize, Backoff())
        stack.push_async_callback(_in_time, application.shutdown)
        await application.start()
        menus = asyncio.create_task(show_menus(application.bot, settings, store), name="menus")
        stack.callback(menus.cancel)
        inbox = shared or store
        handing = HandingOver(application.bot, inbox, processor, application.update_queue)
        on_success = (state / HEARTBEAT).touch
        if webhook is None:
            source = Poller(
                application.bot,
                polling,
                inbox,
                processor,
                application.update_queue,
                on_success=on_success,
                before_acknowledging=store.keep_for_good,
            ).run()
        else:
            source = _webhook(parts, application.bot, webhook, inbox, handing, on_success).run()
        works = [source, _purge(store), Following(place.index_folder, answering, opener).run()]
        if shared is not None:
            await stack.enter_async_context(shared.taking_part())
            works.append(shared.work(handing, processor))
        await _tell_start(parts)
        with _signals() as end_asked:
            try:
                await _until_end(works, end_asked)
            finally:
                await asyncio.gather(_drain(application, processor), rebuilding.aclose())
    _log.info("ended", sent=parts.delivery.statistics.sent, sent_again=parts.delivery.statistics.sent_again)


def _webhook(
    parts: Parts,
    bot: Bot,
    address: WebhookAddress,
    inbox: Inbox,
    handing: HandingOver,
    on_success: Callable[[], None],
) -> WebhookSource:
    """Return where updates come from by webhook."""
    # Imported only here: whoever polls need not wait for a server to load.
    from bot.webhook import Condition, WebhookReceiver
    from bot.webhook_source import WebhookSource

    secret = webhook_secret(parts.settings)
    answering = parts.answering
    condition = Condition(lambda: answering.is_open, parts.store.reach)
    keep = parts.store.keep_for_good
    receiver = WebhookReceiver(address.path, secret, inbox, handing, condition, before_acknowledging=keep)
    return WebhookSource(
        bot, address, secret, receiver.application, handing, condition, on_success=on_success
    )


async def _until_end(works: Sequence[Coroutine[Any, Any, None]], end_asked: asyncio.Event) -> None:
    """Do all of it until the end is asked for, or one ends by itself, which is an error."""
    tasks = [asyncio.create_task(work) for work in (*works, _wait(end_asked))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def _drain(application: BotApplication, processor: ChatOrderProcessor) -> None:
    """Let what is in hand come to its end, as long as there is time."""
    _log.info("ending", in_hand=processor.waiting)
    try:
        await asyncio.wait_for(application.stop(), _DRAIN_SECONDS)
    except TimeoutError:
        _log.warning("ended_with_updates_in_hand", updates=processor.waiting)
        await processor.cancel_all()


def _file_address(path: Path) -> str:
    """Return the SQLAlchemy address of a database file, whatever signs are in its path."""
    return URL.create("sqlite+aiosqlite", database=str(path)).render_as_string()


async def _in_time(close: Callable[[], Awaitable[None]]) -> None:
    """Close a part, and go on where that takes too long."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await close()
    except TimeoutError:
        _log.warning("closing_takes_too_long", part=getattr(close, "__qualname__", ""))


async def _purge(store: Store) -> None:
    """Forget what is old, now and every hour."""
    while True:
        try:
            await store.purge(datetime.now(UTC))
        except StoreError as error:
            _log.error("purge_failed", error=error)
        await asyncio.sleep(_PURGE_EVERY_SECONDS)


async def _tell_start(parts: Parts) -> None:
    """Say in a line what is served, what to switch on, and how to claim a bot that has no admin."""
    generation = parts.answering.generation
    _log.info(
        "serving",
        bot=f"@{parts.identity.username}",
        articles=generation.manifest.articles,
        passages=generation.manifest.passages,
        generation=generation.name,
    )
    for hint in parts.identity.hints:
        _log.info("hint", text=hint)
    if parts.settings.admins or await parts.store.admins():
        await parts.store.withdraw_claim_code()
    else:
        code = await parts.store.new_claim_code()
        click.echo(f"No admin is set. Whoever first sends the bot /claim {code} in private becomes one.")


@contextmanager
def _signals() -> Iterator[asyncio.Event]:
    """Give an event that the first SIGINT or SIGTERM sets; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(asked.set)

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
