"""The benchmark's figures: what wrk adds to its times is taken out again, and nothing else."""

import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import latency  # noqa: E402 pylint: disable=wrong-import-position


def corrected(histogram, interval):
    """As stats_correct of wrk's stats.c does it, from the shortest time up."""
    counts = Counter(histogram)
    for time in range(2 * interval, max(histogram) + 1):
        added = time - interval
        while counts[time] and added > interval:
            counts[added] += counts[time]
            added -= interval
    return {time: count for time, count in counts.items() if count}


def test_what_wrk_adds_is_taken_out():
    chance = random.Random(5)
    added = 0
    for _ in range(300):
        interval = chance.randint(1, 200)
        histogram = dict(Counter(int(chance.expovariate(1 / (2 * interval))) + 1 for _ in range(chance.randint(1, 200))))
        given = corrected(histogram, interval)
        added += given != histogram
        assert latency.measured(given, interval) == histogram
    assert added > 200


def test_percentiles_are_times_within_which_so_many_came():
    counts = {100: 90, 200: 9, 5000: 1}
    assert [latency.percentile(counts, share) for share in (0.5, 0.9, 0.91, 0.99, 1)] == [100, 100, 200, 200, 5000]
