"""Where an opened passage came from, and the way back there."""

from __future__ import annotations

from bot.callback_data import OpenPress, Shelf, SourcesPress, pack
from bot.cards import Button, Card
from bot.ways_back import BACK_TO_LIST, back_to_list, opened_shelf, with_button

IDS = tuple(f"{number:016x}" for number in range(1, 12))
OFFERED = [OpenPress(IDS[0], 3), OpenPress(IDS[1]), OpenPress(IDS[2], 0)]
PERHAPS = [Button(f"Perhaps: {press.passage_id}", callback_data=pack(press)) for press in OFFERED]
LISTED = [Button(str(number + 11), callback_data=pack(OpenPress(IDS[number]))) for number in range(3)]


def test_an_offered_passage_opens_among_the_others() -> None:
    assert opened_shelf(OFFERED[1], PERHAPS) == Shelf(IDS[:3], (3, None, 0), 1)


def test_a_listed_article_opens_alone() -> None:
    assert opened_shelf(OpenPress(IDS[1]), LISTED) == Shelf((IDS[1],), (None,), 0)


def test_what_is_not_among_the_buttons_opens_alone() -> None:
    for buttons in ([], PERHAPS[:1], LISTED):
        assert opened_shelf(OpenPress(IDS[9], 2), buttons) == Shelf((IDS[9],), (2,), 0)


def test_more_passages_than_a_shelf_holds_open_alone() -> None:
    many = [Button("Perhaps", callback_data=pack(OpenPress(each))) for each in IDS]
    assert opened_shelf(OpenPress(IDS[1]), many) == Shelf((IDS[1],), (None,), 0)


def test_a_listed_article_leads_back_to_its_page() -> None:
    back = Button(BACK_TO_LIST, callback_data=pack(SourcesPress(11)))
    assert back_to_list(LISTED, OpenPress(IDS[1])) == back
    assert back_to_list([*PERHAPS, back]) == back


def test_an_offered_passage_leads_back_to_no_list() -> None:
    assert back_to_list(PERHAPS, OFFERED[0]) is None
    assert back_to_list(PERHAPS) is None


def test_a_button_is_put_below_the_others() -> None:
    card = Card("text", ((PERHAPS[0],),))
    assert with_button(card, None) is card
    assert with_button(card, LISTED[0]) == Card("text", ((PERHAPS[0],), (LISTED[0],)))
