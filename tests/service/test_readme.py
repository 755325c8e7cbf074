"""The examples of the README are run as they stand there."""

import os
import re
import subprocess
from pathlib import Path

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
    assert re.search(r"\[{\"id\":\"[0-9a-f-]{36}\".*\"price\":\"19.90\"", output)
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
