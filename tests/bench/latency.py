"""How long answers took, from the histogram that wrk prints.

wrk adds to what it measured: where an answer took more than twice the mean interval of its connection, it counts the
requests that the connection would have sent meanwhile, had it not waited, as answers too (stats_correct in its stats.c). A
machine that stands still for 10 ms then weighs as much as a hundred slow answers. What is reported is what the clients
got: that is taken out again, exactly, from the longest time down.
"""


def measured(histogram, interval):
    """wrk's histogram, a dict of counts by microseconds, without what wrk added for the mean interval in microseconds."""
    counts = dict(histogram)
    for slowest in sorted(histogram, reverse=True):
        if slowest < 2 * interval or interval == 0:
            break
        for added in range(slowest - interval, interval, -interval):
            counts[added] -= counts[slowest]
    return {time: count for time, count in counts.items() if count}


def percentile(counts, share):
    """The time in microseconds within which that share of the answers came."""
    left = share * sum(counts.values())
    for time in sorted(counts):
        left -= counts[time]
        if left <= 0:
            break
    return time
