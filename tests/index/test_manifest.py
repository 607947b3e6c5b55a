"""A manifest comes back exactly, and nothing else passes for one."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import DamagedGenerationError, FootnoteError
from index.generation import Manifest, ModelIdentity
from index.manifest import FileRecord, VectorLayout

MANIFEST: Manifest = runpy.run_path(str(Path(__file__).with_name("crashing_builds.py")))["MANIFEST"]

FILE = {"path": "x", "size": 1, "sha256": "0" * 64, "spots_sha256": "0" * 64}

text = st.text()
whole = st.integers(0, 2**64)
digests = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
layouts = st.builds(
    VectorLayout, st.sampled_from(["exact", "compressed"]), st.none() | st.floats(0, 1, allow_nan=False)
)
manifests = st.builds(
    Manifest,
    created_at=st.datetimes().map(lambda moment: f"{moment.isoformat()}+00:00"),
    encoder=st.builds(ModelIdentity, text, text, whole, text, text),
    articles=whole,
    passages=whole,
    sentences=whole,
    languages=st.lists(text).map(tuple),
    corpus_fingerprint=text,
    segmentation=st.lists(st.tuples(text, whole)).map(tuple),
    build_seconds=st.floats(allow_nan=False, allow_infinity=False),
    passage_vectors=st.none() | layouts,
    sentence_vectors=st.none() | layouts,
    files=st.lists(
        st.builds(
            FileRecord,
            st.from_regex(r"[a-z]{1,5}(/[^/\0.\ud800-\udfff]{1,5}){0,2}", fullmatch=True),
            whole,
            digests,
            digests,
        ),
        max_size=3,
    ).map(tuple),
)


@settings(deadline=None)
@given(manifests)
def test_any_manifest_comes_back_from_json(manifest: Manifest) -> None:
    """Every field, exactly."""
    assert Manifest.from_json(manifest.to_json()) == manifest


@settings(deadline=None)
@given(text)
def test_any_text_is_a_manifest_or_an_error_of_ours(data: str) -> None:
    """No text makes another error."""
    with pytest.raises(FootnoteError):
        Manifest.from_json(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"articles": -1}, "articles is -1"),
        ({"articles": True}, "articles is True"),
        ({"articles": "2"}, "articles is '2'"),
        ({"build_seconds": "x" * 100}, r"x\.\.\.; expected a finite"),
        ({"build_seconds": float("nan")}, "expected a finite"),
        ({"build_seconds": 10**400}, "too large"),
        ({"created_at": "yesterday"}, "yesterday"),
        ({"created_at": "2026-11-24T04:01:02"}, "with its zone"),
        ({"encoder": []}, "expected an object"),
        ({"encoder": {}}, "no field 'name'"),
        ({"languages": "en"}, "expected a list"),
        ({"languages": [1]}, "expected a string"),
        ({"segmentation": [["a", 1, 2]]}, "a name and a value"),
        ({"files": [{**FILE, "path": "../up"}]}, "inside the folder"),
        ({"files": [{**FILE, "path": "/etc/x"}]}, "inside the folder"),
        ({"files": [{**FILE, "path": ""}]}, "inside the folder"),
        ({"files": [{**FILE, "path": "."}]}, "inside the folder"),
        ({"files": [{**FILE, "sha256": "0"}]}, "64 hexadecimal digits"),
        ({"files": [{**FILE, "mode": 1}]}, "unknown fields"),
        ({"files": [{**FILE, "spots_sha256": 1}]}, "spots_sha256 is 1"),
        ({"passage_vectors": {"name": "tree", "recall_at_10": None}}, "'tree'; expected 'exact'"),
        ({"sentence_vectors": {"name": "exact", "recall_at_10": "1"}}, "recall_at_10 is '1'"),
        ({"extra": 1}, "unknown fields"),
        ({"format_version": None}, "format_version is None"),
    ],
)
def test_a_manifest_is_read_strictly(change: dict[str, object], message: str) -> None:
    """Nothing is guessed: each field has its type and its bounds."""
    with pytest.raises(DamagedGenerationError, match=f"{message}.*`footnote rollback` or `footnote build`"):
        Manifest.from_json(json.dumps({**json.loads(MANIFEST.to_json()), **change}))
