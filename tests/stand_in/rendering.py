"""Messages as text, the way a client shows them: for snapshot files that a reader can review."""

from __future__ import annotations

import textwrap
from typing import Final

from tests.stand_in.message_text import Entity
from tests.stand_in.records import Button, Content, InlineQuery, InlineResult, Keyboard, Message

_WIDTH: Final = 80
_MARKS: Final = {
    "bold": ("**", "**"),
    "italic": ("__", "__"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("~~", "~~"),
    "spoiler": ("||", "||"),
    "code": ("`", "`"),
    "pre": ("```", "```"),
}
_QUOTES: Final = ("blockquote", "expandable_blockquote")
_KINDS: Final = {"copy_text": "copies", "url": "opens", "switch_inline_query": "shares"}
_BAR: Final = "│ "


def show(message: Message) -> str:
    """Return a message with its marks and buttons, a reply's beginning above it."""
    lines = []
    if message.via_bot is not None:
        lines.append(f"via @{message.via_bot.username}")
    if message.reply_to is not None:
        replied = message.quote.text if message.quote is not None else message.reply_to.text
        lines.append(f"> {textwrap.shorten(replied, _WIDTH - 2, placeholder='…')}")
    return "\n".join([*lines, show_content(message.content)])


def show_content(content: Content) -> str:
    """Return a text with its marks, and its buttons under it."""
    lines = _shown_lines(content.text, content.entities)
    wrapped = [part for line in lines for part in _wrapped(line)]
    return "\n".join([*wrapped, *show_keyboard(content.keyboard)])


def show_keyboard(keyboard: Keyboard) -> list[str]:
    """Return a line for each row of buttons; what a button copies or opens stands below."""
    lines = [" ".join(f"[ {button.text} ]" for button in row) for row in keyboard]
    return [*lines, *(told for row in keyboard for button in row for told in _told(button))]


def show_results(query: InlineQuery, username: str = "footnote_bot") -> str:
    """Return the list that a client shows under what was typed, the button above it first."""
    answer = query.answer or {}
    button = answer.get("button")
    lines = [f"@{username} {query.text}"]
    if button:
        lines.append(f"[ {button['text']} ]" + (f" (start {button['start_parameter']})"))
    for number, result in enumerate(query.results, start=1):
        lines += _shown_result(number, result)
    if answer.get("next_offset"):
        lines.append("(more below)")
    return "\n".join(lines)


def _shown_result(number: int, result: InlineResult) -> list[str]:
    first = textwrap.shorten(result.title, _WIDTH - 4, placeholder="…")
    second = textwrap.shorten(result.description, _WIDTH - 4, placeholder="…")
    return [f"{number:2}. {first}", *([f"    {second}"] if second else [])]


def _told(button: Button) -> list[str]:
    if button.kind not in _KINDS:
        return []
    return [f"  {button.text} {_KINDS[button.kind]}: {button.value}"]


def _shown_lines(text: str, entities: tuple[Entity, ...]) -> list[str]:
    """Return the text's lines, with marks in them and a bar before what is quoted."""
    units = text.encode("utf-16-le", "surrogatepass")
    begins: dict[int, list[Entity]] = {}
    ends: dict[int, list[Entity]] = {}
    for entity in entities:
        begins.setdefault(entity.offset, []).append(entity)
        ends.setdefault(entity.end, []).insert(0, entity)
    lines = [""]
    quote: Entity | None = None
    position = 0
    for character in [*units.decode("utf-16-le", "replace"), ""]:
        for entity in ends.get(position, []):
            lines[-1] += _closing(entity)
            if entity is quote:
                quote = None
                if character not in ("", "\n"):
                    lines.append("")
        for entity in begins.get(position, []):
            if entity.type in _QUOTES:
                quote = entity
                if lines[-1]:
                    lines.append("")
                lines[-1] = _BAR
                if entity.type == "expandable_blockquote":
                    lines[-1] += "(expandable) "
            lines[-1] += _MARKS.get(entity.type, ("[" if entity.type == "text_link" else "", ""))[0]
        if character == "\n":
            lines.append(_BAR if quote is not None else "")
        else:
            lines[-1] += character
        position += 2 if character > "\uffff" else len(character)
    return lines


def _closing(entity: Entity) -> str:
    if entity.type == "text_link":
        return f"]({entity.url})"
    return _MARKS.get(entity.type, ("", ""))[1]


def _wrapped(line: str) -> list[str]:
    """Break a line as a narrow screen does; a quote keeps its bar, an address stays whole."""
    bar = _BAR if line.startswith(_BAR) else ""
    parts = textwrap.wrap(
        line.removeprefix(bar), _WIDTH - len(bar), break_long_words=False, break_on_hyphens=False
    )
    return [bar + part for part in parts] or [bar.rstrip()]
