"""What keeps Milvus from being used is told in one sentence with its remedy, in time, without the token."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from index import milvus_connection
from index.errors import VectorStoreError
from index.milvus import Milvus
from index.milvus_connection import Connection, MilvusAddress
from index.milvus_store import MilvusStore

TOKEN = "someone:a-made-up-secret"


@pytest.fixture
def stand_in() -> Iterator[Callable[[Callable[[str, Any], bytes]], str]]:
    """Return what starts a server that gives what a function says to each call, and its address."""
    grpc = pytest.importorskip("grpc", reason="needs `pip install '.[milvus]'`")
    pytest.importorskip("pymilvus", reason="needs `pip install '.[milvus]'`")
    servers = []

    def start(answer: Callable[[str, Any], bytes]) -> str:
        class Anything(grpc.GenericRpcHandler):  # type: ignore[misc,name-defined]
            def service(self, call: Any) -> Any:
                name = call.method.rpartition("/")[2]
                return grpc.unary_unary_rpc_method_handler(lambda _, context: answer(name, context))

        server = grpc.server(ThreadPoolExecutor(2), handlers=[Anything()])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        return f"http://127.0.0.1:{port}"

    yield start
    for server in servers:
        server.stop(None).wait()


def of_version(version: str) -> Callable[[str, Any], bytes]:
    """Return the answers of a Milvus that knows its version and that everything else is well."""
    from pymilvus.grpc_gen import milvus_pb2

    def answer(name: str, _: Any) -> bytes:
        said = milvus_pb2.GetVersionResponse(version=version) if name == "GetVersion" else None
        return b"" if said is None else said.SerializeToString()

    return answer


@pytest.mark.parametrize("version", ["v2.2.8", "2.2.16-lite"])
def test_one_that_is_too_old_is_told(stand_in: Callable[..., str], version: str) -> None:
    address = stand_in(of_version(version))
    with pytest.raises(VectorStoreError, match=r"is of version 2\.2\.\d+; expected 2\.3 or later; upgrade"):
        MilvusStore(MilvusAddress(address)).check()


@pytest.mark.parametrize(
    ("version", "finds_words"),
    [("v2.3.5", False), ("2.4.23", False), ("v2.5.0", True), ("2.6.1-dev", True), ("nightly", True)],
)
def test_below_2_5_it_says_that_words_are_found_beside_each_replica(
    stand_in: Callable[..., str], version: str, finds_words: bool
) -> None:
    store = MilvusStore(MilvusAddress(stand_in(of_version(version))))
    notice = store.notice()
    assert (notice is None) == finds_words
    assert finds_words or "tantivy" in str(notice)
    assert store.check().endswith("vectors and words" if finds_words else "vectors")


def test_a_refused_token_is_told_and_not_shown(stand_in: Callable[..., str]) -> None:
    import grpc

    def refuse(_: str, context: Any) -> bytes:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, f"auth check failure, {TOKEN} is unknown")
        raise AssertionError

    address = MilvusAddress(stand_in(refuse), token=TOKEN)
    with pytest.raises(
        VectorStoreError, match="does not accept the token; set FOOTNOTE_MILVUS_TOKEN"
    ) as told:
        MilvusStore(address).check()
    assert TOKEN not in f"{told.value} {address!r}"
    assert told.value.__cause__ is None


def test_where_nothing_listens_it_says_so() -> None:
    pytest.importorskip("pymilvus", reason="needs `pip install '.[milvus]'`")
    store = MilvusStore(MilvusAddress("http://127.0.0.1:1"))
    with pytest.raises(
        VectorStoreError, match=r"http://127.0.0.1:1 does not answer \(.*\); start it, or set"
    ):
        store.check()


def test_one_that_never_answers_is_given_up(
    stand_in: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr(milvus_connection, "_CONNECT_SECONDS", 0.3)
    over = threading.Event()

    def wait(_: str, __: Any) -> bytes:
        over.wait(30)
        return b""

    address = stand_in(wait)
    try:
        with pytest.raises(VectorStoreError, match="does not answer"):
            MilvusStore(MilvusAddress(address)).check()
    finally:
        over.set()


def test_a_question_is_asked_again_until_it_is_answered(stand_in: Callable[..., str]) -> None:
    import grpc
    from pymilvus.grpc_gen import common_pb2, milvus_pb2

    asked: list[str] = []
    version = of_version("v2.3.5")

    def answer(name: str, context: Any) -> bytes:
        if name != "DescribeAlias":
            return version(name, context)
        asked.append(name)
        if len(asked) == 1:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the node is gone")
        if len(asked) == 2:
            lost = common_pb2.Status(code=503, reason="no available shard leaders", error_code=1)
            return bytes(milvus_pb2.DescribeAliasResponse(status=lost).SerializeToString())
        return bytes(milvus_pb2.DescribeAliasResponse(alias="a", collection="c").SerializeToString())

    assert Milvus(MilvusAddress(stand_in(answer))).behind("a") == "c"
    assert len(asked) == 3


def test_a_question_that_gets_no_answer_ends_by_its_deadline(stand_in: Callable[..., str]) -> None:
    import grpc

    version = of_version("v2.3.5")

    def answer(name: str, context: Any) -> bytes:
        if name == "DescribeAlias":
            context.abort(grpc.StatusCode.UNAVAILABLE, "the node is gone")
        return version(name, context)

    milvus = Milvus(MilvusAddress(stand_in(answer), deadline_seconds=0.3))
    with pytest.raises(VectorStoreError, match=r"does not answer .*the node is gone"):
        milvus.behind("a")


def test_without_pymilvus_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(
        VectorStoreError, match=r"pymilvus is not installed; run `pip install 'footnote-bot\[milv"
    ):
        MilvusStore(MilvusAddress("http://127.0.0.1:1")).check()


def test_importing_pymilvus_takes_no_secrets_from_a_file(tmp_path: Path) -> None:
    """It reads `.env` by itself, whose settings are not for the environment of child processes."""
    pytest.importorskip("pymilvus", reason="needs `pip install '.[milvus]'`")
    (tmp_path / ".env").write_text("FOOTNOTE_TOKEN=1:secret\n")
    program = (
        "import os\nfrom index.milvus_connection import _libraries\n_libraries()\n"
        "assert 'FOOTNOTE_TOKEN' not in os.environ and 'PYTHON_DOTENV_DISABLED' not in os.environ"
    )
    root = str(Path(milvus_connection.__file__).parents[1])
    done = subprocess.run(
        # Read from standard input, so that the current folder is where a file would be looked for.
        [sys.executable, "-"],
        input=program,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_token_is_not_in_what_is_printed() -> None:
    assert TOKEN not in repr(MilvusAddress("http://a:1", token=TOKEN))
    assert Connection.__slots__
