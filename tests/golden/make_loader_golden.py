"""Writes loader_order.json: the rows in the order in which PyTorch's DataLoader(shuffle=True) gives them.

Run with the newest PyTorch that okibi follows (2.15):  python make_loader_golden.py
"""
import json
import pathlib

import torch
from torch.utils.data import DataLoader, TensorDataset


def case(seed, rows, batch_size, epochs):
    torch.manual_seed(seed)
    loader = DataLoader(TensorDataset(torch.arange(rows)), batch_size=batch_size, shuffle=True)
    batches = [[batch.tolist() for (batch,) in loader] for _ in range(epochs)]
    return {"seed": seed, "rows": rows, "batch_size": batch_size, "epochs": batches}


golden = {
    "torch": torch.__version__,
    "cases": [case(0, 10, 4, 3), case(0, 1, 1, 2), case(7, 37, 10, 2), case(123456789, 100, 100, 2), case(42, 64, 16, 2)],
}
pathlib.Path(__file__).with_name("loader_order.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
