"""deploy/run.sh from outside: what it starts, says, refuses, keeps and stops."""

import contextlib
import grp
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
import requests

from client import CATEGORIES, PRODUCTS, Client
from load import eventually
from stack import BUILD, ROOT, Stack, environment, is_alive, open_files

PARTS = ("postgres", "redis", "pool", "front")


def processes_of(run_dir):
    """All processes that work in a run's state folder, which is how run.sh starts each of them."""
    state, found = os.path.realpath(run_dir), set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (os.readlink(entry / "cwd") + "/").startswith(state + "/"):
                found.add(int(entry.name))
    return found


def sentence_of(**variables):
    """Runs run.sh where it must refuse, and returns the one sentence that it says."""
    stack = Stack(**variables)
    try:
        done = subprocess.run(stack.command, env=environment(**stack.variables), capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode == 1, done
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1, done.stderr
        if "RUN_DIR" not in variables:
            assert processes_of(stack.run_dir) == set()
        return done.stderr
    finally:
        shutil.rmtree(stack.folder)


def borrowing(lender, **variables):
    """A stack that uses another one's Postgres and Redis: it is up at once."""
    stack = Stack(DATABASE_URL=lender.database_url, REDIS_URL=lender.redis_url, **variables)
    stack.variables.pop("PRODUCTS")
    return stack


# --- what it says and leaves ----------------------------------------------------------------------------------------


def test_the_printed_lines_work(stack):
    lines = re.findall(r"^  (curl .*)$", stack.said(), re.MULTILINE)
    assert stack.url in stack.said()
    assert len(lines) == 3
    listed, one, created = (subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=10,
                                           check=True).stdout for line in lines)
    assert listed.startswith('[{"id":"')
    assert one.startswith('{"id":"') and one[7:43] in lines[1]
    assert '"name":"Green tea"' in created and '"price":"4.90"' in created


def test_the_env_file_is_for_shells_and_private(stack):
    path = stack.run_dir / "env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    script = '. "$0" && printf "%s\\n" "$URL" "$DATABASE_URL" "$REDIS_URL" "$WARES_SOCKET" "$WARES_RUNTIME_DIR"'
    shown = subprocess.run(["sh", "-euc", script, path], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [stack.url, stack.database_url, stack.redis_url, str(stack.socket),
                                  stack.env["WARES_RUNTIME_DIR"]]
    assert Path(stack.env["WARES_RUNTIME_DIR"]).is_dir()
    assert stat.S_ISSOCK(stack.socket.stat().st_mode)
    assert stack.redis_client().ping()


def test_nothing_of_it_runs_as_root_or_listens_beside_the_front(stack):
    inodes = set()
    for pid in processes_of(stack.run_dir):
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        inodes.update(open_files(pid))
    listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = {words[1] for words in listening if words[3] == "0A" and f"socket:[{words[9]}]" in inodes}
    assert ours == {f"0100007F:{int(stack.url.rsplit(':', 1)[1]):04X}"}


def test_two_run_side_by_side(nginx_stack, lighttpd_stack):
    with Client(nginx_stack.url) as one, Client(lighttpd_stack.url) as other:
        category = one.category()
        assert one.get(f"{CATEGORIES}/{category['id']}").status_code == 200
        assert other.get(f"{CATEGORIES}/{category['id']}").status_code == 404
    for part in PARTS:
        assert not set(nginx_stack.pids(part)) & set(lighttpd_stack.pids(part))


# --- what it refuses ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name, value", [
    ("PORT", "abc"), ("PORT", "80"), ("PORT", "65536"), ("PORT", "08080"), ("PORT", "1e4"), ("FRONT", "apache"),
    ("WORKERS", "0"), ("WORKERS", "many"), ("WORKERS", "-1"), ("WORKERS", "99999"), ("PRODUCTS", "-1"),
    ("PRODUCTS", "2,000"), ("POOL", "prefork"), ("BIND", "localhost; id"), ("BIND", "300"),
])
def test_a_bad_variable_is_named(name, value):
    sentence = sentence_of(**{name: value})
    assert f"{name}={value}: " in sentence
    assert f"make run {name}=" in sentence, "it does not say what would do"


def test_a_port_in_use_is_refused(nginx_stack):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"PORT={port} is in use" in sentence_of(PORT=port)
    port = nginx_stack.url.rsplit(":", 1)[1]
    assert f"PORT={port} is in use" in sentence_of(PORT=port)
    assert requests.get(f"{nginx_stack.url}/readyz", timeout=5).status_code == 200


def test_a_folder_in_use_is_refused(nginx_stack):
    before = {part: nginx_stack.pids(part) for part in PARTS}
    assert f"RUN_DIR={nginx_stack.run_dir} is in use" in sentence_of(RUN_DIR=nginx_stack.run_dir)
    assert {part: nginx_stack.pids(part) for part in PARTS} == before
    assert (nginx_stack.run_dir / "env").exists()
    assert requests.get(f"{nginx_stack.url}/readyz", timeout=5).status_code == 200


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("irreplaceable")
    assert "holds other files" in sentence_of(RUN_DIR=tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_database_that_is_away_is_a_sentence():
    url = "host=/nonexistent dbname=wares connect_timeout=1"
    stack = Stack(DATABASE_URL=url, REDIS_URL="off")
    try:
        with pytest.raises(AssertionError, match="run.sh ended with 1: "):
            stack.start()
        assert re.search(r"^run.sh: the database could not be migrated: .*/nonexistent", stack.said(), re.MULTILINE)
        assert processes_of(stack.run_dir) == set()
    finally:
        stack.close()


# --- stopping and starting again ------------------------------------------------------------------------------------


def test_a_second_start_is_quick_and_keeps_the_state(nginx_stack):
    with Stack(PRODUCTS=300) as stack:
        with Client(stack.url) as client:
            kept = client.category()
            count = len(client.all_of(f"{PRODUCTS}?limit=500"))
        assert count > 200, "samples that are active"
        started = processes_of(stack.run_dir)
        assert len(started) > 8
        assert stack.stop(signal.SIGINT) == 0
        assert not any(map(is_alive, started)) and processes_of(stack.run_dir) == set()
        assert not (stack.run_dir / "env").exists() and not list(stack.run_dir.glob("*.pid"))

        began = time.monotonic()
        stack.start()
        assert time.monotonic() - began < 10
        with Client(stack.url) as client:
            assert client.get(f"{CATEGORIES}/{kept['id']}").json() == kept
            assert len(client.all_of(f"{PRODUCTS}?limit=500")) == count
        before = time.monotonic()
        assert stack.stop(signal.SIGTERM) == 0
        assert time.monotonic() - before < 10
        assert processes_of(stack.run_dir) == set()
    # Another Postgres, Redis and front server, which ran before, run still.
    assert all(is_alive(pid) for part in PARTS for pid in nginx_stack.pids(part))
    assert requests.get(f"{nginx_stack.url}/readyz", timeout=5).status_code == 200


def test_what_a_killed_run_left_is_cleaned_up():
    with Stack(WORKERS=2) as stack:
        stack.process.kill()
        stack.process.wait()
        orphans = processes_of(stack.run_dir)
        assert len(orphans) > 8
        # Of a part that died, the process id is somebody else's now, who is the same user.
        owner = stack.run_dir.stat()
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        stranger = subprocess.Popen(["sleep", "60"], start_new_session=True, cwd="/", **account)
        os.kill(stack.pids("redis")[0], signal.SIGKILL)
        (stack.run_dir / "redis.pid").write_text(f"{stranger.pid}\n")
        (stack.run_dir / "front.pid").write_text("garbage\n-1\n0\n" + (stack.run_dir / "front.pid").read_text())
        (stack.run_dir / "env").unlink()
        try:
            stack.start()
            assert not any(map(is_alive, orphans))
            assert requests.get(f"{stack.url}/readyz", timeout=5).status_code == 200
            assert stranger.poll() is None, "a stranger was killed"
        finally:
            stranger.kill()
            stranger.wait()
        assert "An earlier run" in stack.said()


def test_a_part_that_dies_is_told_and_started_again(stack):
    for part, how in (("front", signal.SIGKILL), ("redis", signal.SIGTERM), ("pool", signal.SIGKILL)):
        before = stack.pids(part)
        os.kill(before[0], how)
        eventually(lambda: (now := stack.pids(part)) and now != before and is_alive(now[0]), timeout=10)
        assert f"{part}: process {before[0]} ended" in stack.said()
    stack.await_ready()


def test_a_reader_that_goes_away_ends_nothing(nginx_stack):
    stack = borrowing(nginx_stack, WORKERS=1)
    try:
        process = subprocess.Popen(stack.command, env=environment(**stack.variables), stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        process.stdout.close()
        eventually(lambda: (stack.run_dir / "env").exists(), timeout=60)
        process.terminate()
        assert process.wait(30) == 0
        assert processes_of(stack.run_dir) == set()
    finally:
        stack.close()


# --- other ways to run it -------------------------------------------------------------------------------------------


def test_given_servers_are_used_and_none_is_started(nginx_stack):
    with contextlib.closing(nginx_stack.connect()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE given")
    database = nginx_stack.database_url.replace("///wares?", "///given?")
    redis = nginx_stack.redis_url.replace("db=0", "db=5")
    stack = Stack(DATABASE_URL=database, REDIS_URL=redis)
    # A database that was given gets samples only where they are asked for.
    stack.variables.pop("PRODUCTS")
    with stack:
        assert (stack.database_url, stack.redis_url) == (database, redis)
        assert not stack.pids("postgres") and not stack.pids("redis")
        with Client(stack.url) as client:
            assert client.get(PRODUCTS).json() == []
            product = client.product()
            assert client.get(f"{PRODUCTS}/{product['id']}").json() == product
            assert client.patch(f"{PRODUCTS}/{product['id']}", json={"price": "2.00"}).status_code == 200
        eventually(lambda: stack.redis_client().dbsize() > 0)
    assert nginx_stack.redis_client().ping()


def test_independent_workers(nginx_stack):
    with borrowing(nginx_stack, POOL="spawn-fcgi", WORKERS=3) as stack:
        first = stack.workers()
        assert len(first) == 3
        os.kill(first[0], signal.SIGKILL)
        eventually(lambda: f"process {first[0]} ended" in stack.said())
        assert requests.get(f"{stack.url}/readyz", timeout=5).status_code == 200
        assert stack.workers() == first[1:], "spawn-fcgi restarts none"
        for pid in first[1:]:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: len(stack.workers()) == 3 and not set(stack.workers()) & set(first), timeout=10)
        stack.await_ready()
        assert stack.stop() == 0
        assert processes_of(stack.run_dir) == set()


def closed_folder(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_a_folder_that_will_not_do_becomes_a_link(tmp_path):
    """Closed to the account that the servers run as (where that is another), and in need of quoting."""
    run_dir = closed_folder(tmp_path) / "with 'quotes', a space & more"
    with Stack(RUN_DIR=run_dir, WORKERS=1, PRODUCTS=1) as stack:
        assert run_dir.is_symlink()
        with Client(stack.url) as client:
            kept = client.category()
        assert stack.stop() == 0
        stack.start()
        with Client(stack.url) as client:
            assert client.get(f"{CATEGORIES}/{kept['id']}").json() == kept
        assert stack.log.read_bytes()


def test_a_path_too_long_for_a_socket_becomes_a_link(nginx_stack):
    stack = borrowing(nginx_stack, WORKERS=1)
    stack.variables["RUN_DIR"] = stack.run_dir = stack.folder / ("long-" + "x" * 100)
    with stack:
        assert stack.run_dir.is_symlink()
        assert requests.get(f"{stack.url}/readyz", timeout=5).status_code == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs as somebody else")
def test_a_checkout_that_is_closed_to_the_account(tmp_path, nginx_stack):
    root = closed_folder(tmp_path)
    shutil.copytree(ROOT / "deploy", root / "deploy")
    (root / "build").mkdir()
    for program in ("wares.fcgi", "wares"):
        shutil.copy(BUILD / program, root / "build")
    with borrowing(nginx_stack, root=root, BUILD=root / "build", WORKERS=1) as stack:
        assert requests.get(f"{stack.url}/readyz", timeout=5).status_code == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_an_ordinary_user(tmp_path):
    user = pwd.getpwnam("nobody")
    stack = Stack(WORKERS=1, PRODUCTS=1)
    os.chown(stack.folder, user.pw_uid, user.pw_gid)
    group = grp.getgrgid(user.pw_gid).gr_name
    stack.command = ["setpriv", "--reuid", "nobody", "--regid", group, "--clear-groups", *stack.command]
    with stack:
        assert requests.get(f"{stack.url}/readyz", timeout=5).status_code == 200
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes_of(stack.run_dir)}
        assert owners == {user.pw_uid}
        # Its folder is not for others.
        assert (stack.run_dir / "postgres").stat().st_mode & 0o077 == 0
