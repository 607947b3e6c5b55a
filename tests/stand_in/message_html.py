"""Telegram's HTML parse mode, as strict as the server: what it refuses is refused here, in its words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from tests.stand_in.character_references import reference_at
from tests.stand_in.message_text import Entity, checked_link, kept_text, utf16_length

_KINDS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
}
_SPACE: Final = b" \t\n\r\0\v"
_TOKEN: Final = re.compile(rb"[0-9A-Za-z.-]*")
_USER: Final = re.compile(r"tg://user\?id=(\d+)")
_SURROGATE: Final = (
    "Text contains invalid Unicode characters after decoding HTML entities, "
    "check for unmatched surrogate code units"
)


class EntityError(ValueError):
    """The server's refusal of a text that it cannot parse, in the words it answers with."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Bad Request: can't parse entities: {reason}")


@dataclass(frozen=True, slots=True)
class _Open:
    """A tag that waits for its end."""

    tag: str
    argument: str
    offset: int
    """In UTF-16 code units of the text so far."""
    start: int
    """In characters of the text so far."""


def parse_html(text: str) -> tuple[str, list[Entity]]:
    """Return the text that people see and its entities, as the server keeps them.

    Args:
        text: A message's text with `parse_mode=HTML`.

    Raises:
        EntityError: The server refuses the text; the message is its answer, with the byte offset.
    """
    parser = _Parser(text.encode("utf-8", "surrogatepass"))
    return kept_text(*parser.parsed())


class _Parser:
    """One pass over the bytes, because the server's errors count bytes."""

    def __init__(self, source: bytes) -> None:
        self._source = source.split(b"\0", 1)[0]
        self._at = 0
        self._shown: list[str] = []
        self._offset = 0
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def parsed(self) -> tuple[str, list[Entity]]:
        """Return the text without tags, and the entities in the order in which they ended."""
        while self._at < len(self._source):
            byte = self._source[self._at : self._at + 1]
            if byte == b"<":
                if self._source[self._at + 1 : self._at + 2] == b"/":
                    self._end_tag()
                else:
                    self._start_tag()
            elif byte == b"&":
                self._show(self._reference() or self._taken(1))
            else:
                stop = re.compile(rb"[<&]").search(self._source, self._at)
                self._show(self._taken((stop.start() if stop else len(self._source)) - self._at))
        if self._open:
            raise EntityError(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        try:
            shown = "".join(self._shown).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise EntityError(_SURROGATE) from error
        return shown, [
            replace(entity, language=None) if entity.type == "code" else entity for entity in self._entities
        ]

    def _show(self, text: str) -> None:
        self._shown.extend(text)
        self._offset += utf16_length(text)

    def _taken(self, count: int) -> str:
        self._at += count
        return self._source[self._at - count : self._at].decode("utf-8", "surrogatepass")

    def _byte(self) -> bytes:
        """Return the next byte; a zero byte stands at the end."""
        return self._source[self._at : self._at + 1] or b"\0"

    def _skip_space(self) -> None:
        while self._at < len(self._source) and self._byte() in _SPACE:
            self._at += 1

    def _skip_until(self, stops: bytes) -> bytes:
        start = self._at
        while self._byte() not in _SPACE and self._byte() not in stops:
            self._at += 1
        return self._source[start : self._at]

    def _reference(self) -> str | None:
        """Take a character reference; None, and nothing taken, where the server sees a bare ampersand."""
        reference = reference_at(self._source, self._at)
        if reference is None:
            return None
        self._at = reference.end
        return reference.character

    def _start_tag(self) -> None:
        begin = self._at
        self._at += 1
        tag = self._skip_until(b">").decode("utf-8", "surrogatepass").lower()
        if self._at >= len(self._source):
            raise EntityError(f"Unclosed start tag at byte offset {begin}")
        if tag not in _KINDS and tag != "tg-emoji":
            raise EntityError(f'Unsupported start tag "{tag}" at byte offset {begin}')
        argument = self._attributes(tag, begin)
        if tag == "span" and argument != "spoiler":
            raise EntityError(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        self._open.append(_Open(tag, argument, self._offset, len(self._shown)))

    def _attributes(self, tag: str, begin: int) -> str:
        """Read up to the end of the tag; return what the tag's one meaningful attribute says."""
        argument = ""
        while self._byte() != b">":
            self._skip_space()
            if self._byte() == b">":
                break
            name = self._skip_until(b"=>").decode("utf-8", "surrogatepass")
            if not name:
                raise EntityError(f'Empty attribute name in the tag "{tag}" at byte offset {begin}')
            self._skip_space()
            value = ""
            if self._byte() == b"=":
                self._at += 1
                value = self._value(tag, begin)
            if self._at >= len(self._source):
                raise EntityError(f"Unclosed start tag at byte offset {begin}")
            argument = _argument(tag, name, value) or argument
        self._at += 1
        return argument

    def _value(self, tag: str, begin: int) -> str:
        self._skip_space()
        if self._at >= len(self._source):
            raise EntityError(f'Unclosed start tag "{tag}" at byte offset {begin}')
        quote = self._byte()
        if quote not in b"'\"":
            token = self._at
            found = _TOKEN.match(self._source, token)
            assert found is not None
            self._at = found.end()
            if self._byte() not in _SPACE and self._byte() != b">":
                raise EntityError(f"Unexpected end of name token at byte offset {token}")
            return found[0].decode().lower()
        self._at += 1
        value: list[str] = []
        while self._at < len(self._source) and self._byte() != quote:
            reference = self._reference() if self._byte() == b"&" else None
            if reference is None:
                stop = re.compile(b"[&" + quote + b"]").search(self._source, self._at + 1)
                value.append(self._taken((stop.start() if stop else len(self._source)) - self._at))
            else:
                value.append(reference)
        if self._at < len(self._source):
            self._at += 1
        return "".join(value)

    def _end_tag(self) -> None:
        begin = self._at
        if not self._open:
            raise EntityError(f"Unexpected end tag at byte offset {begin}")
        self._at += 2
        name = self._skip_until(b">").decode("utf-8", "surrogatepass").lower()
        self._skip_space()
        if self._byte() != b">":
            raise EntityError(f"Unclosed end tag at byte offset {begin}")
        self._at += 1
        opened = self._open.pop()
        if name and name != opened.tag:
            raise EntityError(
                f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{name}>"'
            )
        if self._offset > opened.offset and opened.tag != "tg-emoji":
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        """Add the entity of a tag that has ended around some text."""
        kind, offset, length = _KINDS[opened.tag], opened.offset, self._offset - opened.offset
        last = self._entities[-1] if self._entities else None
        if kind == "text_link":
            address = opened.argument or "".join(self._shown[opened.start :])
            user = _USER.match(address)
            link = checked_link(address)
            if user:
                self._entities.append(Entity("text_mention", offset, length, user_id=int(user[1])))
            elif link is not None:
                self._entities.append(Entity(kind, offset, length, url=link))
        elif kind in ("pre", "code") and last is not None and _is_code_of(last, kind, opened, length):
            language = last.language or opened.argument
            self._entities[-1] = Entity("pre", offset, length, language=language or None)
        elif kind == "blockquote" and opened.argument:
            self._entities.append(Entity("expandable_blockquote", offset, length))
        else:
            named = opened.argument if kind == "code" and opened.argument else None
            self._entities.append(Entity(kind, offset, length, language=named))


def _argument(tag: str, name: str, value: str) -> str:
    """Return what an attribute means for its tag, or nothing."""
    if tag == "a" and name == "href":
        return value
    if tag == "code" and name == "class" and value.startswith("language-"):
        return value.removeprefix("language-")
    if tag == "span" and name == "class" and value.startswith("tg-"):
        return value.removeprefix("tg-")
    return "1" if tag == "blockquote" and name == "expandable" else ""


def _is_code_of(last: Entity, kind: str, opened: _Open, length: int) -> bool:
    """Whether a `<pre>` and a `<code class=language-...>` bound exactly the same text."""
    same = last.offset == opened.offset and last.length == length
    other = "code" if kind == "pre" else "pre"
    return same and last.type == other and bool(last.language or opened.argument)
