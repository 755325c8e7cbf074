"""Servers that are given by name while no name server answers: the C library alone would wait for them for many seconds,
in the middle of a request."""

import os
import socket
import subprocess
import time

import pytest
import worker_pool

PRODUCT = "/api/v1/products/01941f29-6b99-7e33-91df-2b1652002e2d"
SILENT = "127.0.0.99"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0,
    reason="needs a mount namespace and port 53")


@pytest.fixture
def program(tmp_path):
    """wares.fcgi with a resolv.conf of its own, which leads to a name server that takes questions and says nothing."""
    (tmp_path / "resolv.conf").write_text(f"nameserver {SILENT}\n")
    script = tmp_path / "wares.fcgi"
    script.write_text(f"""#!/bin/sh
exec unshare -m sh -c 'mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec {worker_pool.PROGRAM} "$@"' sh "$@"
""")
    script.chmod(0o755)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((SILENT, 53))
        yield script


# Without a database a read asks no cache, as it is not known whose products that has; /readyz asks both.
@pytest.mark.parametrize("settings, path, bound", [
    ({"REDIS_URL": "redis://cache.example.org", "WARES_REDIS_TIMEOUT": 50}, "/readyz", 1),
    ({"DATABASE_URL": "postgresql://wares@db.example.org/wares"}, PRODUCT, 3),
    ({"DATABASE_URL": "host=db1.example.org,db2.example.org", "WARES_DEADLINE": 500}, PRODUCT, 2),
], ids=["redis", "postgres", "hosts"])
def test_a_name_server_that_is_silent_delays_no_request_for_long(tmp_path, program, settings, path, bound):
    with worker_pool.Pool(tmp_path, workers=1, program=program, **settings) as running:
        for _ in range(6):
            start = time.monotonic()
            assert running.ask("GET", path, timeout=30).status == 503
            assert time.monotonic() - start < bound
        assert running.ask("GET", worker_pool.LIVE).status == 200
        assert running.messages("look")  # why, in words
