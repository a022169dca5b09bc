"""What the peers of embedding_bench.cpp share: which rows are looked up, and how a step is timed."""
import statistics
import sys
import time

import torch

BATCH = 65_536
TABLES = ["4000000x64", "4000000x128", "100000x64", "22x8"]


def milliseconds(runs, work):
    for _ in range(3):
        work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def zipf(rows):
    s = 1 - 1.05
    u = torch.rand(BATCH, dtype=torch.float64)
    return (((u * (float(rows)**s - 1) + 1)**(1 / s)) - 1).long().clamp_(0, rows - 1)


def cases():
    """(name, rows, dim, ids, gradient of what was looked up) for each table and kind of lookups, by the words of the command line:
    THREADS [ROWSxDIM]..."""
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    for table in sys.argv[2:] or TABLES:
        rows, dim = (int(part) for part in table.split("x"))
        for kind in ("uniform", "zipf"):
            torch.manual_seed(0)
            ids = zipf(rows) if kind == "zipf" else torch.randint(rows, (BATCH,))
            yield f"{table} {kind}", rows, dim, ids, torch.randn(BATCH, dim)


def tell(case, what, time_of_it):
    print(f"{case} | {what} | {time_of_it:.4f}", flush=True)
