"""The integration tests of the layers that speak to Postgres and Redis: each program in $BUILD/tests/integration, and in
$SANITIZED_BUILD where that is set, on the servers of a stack."""

import os
import subprocess
from pathlib import Path

import pytest

from stack import BUILD, ROOT, Stack

FOLDERS = [BUILD] + ([(ROOT / name).resolve()] if (name := os.environ.get("SANITIZED_BUILD")) else [])
PROGRAMS = sorted(path for folder in FOLDERS for path in folder.glob("tests/integration/*/test_*")
                  if path.is_file() and os.access(path, os.X_OK) and path.suffix == "")
SECONDS = 240


def test_there_are_programs() -> None:
    assert PROGRAMS, f"nothing is built in {FOLDERS[0]}/tests/integration: make tests"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: "/".join(path.parts[-5:]))
def test_integration(nginx_stack: Stack, program: Path) -> None:
    environment = os.environ | {"DATABASE_URL": nginx_stack.database_url, "REDIS_URL": nginx_stack.redis_url}
    run = subprocess.run([program], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, errors="replace", timeout=SECONDS)
    assert run.returncode == 0, run.stdout
