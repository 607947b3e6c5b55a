"""`footnote run`: from the settings to a bot that answers, and what ends the start."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import platformdirs
from filelock import FileLock, Timeout
from telegram import Bot

from bot.cli import end_at_once
from bot.composition import (
    Place,
    bring_up_to_date,
    load_cross_encoder,
    load_encoder,
    open_retriever,
    tell_store,
)
from bot.connections import call_request, method_address, token_of
from bot.identity import BotIdentity, identify
from bot.logs import EventLog, Logging
from bot.redaction import Redactor
from bot.serving import serve
from bot.settings import Settings
from bot.store_dialects import is_address_shareable
from bot.webhook_address import WebhookAddress, webhook_address
from index.errors import BuildRunningError, FootnoteError

if TYPE_CHECKING:
    from index.chosen_encoder import ChosenEncoder
    from index.retriever import Retriever

_log: Final = EventLog(__name__)

_BUILD_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether the process that builds the first generation has."""


class StateError(FootnoteError):
    """The state folder cannot be used."""


def run_bot(
    place: Place, *, up_to_date: bool = True, webhook: str | None = None, take_over: bool = False
) -> None:
    """Answer in Telegram until a signal asks to end.

    Telegram is asked who the bot is before anything is loaded, so that a wrong token is told at once.

    Args:
        place: Which articles are asked, and the settings.
        up_to_date: Whether to build first what is not up to date.
        webhook: Where Telegram is to send updates; None for what the settings say.
        take_over: Whether a webhook that is set may be taken away.

    Raises:
        FootnoteError: A setting, the token, the articles, the index, a model or the state is not what
            it should be.
    """
    if webhook is not None:
        place = replace(place, settings=msgspec.structs.replace(place.settings, webhook=webhook))
    settings = place.settings
    address = webhook_address(settings)
    redactor = Redactor(token_of(settings))
    Logging(redactor, as_json=settings.log_json).start()
    # Waits that Telegram asks for come as time spans, as they will in its library's next version.
    os.environ["PTB_TIMEDELTA"] = "true"
    signal.signal(signal.SIGTERM, end_at_once)
    identity = asyncio.run(_identify(settings, address, take_over))
    is_one_of_several = address is not None and is_address_shareable(settings.database_address)
    folder = state_folder(settings, identity)
    with _shared(folder) if is_one_of_several else _locked(folder, identity) as state:
        tell_store(place)
        encoder = load_encoder(settings)
        if up_to_date:
            _bring_up_to_date(place, encoder, waits=is_one_of_several)
        cross_encoder = load_cross_encoder(settings)

        def opener() -> Retriever:
            return open_retriever(place, encoder, cross_encoder)

        asyncio.run(serve(place, identity, redactor, state, opener(), opener, address))


def state_folder(settings: Settings, identity: BotIdentity) -> Path:
    """Return the folder of what must survive a restart: each bot has its own, whatever is set."""
    data = platformdirs.user_data_path("footnote", appauthor=False)
    return (settings.state or data / "state") / str(identity.bot_id)


async def _identify(settings: Settings, address: WebhookAddress | None, take_over: bool) -> BotIdentity:
    async with call_request() as request:
        bot = Bot(token_of(settings), base_url=method_address(settings), request=request)
        url = None if address is None else address.url
        return await identify(bot, take_over=take_over, webhook_url=url)


def _bring_up_to_date(place: Place, encoder: ChosenEncoder, *, waits: bool) -> None:
    """Build what is not up to date.

    Args:
        place: Which articles.
        encoder: What `load_encoder` gave.
        waits: Whether to wait for the first generation where another process is building that.

    Raises:
        FootnoteError: As `bring_up_to_date` says.
    """
    told = False
    while True:
        try:
            bring_up_to_date(place, encoder)
        except BuildRunningError:
            if not waits:
                raise
            if not told:
                _log.info("waiting_for_first_generation")
                told = True
            time.sleep(_BUILD_LOOK_SECONDS)
        else:
            return


@contextmanager
def _shared(folder: Path) -> Iterator[Path]:
    """Give the state folder where several processes may have it: it holds no state then.

    Raises:
        StateError: It cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error
    yield folder


@contextmanager
def _locked(folder: Path, identity: BotIdentity) -> Iterator[Path]:
    """Give the state folder, which no other process of this bot has meanwhile.

    Raises:
        StateError: Another process has it, or it cannot be written to.
    """
    lock = FileLock(folder / "run.lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise StateError(
            f"Another process answers as @{identity.username} with the state in {folder}; expected one a "
            "bot; stop the other one."
        ) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield folder
    finally:
        lock.release()


def _unwritable(folder: Path, error: OSError) -> StateError:
    return StateError(
        f"The state folder {folder} cannot be written to ({error.strerror}); expected a folder of the "
        "bot's own; set FOOTNOTE_STATE to one."
    )
