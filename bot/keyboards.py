"""A card's buttons as Telegram takes them."""

from __future__ import annotations

from telegram import CopyTextButton, InlineKeyboardButton, InlineKeyboardMarkup

from bot.cards import Button, Card


def keyboard(card: Card) -> InlineKeyboardMarkup | None:
    """Return a card's buttons as Telegram takes them; None where it has none."""
    if not card.buttons:
        return None
    return InlineKeyboardMarkup([[_button(button) for button in row] for row in card.buttons])


def _button(button: Button) -> InlineKeyboardButton:
    return InlineKeyboardButton(
        button.text,
        callback_data=button.callback_data,
        copy_text=None if button.copy_text is None else CopyTextButton(button.copy_text),
        url=button.url,
        switch_inline_query=button.switch_inline_query,
    )
