"""Takes a card as Telegram would, with its refusals, and shows it as a client would."""

from __future__ import annotations

from typing import TypeVar

from bot.callback_data import unpack
from bot.cards import Button, Card
from tests.stand_in.limits import keyboard_of, text_of
from tests.stand_in.message_text import Entity
from tests.stand_in.parameters import Parameters
from tests.stand_in.records import Content
from tests.stand_in.rendering import show_content

Kind = TypeVar("Kind")

QUOTES = ("blockquote", "expandable_blockquote")


def received(card: Card) -> Content:
    """Return a card as people get it; whatever Telegram would refuse is an error."""
    card.html.encode("utf-8")
    content = text_of(Parameters({"text": card.html, "parse_mode": "HTML"}))
    rows = [[_fields(button) for button in row] for row in card.buttons]
    return Content(content.text, content.entities, keyboard_of({"inline_keyboard": rows}))


def shown(card: Card) -> str:
    """Return a card as text, for a reader."""
    return show_content(received(card))


def quotes(content: Content) -> list[str]:
    """Return what is quoted, quote by quote."""
    return [entity.of(content.text) for entity in content.entities if entity.type in QUOTES]


def marked(content: Content, kind: str) -> list[str]:
    """Return what is marked in one way."""
    return [entity.of(content.text) for entity in content.entities if entity.type == kind]


def entities(content: Content, kind: str) -> list[Entity]:
    """Return the entities of one kind."""
    return [entity for entity in content.entities if entity.type == kind]


def buttons(card: Card) -> list[Button]:
    """Return all buttons of a card, in order."""
    return [button for row in card.buttons for button in row]


def pressed(card: Card, kind: type[Kind]) -> list[Kind]:
    """Return what the buttons of one kind say when they are pressed."""
    said = [unpack(button.callback_data) for button in buttons(card) if button.callback_data is not None]
    return [press for press in said if isinstance(press, kind)]


def _fields(button: Button) -> dict[str, object]:
    fields: dict[str, object] = {"text": button.text}
    if button.callback_data is not None:
        fields["callback_data"] = button.callback_data
    if button.copy_text is not None:
        fields["copy_text"] = {"text": button.copy_text}
    if button.url is not None:
        fields["url"] = button.url
    if button.switch_inline_query is not None:
        fields["switch_inline_query"] = button.switch_inline_query
    return fields
