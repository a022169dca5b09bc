"""PyTorch's side of embedding_bench.cpp, in the same words: the same tables, lookups and steps. Usage: embedding.py THREADS
[ROWSxDIM]..."""
import statistics
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
BATCH = 65_536


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


def step(rows, dim, ids, gradient, sparse, make):
    table = torch.nn.Embedding(rows, dim, sparse=sparse)
    optimizer = make(table.parameters())

    def work():
        optimizer.zero_grad()
        table(ids).backward(gradient)
        optimizer.step()

    return milliseconds(5 if rows > 1_000_000 else 9, work)


for name in sys.argv[2:] or ["4000000x64", "4000000x128", "100000x64", "22x8"]:
    rows, dim = (int(part) for part in name.split("x"))
    for kind in ("uniform", "zipf"):
        torch.manual_seed(0)
        ids = zipf(rows) if kind == "zipf" else torch.randint(rows, (BATCH,))
        gradient = torch.randn(BATCH, dim)
        table = torch.nn.Embedding(rows, dim)
        with torch.no_grad():
            results = {"forward": milliseconds(15, lambda: table(ids))}
        del table
        optimizers = {"sparse SGD": (True, lambda p: torch.optim.SGD(p, 0.01)), "sparse Adagrad": (True, torch.optim.Adagrad),
                      "SparseAdam": (True, torch.optim.SparseAdam)}
        if rows * dim <= 10_000_000:
            optimizers |= {"dense SGD": (False, lambda p: torch.optim.SGD(p, 0.01)), "dense Adam": (False, torch.optim.Adam)}
        for what, (sparse, make) in optimizers.items():
            results[what] = step(rows, dim, ids, gradient, sparse, make)
        for what, value in results.items():
            print(f"{rows}x{dim} {kind} | {what} | {value:.4f}", flush=True)
