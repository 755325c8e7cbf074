#!/usr/bin/python3
"""Memory of the workers after so many requests: reads by id and lists, half and half.

With one worker, the default, all the requests are its own. The table has a line for each count of STEPS and each worker;
a worker that does not leak has the same figures after the last as after the first.

Environment: STEPS (100000,1000000), WORKERS (1), CONNECTIONS (32), PRODUCTS (2000), HOT (100), THREADS, BUILD.
"""

import os
import sys

from measure import Unmeasured, answers_logged, memory_kib, process_tree, wrk
from report import table
from run import Bench, guarded, progress, settings_read, usage_kept

MIX = "read=1,list=1"
CHUNK_SECONDS = 2  # of one run of wrk: how far a step may be overrun, and a bound on the front's log
HEADINGS = ("requests", "worker", "RSS KiB", "PSS KiB", "private KiB", "not 2xx")


def steps_read():
    """The counts after which memory is looked at."""
    words = os.environ.get("STEPS", "100000,1000000").split(",")
    if not all(word.isdigit() and int(word) > 0 for word in words):
        sys.exit("STEPS is to be a list of numbers greater than 0.")
    return sorted(int(word) for word in words)


def load_until(bench, service, answered, step):
    """Asks until `step` answers were given in all; how many there are now, and how many of the new ones were not 2xx."""
    bad = 0
    while answered < step:
        wrk(service.url, MIX, bench.target_file, bench.tag, connections=bench.settings.connections,
            seconds=CHUNK_SECONDS, threads=bench.settings.threads)
        answers, not_2xx = answers_logged(service)
        if answers == 0:
            raise Unmeasured("no answers")
        answered += answers
        bad += not_2xx
        progress(f"{answered} requests")
    return answered, bad


def workers_of(service):
    """The workers' pids: what a supervisor has started, or the roots of the pool themselves."""
    return [pid for pid in process_tree(service.roots) if pid not in service.roots] or service.roots


def run(bench):
    """Starts the service, asks, prints."""
    service = bench.start_service()
    rows, answered, bad = [], 0, 0
    for step in steps_read():
        answered, new = load_until(bench, service, answered, step)
        bad += new
        for pid in workers_of(service):
            memory = memory_kib(pid)
            sizes = (f"{memory[kind]:,}" for kind in ("rss", "pss", "private"))
            rows.append((f"{answered:,}", str(pid), *sizes, f"{bad:,}"))
    print(table(rows, left=0, headings=HEADINGS))
    return 0


if __name__ == "__main__":
    usage_kept(__doc__)
    os.environ.setdefault("WORKERS", "1")
    sys.exit(guarded(run, Bench(settings_read())))
