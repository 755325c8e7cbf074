"""One measurement: wrk against a contender, with the processor time, memory and answers of its pool.

Reads /proc and the front server's access log; raises Unmeasured where there is no figure to give.
"""

import json
import os
import pathlib
import subprocess
import time

import latency

LOAD = pathlib.Path(__file__).with_name("load.lua")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# The front writes its log at least this often (flush=1s in the shipped configuration).
LOG_FLUSH_SECONDS = 1.2
STATUS = b',"status":'


class Unmeasured(Exception):
    """There is no figure, and why."""


def process_tree(roots):
    """The processes and all that descend from them."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = stat_fields(int(entry.name))
            if fields is not None:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    tree, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        tree.append(pid)
        waiting.extend(children.get(pid, []))
    return tree


def stat_fields(pid):
    """/proc/PID/stat from the state (field 3) on, or None where the process is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2:].split()


def cpu_seconds(pids):
    """User and system time of the processes and of the children that they have reaped."""
    ticks = 0
    for pid in pids:
        fields = stat_fields(pid)
        if fields is not None:
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICKS_PER_SECOND


def machine_times():
    """Ticks of all processors since the start of the machine: in all, and those that its host gave to others."""
    with open("/proc/stat", encoding="ascii") as lines:
        ticks = [int(field) for field in lines.readline().split()[1:9]]
    return sum(ticks), ticks[7]


def memory_kib(pid):
    """Resident, proportional and private memory of a process, in KiB."""
    sizes = {}
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
            name, value = line.split(":")
            sizes[name] = int(value.split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return {"rss": 0, "pss": 0, "private": 0}
    return {
        "rss": sizes["Rss"],
        "pss": sizes["Pss"],
        "private": sizes["Private_Clean"] + sizes["Private_Dirty"],
    }


def answers_logged(contender):
    """How many answers the contender's front logged, and how many of them were not 2xx; its logs are emptied.

    Status 499 is left out: there wrk, at its end, hung up before the answer.
    """
    time.sleep(LOG_FLUSH_SECONDS)
    total = good = 0
    try:
        with contender.request_logs[0].open("rb") as lines:
            for line in lines:
                at = line.find(STATUS) + len(STATUS)
                status = line[at:at + 3]
                total += status != b"499"
                good += status.startswith(b"2")
    except FileNotFoundError as error:
        raise Unmeasured(f"the front writes no {contender.request_logs[0]}") from error
    for log in contender.request_logs:
        if log.exists():
            os.truncate(log, 0)
    return total, total - good


def wrk(url, mix, targets, tag, *, connections, seconds, threads):
    """Runs wrk and returns the figures that load.lua prints."""
    threads = min(threads, connections)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(LOAD), url,
               "--", mix, str(targets), tag]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    if ended.returncode != 0:
        raise Unmeasured(f"wrk: {ended.stderr.strip() or ended.returncode}")
    try:
        figures = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise Unmeasured(f"wrk printed no figures: {ended.stdout[-200:]!r}") from error
    return figures | latencies(dict(figures.pop("histogram_us")), figures, connections)


def latencies(histogram, figures, connections):
    """Percentiles as the clients saw them, and the 99th as wrk gives it."""
    if figures["requests"] == 0:
        raise Unmeasured("there was no answer")
    # In whole numbers, as wrk reckons.
    interval = round(figures["seconds"] * 1e6) // max(figures["requests"] // connections, 1)
    counts = latency.measured(histogram, interval)
    # What took longer than wrk waits is in the number of answers alone.
    if not 0 <= figures["requests"] - sum(counts.values()) <= figures["timeouts"]:
        raise Unmeasured(f"wrk's times are those of {sum(counts.values())} answers, and it had {figures['requests']}")
    return {f"p{share}_ms": latency.percentile(counts, share / 100) / 1000 for share in (50, 90, 99)} | {
        "max_ms": max(counts) / 1000, "p99_corrected_ms": latency.percentile(histogram, 0.99) / 1000}


def measure(contender, mix, targets, tag, *, connections, seconds, threads):
    """All figures of one run of wrk as a dict."""
    pids = process_tree(contender.roots)
    cpu_before = cpu_seconds(pids)
    ticks_before, stolen_before = machine_times()
    figures = wrk(contender.url, mix, targets, tag, connections=connections, seconds=seconds, threads=threads)
    ticks, stolen = machine_times()
    pids = process_tree(contender.roots)
    cpu = cpu_seconds(pids) - cpu_before
    memory = sum(memory_kib(pid)["pss"] for pid in pids)
    answers, bad = answers_logged(contender)

    if answers - bad <= 0 or figures["requests"] == 0:
        raise Unmeasured(f"none of {answers} answers was 2xx")
    if memory == 0:
        raise Unmeasured("the pool is gone")
    figures.update(
        rate=figures["requests"] / figures["seconds"],
        cpu_ms_per_1000=cpu * 1e6 / answers,
        pss_mib=memory / 1024,
        answers=answers,
        not_2xx=bad,
        stolen=(stolen - stolen_before) / max(ticks - ticks_before, 1),
    )
    return figures
