"""The benchmark's output: what it ran on, and the table of medians."""

import os
import platform
import re
import statistics
import subprocess

# Times as the clients saw them, and one as wrk corrects it (see latency.py).
HEADINGS = ("workload", "contender", "requests/s", "of ceiling", "p50 ms", "p99 ms", "p99 ms, 4 clients", "corrected",
            "CPU ms/1,000", "memory MiB", "not 2xx", "socket errors")


def version(command, pattern=r"\d+(\.\d+)+"):
    """The first version number that a command prints."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    found = re.search(pattern, ended.stdout + ended.stderr)
    return found.group(0) if found else "unknown"


def environment(stack, settings):
    """What the figures depend on, as pairs of a name and a text."""
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}, "
                   f"load before the start {os.getloadavg()[0]:.2f}",
        "nginx": version(["nginx", "-v"]),
        "Postgres": f"{stack.sql('SHOW server_version')}, fsync {stack.sql('SHOW fsync')}, "
                    f"synchronous_commit {stack.sql('SHOW synchronous_commit')}",
        "Redis": version(["redis-server", "--version"]),
        "libfcgi": version(["dpkg-query", "-W", "-f", "${Version}", "libfcgi0ldbl"], r"\S+"),
        "wrk": version(["wrk", "-v"]),
        "load": f"{settings.connections} connections, {settings.rounds} interleaved rounds of {settings.seconds} s",
        "pool": f"{settings.workers} workers, {settings.products} products",
    }


def median(runs, figure):
    """The median of a figure over the rounds."""
    return statistics.median(run[figure] for run in runs)


def row(workload, contender, runs, few, ceiling):
    """The cells of one line; runs at full load, few with 4 clients; ceiling is None or the runs to compare with."""
    rate = median(runs, "rate")
    return (
        workload,
        contender,
        f"{rate:,.0f}",
        f"{rate / median(ceiling, 'rate'):.2f}" if ceiling else "-",
        f"{median(runs, 'p50_ms'):.2f}",
        f"{median(runs, 'p99_ms'):.2f}",
        f"{median(few, 'p99_ms'):.2f}" if few else "-",
        f"{median(few, 'p99_corrected_ms'):.2f}" if few else "-",
        f"{median(runs, 'cpu_ms_per_1000'):.1f}",
        f"{median(runs, 'pss_mib'):.1f}",
        f"{sum(run['not_2xx'] for run in runs + few):,}",
        f"{sum(run['socket_errors'] + run['timeouts'] for run in runs + few):,}",
    )


def table(rows, left=2, headings=HEADINGS):
    """Lines with aligned columns: the first `left` to the left, the others to the right."""
    rows = [headings, *rows]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(headings))]
    lines = []
    for cells in rows:
        parts = [cell.ljust(width) if i < left else cell.rjust(width)
                 for i, (cell, width) in enumerate(zip(cells, widths))]
        lines.append("  ".join(parts).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
