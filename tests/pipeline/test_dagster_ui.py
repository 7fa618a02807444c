"""`plumbline ui`: the server and the daemon on 127.0.0.1 alone, and they stop when told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipelines.packs import built_in
from tests.pack_copies import change, copy_pack

pytestmark = pytest.mark.slow

PATIENCE = 240
"""Seconds; it takes about 15 on a machine that does nothing else."""

JOBS = "{repositoriesOrError {... on RepositoryConnection {nodes {jobs {name} schedules {name}}}}}"
DAEMONS = "{instance {daemonHealth {allDaemonStatuses {daemonType healthy}}}}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, query: str) -> dict:  # type: ignore[type-arg]  # JSON
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]  # type: ignore[no-any-return]  # JSON


def listening(port: int) -> set[str]:
    """Addresses on which somebody listens at a port, as the kernel writes them."""
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address.rsplit(":", 1)[1], 16) == port:
                found.add(address.rsplit(":", 1)[0])
    return found


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


def test_ui_serves_on_this_machine_only_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    own = copy_pack(tmp_path / "own")
    change(own, "programme.yaml", lambda programme: programme.update(name="our_own"))
    port, home, said = free_port(), tmp_path / "home", tmp_path / "said.txt"
    environment = os.environ | {"PLUMBLINE_KEY_FILE": str(tmp_path / "key"), "PYTHONUNBUFFERED": "1"}
    code = "from pipelines.cli import main; main()"
    line = [sys.executable, "-c", code, "ui", "--port", str(port), "--pack", str(own), "--home", str(home)]
    with said.open("w") as out:
        process = subprocess.Popen(line, stdout=out, stderr=subprocess.STDOUT, env=environment, start_new_session=True)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                    assert answer.status == 200
                    break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < until, said.read_text()
                time.sleep(0.5)
        assert listening(port) == {"0100007F"}  # 127.0.0.1
        (repository,) = ask(port, JOBS)["repositoriesOrError"]["nodes"]
        programmes = {*built_in(), "our_own"}
        assert programmes <= {job["name"] for job in repository["jobs"]}
        assert {f"{name}_schedule" for name in programmes} == {each["name"] for each in repository["schedules"]}
        while True:
            health = ask(port, DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
            if any(each["daemonType"] == "SCHEDULER" and each["healthy"] for each in health):
                break
            assert time.monotonic() < until, health
            time.sleep(1)
        theirs = children(process.pid)
        assert len(theirs) >= 2
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0, said.read_text()
        time.sleep(1)
        assert [pid for pid in theirs if Path(f"/proc/{pid}/cmdline").exists() and _alive(pid)] == []
        assert listening(port) == set()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    text = said.read_text()
    assert f"Dagster: http://127.0.0.1:{port}" in text
    assert f"mlflow ui --host 127.0.0.1 --backend-store-uri sqlite:///{home}/mlflow.db" in text
    assert "Traceback" not in text


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
