"""The examples of the README are run as they stand there."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import fastcgi
import pytest
import worker_pool

README = Path(__file__).parents[2] / "README.md"


def blocks_of(section: str) -> list[str]:
    text = README.read_text(encoding="utf-8").split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def run(stack, script: str) -> str:
    environment = {"PATH": os.environ["PATH"], "URL": stack.url, "WARES_SOCKET": str(stack.socket)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_curl_examples(stack):
    (script,) = blocks_of("Calling it")
    output = run(stack, script)
    assert re.search(r"^HTTP/1.1 200 .*?\"name\":\"Sencha\"", output, re.DOTALL)
    assert "\n304\n" in output
    assert re.search(r"\[{\"id\":\"[0-9a-f-]{36}\".*\"price\":\"21.50\"", output)
    assert re.search(r'"price":"21.50".*"version":2,', output)
    assert re.search(r'\[{"status":201,"product":{.*"Hojicha".*},{"status":200,"product":{.*"version":3,.*}}\]', output)
    assert re.search(r'"price":"21.50".*"version":4,', output)
    for pointer in ("/name", "/price", "/colour", "/category_id"):
        assert f'"pointer":"{pointer}"' in output


def test_cgi_fcgi_examples(nginx_stack):
    (script,) = blocks_of("Trying it from the shell")
    output = run(nginx_stack, script)
    assert output.startswith("Status: 200 OK\n")
    assert "Status: 201 Created\n" in output
    assert '"slug":"teapots' in output


def test_commands_named_in_the_readme_exist():
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make ([a-z-]+)`", README.read_text(encoding="utf-8"))):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_one_socket_is_named_everywhere():
    root = README.parent
    tellers = [README, root / "deploy/nginx/upstream.conf", root / "deploy/lighttpd/site-tls.conf.example",
               root / "src/bin/wares_fcgi.c"]
    for path in tellers:
        sockets = set(re.findall(r"/run/[\w./-]*\.sock\b", path.read_text(encoding="utf-8")))
        assert sockets - {"/run/wares/push/push.sock"} == {"/run/wares/wares.sock"}, path


@pytest.mark.skipif(os.geteuid() != 0, reason="gives its rights up")
def test_the_pool_is_started_as_told(tmp_path):
    (line,) = re.findall(r"^spawn-fcgi -n .*$", README.read_text(encoding="utf-8"), re.MULTILINE)
    path = tmp_path / "wares.sock"
    for told, here in (("/run/wares/wares.sock", path), ("/usr/local/bin/wares.fcgi", worker_pool.PROGRAM),
                       ("-U wares ", "-U nobody "), ("-u wares -g wares", "-u nobody -g nogroup")):
        assert told in line
        line = line.replace(told, str(here))
    with subprocess.Popen(shlex.split(line), env=worker_pool.environment("stderr"), stderr=subprocess.DEVNULL) as process:
        try:
            worker_pool.wait_until(lambda: len(worker_pool.children(process.pid)) == 4 and path.exists())
            assert fastcgi.ask(path, "GET", worker_pool.LIVE).status == 200
            assert path.stat().st_mode & 0o777 == 0o660 and path.group() == "www-data"
            for pid in (process.pid, *worker_pool.children(process.pid)):
                assert os.stat(f"/proc/{pid}").st_uid == path.stat().st_uid != 0
        finally:
            process.terminate()
            assert process.wait(10) == 0


def test_files_named_in_the_readme_exist():
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+\.[ch])`", README.read_text(encoding="utf-8")))
    assert len(named) > 10
    for name in named:
        assert any((README.parent / folder / name).is_file() for folder in ("src", "include")), name
