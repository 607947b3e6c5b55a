"""Each chat is one process's, all agree on whose, and it stays that for as long as that process lives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.replicas import BUCKETS, bucket_of, buckets_of
from bot.update_contents import chat_key_of

names = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=8, unique=True)


@given(names)
def test_every_bucket_is_one_replicas_whatever_the_order_of_names(replicas: list[str]) -> None:
    shares = [buckets_of(name, replicas) for name in replicas]
    assert sorted(bucket for share in shares for bucket in share) == list(range(BUCKETS))
    assert shares == [buckets_of(name, replicas[::-1]) for name in replicas]


@given(names, st.text(max_size=20))
def test_when_one_goes_the_others_keep_what_they_have(replicas: list[str], other: str) -> None:
    if other in replicas:
        return
    for name in replicas:
        assert set(buckets_of(name, [*replicas, other])) <= set(buckets_of(name, replicas))


def test_who_does_not_take_part_has_nothing() -> None:
    assert buckets_of("c", ["a", "b"]) == ()


def test_three_have_alike_many() -> None:
    replicas = [f"replica {number}" for number in range(3)]
    assert all(60 <= len(buckets_of(name, replicas)) <= 112 for name in replicas)


@given(st.text())
def test_any_chat_has_a_bucket(chat_key: str) -> None:
    assert 0 <= bucket_of(chat_key) < BUCKETS


def test_what_a_person_types_inline_goes_where_their_private_chat_is() -> None:
    private = {"update_id": 1, "message": {"chat": {"id": 7}}}
    inline = {"update_id": 2, "inline_query": {"from": {"id": 7}}}
    assert bucket_of(chat_key_of(private)) == bucket_of(chat_key_of(inline))
