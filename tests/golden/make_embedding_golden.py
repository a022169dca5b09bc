#!/usr/bin/env python3
"""Writes embedding.json: tables of half precision as PyTorch 2.15 initialises them, what its embeddings say to wrong
arguments, and how they print. Run it with that PyTorch."""
import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F


def message(work):
    try:
        work()
    except Exception as error:
        return str(error.args[0]).split("\n")[0]
    raise AssertionError("nothing was raised")


def initial(rows, dim, dtype):
    torch.manual_seed(7)
    return nn.Embedding(rows, dim, dtype=dtype).weight.detach().double().flatten().tolist()


weight, ids, offsets = torch.ones(5, 3), torch.tensor([1, 2]), torch.tensor([0, 1])
golden = {
    "torch": torch.__version__,
    "initial": {str(dtype): {f"{rows}x{dim}": initial(rows, dim, dtype) for rows, dim in ((1, 3), (4, 4), (3, 11), (20, 5))}
                for dtype in (torch.bfloat16, torch.float16)},
    "messages": {
        "shape": message(lambda: nn.Embedding(5, 3, _weight=torch.ones(5, 2))),
        "first offset": message(lambda: F.embedding_bag(ids, weight, torch.tensor([1, 2]))),
        "last offset": message(lambda: F.embedding_bag(ids, weight, torch.tensor([0, 3]))),
        "no offsets": message(lambda: F.embedding_bag(ids, weight)),
        "max by frequency": message(lambda: F.embedding_bag(ids, weight, offsets, mode="max", scale_grad_by_freq=True)),
        "max sparse": message(lambda: F.embedding_bag(ids, weight, offsets, mode="max", sparse=True)),
    },
    "prints": [repr(nn.EmbeddingBag(10, 3)), repr(nn.EmbeddingBag(10, 3, 1.5, 1.0, True, "sum", padding_idx=2)),
               repr(nn.Embedding(22, 8, -1, 2.0))],
}
(pathlib.Path(__file__).parent / "embedding.json").write_text(json.dumps(golden) + "\n")
