"""A name server that answers each question as it is told, for one process: root can give that a resolv.conf of its own."""

import contextlib
import os
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

ADDRESS = "127.0.0.98"
TYPES = {1: 4, 28: 6}  # A and AAAA: the version of the addresses that they ask for

# Whether that can be done here.
POSSIBLE = (os.geteuid() == 0 and
            subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0)


def asking(folder: Path, program: Path) -> Path:
    """The program, in a mount namespace in which this name server is the only one."""
    (folder / "resolv.conf").write_text(f"nameserver {ADDRESS}\noptions timeout:1 attempts:1\n")
    script = folder / program.name
    script.write_text(f"""#!/bin/sh
exec unshare -m sh -c 'mount --bind {folder}/resolv.conf /etc/resolv.conf && exec {program} "$@"' sh "$@"
""")
    script.chmod(0o755)
    return script


def answer_to(question: bytes, addresses: list[str]) -> bytes:
    """RFC 1035: the question comes back, and behind it a record for each address of the kind that was asked for."""
    end = question.index(0, 12) + 5
    kind = int.from_bytes(question[end - 4:end - 2], "big")
    records = [ip_address(one).packed for one in addresses if ip_address(one).version == TYPES.get(kind)]
    head = question[:2] + b"\x85\x80\0\1" + len(records).to_bytes(2, "big") + b"\0\0\0\0"
    # The name by reference; the type, class IN, and a TTL of nothing.
    return head + question[12:end] + b"".join(b"\xc0\x0c" + question[end - 4:end] + b"\0\0\0\0" +
                                             len(record).to_bytes(2, "big") + record for record in records)


@contextlib.contextmanager
def answering(addresses: Callable[[str, int], list[str]]) -> Iterator[list[str]]:
    """addresses(name, n) tells what the n-th question for that name gets (from 0; A and AAAA count apart, and get the
    answers of their kind). The context is a list of the names that were asked for."""
    asked: list[tuple[bytes, str]] = []
    names: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((ADDRESS, 53))
        server.settimeout(0.1)
        going = True

        def serve() -> None:
            while going:
                with contextlib.suppress(TimeoutError):
                    question, client = server.recvfrom(512)
                    end = question.index(0, 12)
                    name = re.sub(rb"[\x01-\x1f]", b".", question[13:end]).decode(errors="replace")
                    kind = question[end + 1:end + 3]
                    answer = answer_to(question, addresses(name, asked.count((kind, name))))
                    asked.append((kind, name))
                    names.append(name)
                    server.sendto(answer, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield names
        finally:
            going = False
            thread.join()
