"""FBGEMM's CPU tables beside embedding_bench.cpp: backward and update are one there. Usage: fbgemm.py THREADS [ROWSxDIM]..."""
import statistics
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
from fbgemm_gpu.split_embedding_configs import EmbOptimType
from fbgemm_gpu.split_table_batched_embeddings_ops_training import (ComputeDevice, EmbeddingLocation, PoolingMode,
                                                                    SplitTableBatchedEmbeddingBagsCodegen)

BATCH = 65_536
RULES = {"sparse SGD": EmbOptimType.EXACT_SGD, "sparse Adagrad": EmbOptimType.EXACT_ADAGRAD,
         "row-wise Adagrad": EmbOptimType.EXACT_ROWWISE_ADAGRAD}


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


for name in sys.argv[2:] or ["4000000x64", "4000000x128", "100000x64", "22x8"]:
    rows, dim = (int(part) for part in name.split("x"))
    for kind in ("uniform", "zipf"):
        torch.manual_seed(0)
        ids = zipf(rows) if kind == "zipf" else torch.randint(rows, (BATCH,))
        offsets, gradient = torch.arange(BATCH + 1), torch.randn(BATCH, dim)
        for what, rule in RULES.items():
            table = SplitTableBatchedEmbeddingBagsCodegen([(rows, dim, EmbeddingLocation.HOST, ComputeDevice.CPU)],
                                                          optimizer=rule, learning_rate=0.01, pooling_mode=PoolingMode.SUM)
            if what == "sparse SGD":
                with torch.no_grad():
                    print(f"{rows}x{dim} {kind} | forward | {milliseconds(9, lambda: table(ids, offsets)):.4f}", flush=True)
            time_of_step = milliseconds(5, lambda: table(ids, offsets).backward(gradient))
            print(f"{rows}x{dim} {kind} | {what} | {time_of_step:.4f}", flush=True)
            del table
