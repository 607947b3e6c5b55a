"""What handlers are given, for tests that need a store and little else of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, cast

from bot.delivery import Delivery
from bot.identity import BotIdentity
from bot.parts import Parts
from bot.settings import Settings
from bot.store import Store

UNUSED: Final = cast(Any, None)
"""In the place of what a test does without."""


def parts_with(store: Store, *, answering: Any = UNUSED) -> Parts:
    """Return parts of which the store, and what answers, are there to be used."""
    return Parts(
        settings=Settings(),
        place=UNUSED,
        identity=BotIdentity(1, "footnote_bot", ()),
        answering=answering,
        opener=UNUSED,
        store=store,
        delivery=Delivery(store),
        processor=UNUSED,
        rebuilding=UNUSED,
        started_at=datetime.now(UTC),
    )
