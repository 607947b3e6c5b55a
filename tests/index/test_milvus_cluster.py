"""A real cluster of nine Milvus processes answers as files do, also while one of its query nodes dies.

Run it by `pytest tests/index/test_milvus_cluster.py --milvus-cluster PYTHON`, with the Python of an
environment that has milvus 2.3.5 and confluent-kafka, as root, with etcd on the path; it takes a minute.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT.parent / "shared" / "scale" / "milvus-cluster.sh"
QUESTIONS = 40


@pytest.fixture
def python(request: pytest.FixtureRequest) -> str:
    """Return the Python that has the cluster's programs; skip where it was not named."""
    given = request.config.getoption("--milvus-cluster")
    if not given:
        pytest.skip("a cluster is started only where --milvus-cluster PYTHON asks for it")
    if not SCRIPT.is_file() or not shutil.which("unshare") or not shutil.which("etcd"):
        pytest.skip(f"needs {SCRIPT.name} in shared/scale beside the project, unshare and etcd")
    pytest.importorskip("pymilvus", reason="needs `pip install '.[milvus]'`")
    return str(given)


def test_a_cluster_answers_as_files_do_and_loses_no_question_with_a_node(tmp_path: Path, python: str) -> None:
    measuring = (
        f"{sys.executable} -m tests.benchmarks.vector_stores --milvus http://127.0.0.1:19530 --replicas 2 "
        f'--most {QUESTIONS} --json --kill "$(tail -n 1 "$W/pids")"'
    )
    try:
        done = subprocess.run(
            # A network of its own: the cluster listens on every address, at fixed ports.
            ["unshare", "-n", "bash", "-c", f'bash "$SCRIPT" >&2 && {measuring}'],
            cwd=ROOT,
            env={**os.environ, "W": str(tmp_path), "PY": python, "SCRIPT": str(SCRIPT)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    finally:
        for number in (tmp_path / "pids").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(number), signal.SIGKILL)
    assert done.returncode == 0, done.stderr[-2000:]
    figures = json.loads(done.stdout)
    assert figures["kept in"].startswith("Milvus 2.3")
    assert figures["questions"] == QUESTIONS
    assert figures["different answers"] == figures["killed: different answers"] == 0
    assert figures["killed: lost"] == 0
