#!/usr/bin/python3
"""The benchmark: the service beside its ceiling, each behind the same front, under the same load.

Every round takes every workload once on every contender, so that what the machine does meanwhile falls on all alike; the
table shows medians over the rounds. Nothing here passes or fails: the exit status is 1 only where a figure could not be
measured.

Environment: ROUNDS (3), SECONDS (5) per run, CONNECTIONS (32), WORKERS (4), PRODUCTS (2000), HOT (100) products that are
read, THREADS of wrk (as many as cores, 2 at most), WORKLOADS (a list, as W1,W3; all), PEERS (a list, as go,php; all),
BUILD (build). The raw figures go to $BUILD/bench/figures.json.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import sys
import tempfile
import time
from types import SimpleNamespace

import peers
from measure import Unmeasured, measure
from report import environment, row, table
from stacks import ROOT, Pool, Service
from targets import Targets

# A workload: its name, what it is, and its mix of the kinds of request that load.lua knows.
WORKLOADS = (
    ("W1", "cached read by id", "read=1"),
    ("W2", "uncached read by id", "fresh=1"),
    ("W3", "list of 20, may be cached", "list=1"),
    ("W3F", "list of 20, from Postgres", "freshlist=1"),
    ("W4", "create", "create=1"),
    ("W5", "mixed: 80 % W1, 15 % W3, 5 % W4", "read=80,list=15,create=5"),
    ("W6", "search, best 20", "search=1"),
    ("W7", "1,000 creates in a batch", "batch=1"),
)

# What only the service has is measured on it alone.
OWN_WORKLOADS = ("W6", "W7")

# A contender beside the service: its name, and the command of one FastCGI worker. BUILD and ANSWERS are filled in: the
# folder of what was built, and files with the service's own answers. The first one is what the ratios are made with.
POOLS = (
    ("ceiling", ["BUILD/bench/ceiling", "ANSWERS"]),
)

FEW_CONNECTIONS = 4
WARM_UP_SECONDS = 1

# A virtual machine may be halted by its host, for a second at times. A run that lost more than this share of the
# processors' time is taken again, up to TAKES_MAX times in all.
STOLEN_MOST = 0.01
TAKES_MAX = 2


def settings_read():
    """The variables of the environment."""
    def number(name, default):
        value = os.environ.get(name, str(default))
        if not value.isdigit() or int(value) == 0:
            sys.exit(f"{name} is to be a number greater than 0, not {value!r}.")
        return int(value)

    wanted = os.environ.get("WORKLOADS", ",".join(name for name, _, _ in WORKLOADS)).split(",")
    unknown = set(wanted) - {name for name, _, _ in WORKLOADS}
    if unknown:
        sys.exit(f"WORKLOADS names {', '.join(sorted(unknown))}, which is none of {[name for name, _, _ in WORKLOADS]}.")
    beside = [name for name in os.environ.get("PEERS", ",".join(peers.ALL)).split(",") if name]
    if set(beside) - set(peers.ALL):
        sys.exit(f"PEERS names {', '.join(sorted(set(beside) - set(peers.ALL)))}, none of {list(peers.ALL)}.")
    return SimpleNamespace(
        peers=beside,
        rounds=number("ROUNDS", 3), seconds=number("SECONDS", 5), connections=number("CONNECTIONS", 32),
        workers=number("WORKERS", 4), products=number("PRODUCTS", 2000), hot=number("HOT", 100),
        threads=number("THREADS", min(2, os.cpu_count())), build=(ROOT / os.environ.get("BUILD", "build")).resolve(),
        workloads=[workload for workload in WORKLOADS if workload[0] in wanted])


def pool_command(command, settings, answers):
    """The words of a worker's command with their placeholders filled in."""
    words = []
    for word in command:
        words += answers if word == "ANSWERS" else [word.replace("BUILD", str(settings.build))]
    return words


class Bench:
    """The contenders, what was measured of each, and what could not be."""

    def __init__(self, settings):
        self.settings = settings
        self.folder = settings.build / "bench"
        self.state = None
        self.tag = f"b{time.time_ns() // 1000000:x}"
        self.targets = None
        self.target_file = self.folder / "targets"
        self.contenders = []
        self.figures = {}
        self.faults = {}
        self.runs = 0

    def start_service(self):
        """Brings the service up and finds what can be read from it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # On a real disk, and where the accounts that the servers run as can go.
        self.state = pathlib.Path(tempfile.mkdtemp(prefix="wares-bench-", dir="/var/tmp"))
        self.state.chmod(0o755)
        service = Service("wares", self.state, self.settings)
        self.contenders.append(service)
        self.targets = Targets(service.url, self.settings.hot, self.tag)
        self.targets.write(self.target_file)
        return service

    def start_pools(self):
        """Brings the others up, with the service's own answers for those that want them."""
        answers = self.targets.record_answers(self.contenders[0].env["WARES_SOCKET"], self.folder)
        for name, command in POOLS:
            self.contenders.append(Pool(name, self.state, pool_command(command, self.settings, answers), self.settings))
        for name in self.settings.peers:
            self.start_peer(name)

    def start_peer(self, name):
        """A peer that cannot be had here is left out, and that is said."""
        try:
            self.contenders.append(peers.ALL[name](name, self.state, self.contenders[0], self.settings))
        except Unmeasured as fault:
            self.faults[("all", name)] = str(fault)

    def stop(self):
        """Ends all that was started and removes its state; a second signal does not cut this short."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for contender in reversed(self.contenders):
            contender.stop()
        if self.state is not None:
            shutil.rmtree(self.state, ignore_errors=True)

    def take(self, workload, contender, connections, seconds):
        """One measurement, the least disturbed of several where need be; a fault is noted, and ends that pair's runs."""
        name, _, mix = workload
        pair = (name, contender.name)
        best = None
        for _ in range(TAKES_MAX if pair not in self.faults else 0):
            try:
                figures = self.take_once(mix, contender, connections, seconds)
            except Unmeasured as fault:
                self.faults[pair] = str(fault)
                return None
            if best is None or figures["stolen"] < best["stolen"]:
                best = figures
            if best["stolen"] <= STOLEN_MOST:
                break
        return best

    def take_once(self, mix, contender, connections, seconds):
        """One run of wrk; no two have the same tag."""
        self.runs += 1
        figures = measure(contender, mix, self.target_file, f"{self.tag}x{self.runs}x", connections=connections,
                          seconds=seconds, threads=self.settings.threads)
        if "create" in mix or "batch" in mix:
            # What a flood of new rows leaves to be done is not to fall on whoever comes next.
            self.contenders[0].sql("VACUUM ANALYZE")
            self.contenders[0].sql("CHECKPOINT")
        return figures

    def round(self, number):
        """Every workload on every contender, once at full load and once with few clients; 0 is the warm-up."""
        for workload in self.settings.workloads:
            for contender in self.contenders[::1 if number % 2 else -1]:
                if workload[0] in OWN_WORKLOADS and contender is not self.contenders[0]:
                    continue
                if number == 0:
                    self.take(workload, contender, self.settings.connections, WARM_UP_SECONDS)
                    continue
                runs = self.figures.setdefault((workload[0], contender.name), {"full": [], "few": []})
                for kind, connections in (("full", self.settings.connections), ("few", FEW_CONNECTIONS)):
                    figures = self.take(workload, contender, connections, self.settings.seconds)
                    if figures is not None:
                        runs[kind].append(figures)

    def rows(self):
        """The lines of the table, for the pairs that were measured."""
        rows = []
        for name, what, _ in self.settings.workloads:
            for contender in self.contenders:
                runs = self.figures.get((name, contender.name), {"full": [], "few": []})
                ceiling = self.figures.get((name, POOLS[0][0]), {"full": []})["full"]
                if runs["full"]:
                    rows.append(row(f"{name} {what}", contender.name, runs["full"], runs["few"], ceiling))
        return rows

    def disturbance(self):
        """A sentence on what the machine's host took away."""
        stolen = [run["stolen"] for kinds in self.figures.values() for runs in kinds.values() for run in runs]
        if not stolen:
            return "Nothing was measured."
        return (f"Processor time that the machine's host took: {statistics.median(stolen):.1%} in the median run, "
                f"{max(stolen):.1%} in the worst that counts; {self.runs} runs in all.")

    def save(self, facts):
        """The raw figures."""
        path = self.folder / "figures.json"
        runs = [{"workload": workload, "contender": contender, **kinds}
                for (workload, contender), kinds in self.figures.items()]
        path.write_text(json.dumps({"environment": facts, "figures": runs}, indent=1) + "\n", encoding="utf-8")
        return path


def progress(text):
    """A line for whoever watches a terminal."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def run(bench):
    """Starts, measures, prints; the exit status."""
    settings = bench.settings
    progress("starting the pools")
    bench.start_service()
    bench.start_pools()
    facts = environment(bench.contenders[0], settings)
    for name, value in facts.items():
        print(f"{name:<10}{value}")
    for number in range(settings.rounds + 1):
        progress(f"round {number} of {settings.rounds}" if number else "warming up")
        bench.round(number)
    print(f"\n{table(bench.rows())}\n\n{bench.disturbance()}\nRaw figures: {os.path.relpath(bench.save(facts))}")
    for (workload, contender), fault in bench.faults.items():
        print(f"Not measured: {workload} on {contender}: {fault}", file=sys.stderr)
    return 1 if bench.faults else 0


def interrupted(_number, _frame):
    """A signal ends the benchmark the way Ctrl-C does."""
    raise KeyboardInterrupt


def guarded(work, bench):
    """work(bench), with what was started ended whatever happens; the exit status of the program."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    try:
        return work(bench)
    except Unmeasured as fault:
        print(f"Not measured: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 128 + signal.SIGINT
    finally:
        bench.stop()


def usage_kept(prose):
    """The environment says all: --help tells of it, and any other word is refused."""
    argparse.ArgumentParser(description=prose, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()


if __name__ == "__main__":
    usage_kept(__doc__)
    sys.exit(guarded(run, Bench(settings_read())))
