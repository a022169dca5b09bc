"""Measurements of programs beside each other: alternately, so that what disturbs one disturbs all, and with a word about
how busy the machine was meanwhile."""
import os
import random
import statistics
import time


def alternate(runs, programs):
    """Calls each of `programs` (name -> function) `runs` times, in turns; name -> list of results. Each turn has an order of its
    own, so that nobody always follows the same neighbour, in the memory and caches that it left."""
    results = {name: [] for name in programs}
    order = random.Random(0)
    for _ in range(runs):
        for name in order.sample(list(programs), len(programs)):
            results[name].append(programs[name]())
    return results


def median(values):
    return statistics.median(values)


class Machine:
    """Says at the end how much processor time others took, which a median hides only in part."""

    def __init__(self):
        self.start, self.busy, self.own = time.time(), self._busy(), self._own()

    @staticmethod
    def _busy():
        with open("/proc/stat") as stat:
            user, nice, system, _, _, irq, softirq, steal = map(int, stat.readline().split()[1:9])
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _own():
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    def verdict(self):
        others = (self._busy() - self.busy - self._own() + self.own) / (time.time() - self.start)
        text = f"Others used {max(others, 0):.2f} of {os.cpu_count()} CPUs meanwhile"
        return f"{text}: the machine was BUSY, measure again." if others > 0.25 else f"{text}."
