"""What a message that opens a passage was before, and the button that leads back there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.callback_data import MOST_PASSAGES, OpenPress, Shelf, SourcesPress, pack, unpack
from bot.cards import Button, Card

BACK_TO_LIST: Final = "☰"
"""The button that leads back to the list of articles."""


def opened_shelf(press: OpenPress, buttons: Sequence[Button]) -> Shelf:
    """Return the passage that is opened among those that were offered beside it.

    Args:
        press: What is opened.
        buttons: Those of the message before; a list of articles is no offer of passages.
    """
    alone = Shelf((press.passage_id,), (press.marked,), 0)
    if _number_of(press, buttons) is not None:
        return alone
    presses = (unpack(button.callback_data or "") for button in buttons)
    offered = [each for each in presses if isinstance(each, OpenPress)]
    if press not in offered or len(offered) > MOST_PASSAGES:
        return alone
    return Shelf(
        tuple(each.passage_id for each in offered),
        tuple(each.marked for each in offered),
        offered.index(press),
    )


def back_to_list(buttons: Sequence[Button], press: OpenPress | None = None) -> Button | None:
    """Return the button back to the list of articles; None where the message does not come from there.

    Args:
        buttons: Those of the message before: the list, or a passage with that button.
        press: What is opened, where something is.
    """
    number = None if press is None else _number_of(press, buttons)
    if number is not None:
        return Button(BACK_TO_LIST, callback_data=pack(SourcesPress(number - 1)))
    return next((button for button in buttons if button.text == BACK_TO_LIST), None)


def with_button(card: Card, button: Button | None) -> Card:
    """Return a card with one more button below the others, if there is one."""
    return card if button is None else Card(card.html, (*card.buttons, (button,)))


def _number_of(press: OpenPress, buttons: Sequence[Button]) -> int | None:
    """Return the number of the line of the list that is opened."""
    data = pack(press)
    labels = (button.text for button in buttons if button.callback_data == data)
    return next(
        (int(label) for label in labels if label.isascii() and label.isdecimal() and int(label)), None
    )
