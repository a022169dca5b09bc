"""PyTorch's side of embedding_bench.cpp, in the same words: the same tables, lookups and steps. Usage: embedding.py THREADS
[ROWSxDIM]..."""
import torch

from lookups import cases, milliseconds, tell

SPARSE = {"sparse SGD": lambda p: torch.optim.SGD(p, 0.01), "sparse Adagrad": torch.optim.Adagrad,
          "SparseAdam": torch.optim.SparseAdam}
DENSE = {"dense SGD": lambda p: torch.optim.SGD(p, 0.01), "dense Adam": torch.optim.Adam}


def time_of_step(table, make, ids, gradient):
    optimizer = make(table.parameters())

    def work():
        optimizer.zero_grad()
        table(ids).backward(gradient)
        optimizer.step()

    return milliseconds(5, work)


for case, rows, dim, ids, gradient in cases():
    table = torch.nn.Embedding(rows, dim)
    with torch.no_grad():
        tell(case, "forward", milliseconds(15, lambda: table(ids)))
    for what, make in SPARSE.items():
        tell(case, what, time_of_step(torch.nn.Embedding.from_pretrained(table.weight, freeze=False, sparse=True), make, ids, gradient))
    for what, make in DENSE.items() if rows * dim <= 10_000_000 else ():
        tell(case, what, time_of_step(torch.nn.Embedding.from_pretrained(table.weight, freeze=False), make, ids, gradient))
