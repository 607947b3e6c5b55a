"""How several processes share the chats: each chat is in one bucket, and each bucket is one process's.

Which is decided by rendezvous hashing (Thaler and Ravishankar, 1998): whoever has the highest hash of its
name and the bucket has it. So all agree without talking, and when one comes or goes only its own share
moves. A chat stays with one process while none comes or goes that has a claim to it, and with it what is
only in memory there: which inline query is the last one, a running rebuild, and what was asked before where
no question may be kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

BUCKETS: Final = 256
"""Shares that chats are put into: many more than there will be processes, so that these have alike many."""


def bucket_of(chat_key: str) -> int:
    """Return the bucket of a chat, 0 to `BUCKETS` - 1.

    A person's private chat, `chat:7`, and what that person types inline, `user:7`, are in one.
    """
    return _hash(chat_key.rpartition(":")[2]) % BUCKETS


def buckets_of(name: str, names: Iterable[str]) -> tuple[int, ...]:
    """Return the buckets, ascending, that one of several processes has; none where it is not one of them.

    Args:
        name: Which one.
        names: All that take part.
    """
    others = sorted(names)
    if name not in others:
        return ()
    return tuple(
        bucket for bucket in range(BUCKETS) if name == max(others, key=lambda each: _hash(f"{each} {bucket}"))
    )


def _hash(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
