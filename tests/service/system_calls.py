"""What a worker asks of the kernel, by strace."""

import contextlib
import re
import signal
import subprocess

CALL = re.compile(r"^(?:\[pid +\d+\] )?(\w+)\((\S*)")


@contextlib.contextmanager
def traced(stack, tmp_path):
    """The calls of the worker's own thread while the context lasts: the list is filled at its end."""
    calls, output = [], tmp_path / "calls"
    [worker] = stack.workers()
    strace = subprocess.Popen(["strace", "-p", str(worker), "-o", str(output)], stderr=subprocess.PIPE, text=True)
    try:
        assert "attached" in strace.stderr.readline()
        yield calls
    finally:
        strace.send_signal(signal.SIGINT)
        strace.wait(10)
        strace.stderr.close()
    found = [match.group(1) for match in map(CALL.match, output.read_text().splitlines()) if match]
    # Five times a second, however many are asked, it is seen whether the shared cells are still at their path.
    calls += [call for call in found if call != "newfstatat"]
