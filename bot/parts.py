"""What the handlers work with: made once, at the composition root, and given to each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.answering import Answering
    from bot.composition import Place
    from bot.delivery import Delivery
    from bot.dispatch import ChatOrderProcessor
    from bot.identity import BotIdentity
    from bot.rebuilding import Rebuilding
    from bot.settings import Settings
    from bot.shared_inbox import SharedInbox
    from bot.store import Store
    from index.retriever import Retriever


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running bot."""

    settings: Settings
    place: Place
    """Which articles are asked, and where their index lies."""
    identity: BotIdentity
    """Who the bot is; `identity.username` without the @."""
    answering: Answering
    opener: Callable[[], Retriever]
    """What `answering.switch` is given to answer from the generation in use, after it was switched."""
    store: Store
    delivery: Delivery
    processor: ChatOrderProcessor
    """Tells which inline queries are superseded, and how many updates wait."""
    rebuilding: Rebuilding
    started_at: datetime
    """In UTC."""
    shared: SharedInbox | None = None
    """Where several processes share the work: has the turn to rebuild."""
