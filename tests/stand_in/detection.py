"""The entities that Telegram finds in what people write without being told."""

from __future__ import annotations

import re
from typing import Final

from tests.stand_in.message_text import Entity, utf16_length

_PATTERNS: Final = (
    ("url", re.compile(r"https?://[^\s<>\"]+")),
    ("bot_command", re.compile(r"(?<![\w/<>@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@])")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z0-9_]{3,32}(?![\w@])")),
    ("hashtag", re.compile(r"(?<![\w#&])#(?=\w*[^\W\d])\w{1,256}")),
)


def detected_entities(text: str) -> tuple[Entity, ...]:
    """Return addresses, commands, mentions and hashtags in order, none inside another."""
    found: list[Entity] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            entity = Entity(kind, utf16_length(text[: match.start()]), utf16_length(match[0]))
            if all(entity.end <= other.offset or other.end <= entity.offset for other in found):
                found.append(entity)
    return tuple(sorted(found, key=lambda entity: entity.offset))
