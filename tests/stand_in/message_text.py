"""What Telegram's server does to a text and its entities before it keeps them, whichever way they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

MOST_ENTITIES: Final = 100
"""The rest is dropped without a word."""
_STYLES: Final = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_QUOTES: Final = frozenset({"blockquote", "expandable_blockquote"})
_CODES: Final = frozenset({"pre", "code"})
_REMOVED: Final = frozenset("\r\u030a\u0333\u033f\u2028\u2029\u202a\u202b\u202c\u202d\u202e")
_WHITE: Final = " \n"
_ORDER: Final = (
    *("blockquote", "expandable_blockquote", "pre", "code", "text_link", "text_mention", "bold", "italic"),
    *("underline", "strikethrough", "spoiler"),
)


@dataclass(frozen=True, slots=True)
class Entity:
    """One marked range of a message's text, as Telegram keeps it."""

    type: str
    """`bold`, `blockquote`, `text_link`, ... as in the Bot API's MessageEntity."""
    offset: int
    """In UTF-16 code units."""
    length: int
    """In UTF-16 code units."""
    url: str | None = None
    """Only for a `text_link`."""
    language: str | None = None
    """Only for a `pre`."""
    user_id: int | None = None
    """Only for a `text_mention`."""

    @property
    def end(self) -> int:
        """Where the entity ends, in UTF-16 code units."""
        return self.offset + self.length

    def of(self, text: str) -> str:
        """Return the part of `text` that is marked."""
        return utf16_part(text, self.offset, self.end)

    def as_json(self) -> dict[str, Any]:
        """Return a MessageEntity."""
        fields: dict[str, Any] = {"type": self.type, "offset": self.offset, "length": self.length}
        if self.url is not None:
            fields["url"] = self.url
        if self.language is not None:
            fields["language"] = self.language
        if self.user_id is not None:
            fields["user"] = {"id": self.user_id, "is_bot": False, "first_name": ""}
        return fields


def entity_of(fields: dict[str, Any]) -> Entity:
    """Return the entity that a MessageEntity of a call describes."""
    return Entity(
        type=fields["type"],
        offset=fields["offset"],
        length=fields["length"],
        url=fields.get("url"),
        language=fields.get("language"),
        user_id=fields.get("user", {}).get("id"),
    )


def utf16_length(text: str) -> int:
    """Return the length of `text` as Telegram counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf16_part(text: str, start: int, end: int) -> str:
    """Return what stands between two offsets that count UTF-16 code units."""
    return text.encode("utf-16-le", "surrogatepass")[2 * start : 2 * end].decode("utf-16-le", "replace")


def checked_link(url: str) -> str | None:
    """Return the address as Telegram keeps it, or None where it makes no link of it."""
    url = url.strip()
    if "://" not in url:
        url = f"http://{url}"
    scheme, _, rest = url.partition("://")
    if scheme.lower() in ("tg", "ton", "tonsite"):
        return url
    if scheme.lower() not in ("http", "https") or not rest:
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if "." not in host.strip(".") or any(character.isspace() for character in parts.netloc):
        return None
    after = rest[len(parts.netloc) :]
    kept = "".join(f"%{ord(character):02X}" if character <= " " else character for character in after)
    path = kept if kept.startswith("/") else f"/{kept}"
    return f"{scheme.lower()}://{parts.netloc.lower()}{path}"


def kept_text(text: str, entities: Iterable[Entity]) -> tuple[str, list[Entity]]:
    """Return the text and entities that the server keeps of what was parsed.

    Control characters become spaces, some marks are removed, white space at the ends goes; entities that may
    not stand inside each other are dropped or split; no more than a hundred are kept.
    """
    text, entities = _cleaned(text, entities)
    entities = _nested_rightly(entities)
    entities = [entity for entity in entities if entity.of(text).strip(_WHITE)]
    text, entities = _trimmed(text, _in_order(entities))
    return text, entities[:MOST_ENTITIES]


def _cleaned(text: str, entities: Iterable[Entity]) -> tuple[str, list[Entity]]:
    """Remove what the server removes, and move the entities along."""
    new_offsets: list[int] = []
    kept: list[str] = []
    position = 0
    for character in text:
        width = 2 if character > "\uffff" else 1
        new_offsets.extend([position] * width)
        if character in _REMOVED:
            continue
        kept.append(" " if character < " " and character != "\n" else character)
        position += width
    new_offsets.append(position)
    last = len(new_offsets) - 1
    moved = []
    for entity in entities:
        start, end = new_offsets[min(entity.offset, last)], new_offsets[min(entity.end, last)]
        if start < end:
            moved.append(replace(entity, offset=start, length=end - start))
    return "".join(kept), moved


def _nested_rightly(entities: list[Entity]) -> list[Entity]:
    """Drop quotes inside quotes, links inside links, all inside code, and split styles around code."""
    codes: list[Entity] = []
    for entity in sorted(entities, key=lambda entity: (entity.offset, -entity.length)):
        if entity.type in _CODES and (not codes or entity.offset >= codes[-1].end):
            codes.append(entity)
    kept = list(codes)
    last_end = {"quote": 0, "link": 0}
    last_style_end = dict.fromkeys(_STYLES, 0)
    for entity in sorted(entities, key=lambda entity: (entity.offset, -entity.length)):
        if entity.type in _CODES:
            continue
        if entity.type in _STYLES:
            start = max(entity.offset, last_style_end[entity.type])
            if start < entity.end:
                kept.extend(_around(replace(entity, offset=start, length=entity.end - start), codes))
                last_style_end[entity.type] = entity.end
            continue
        kind = "quote" if entity.type in _QUOTES else "link"
        inside_code = any(code.offset <= entity.offset and entity.end <= code.end for code in codes)
        around_code = kind == "link" and any(
            entity.offset < code.end and code.offset < entity.end for code in codes
        )
        if entity.offset >= last_end[kind] and not inside_code and not around_code:
            kept.append(entity)
            last_end[kind] = entity.end
    return kept


def _around(entity: Entity, codes: list[Entity]) -> list[Entity]:
    """Return the parts of a style's range that lie outside every code."""
    parts = []
    start = entity.offset
    for code in codes:
        if code.end <= start or code.offset >= entity.end:
            continue
        if start < code.offset:
            parts.append(replace(entity, offset=start, length=code.offset - start))
        start = code.end
    if start < entity.end:
        parts.append(replace(entity, offset=start, length=entity.end - start))
    return parts


def _in_order(entities: list[Entity]) -> list[Entity]:
    """Sort as the server does: by place, the longer first, then by kind."""

    def key(entity: Entity) -> tuple[int, int, int]:
        rank = _ORDER.index(entity.type) if entity.type in _ORDER else len(_ORDER)
        return entity.offset, -entity.length, rank

    return sorted(entities, key=key)


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Cut white space at both ends, at the start only as far as nothing is marked there."""
    text = text.rstrip(_WHITE)
    end = utf16_length(text)
    first_marked = min((entity.offset for entity in entities), default=end)
    cut = 0
    while cut < min(len(text), first_marked) and text[cut] in _WHITE:
        cut += 1
    shifted = [
        replace(entity, offset=entity.offset - cut, length=min(entity.end, end) - entity.offset)
        for entity in entities
    ]
    return text[cut:], shifted
