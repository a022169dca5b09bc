"""Makes the folders of torch.distributed.checkpoint that tests/checkpoint reads: tests/golden/dcp/<name>. Beside each
stands a <name>.json that says what was saved, with whole tensors. Run it with PyTorch 2.15; no GPU is needed:

    python3 tests/golden/make_dcp_golden.py

The .json has the forms of tests/checkpoint/described.h.
"""

import json
import os
import pathlib
import shutil
import struct

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp
from torch import nn
from torch.distributed.checkpoint.state_dict import get_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

FOLDER = pathlib.Path(__file__).resolve().parent / "dcp"
DTYPES = ["uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
          "float64", "bool", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2"]


WHOLE = {}  # the id of a distributed tensor → the tensor


class Describer:
    def __init__(self):
        self.storages = 0

    def tensor(self, t):
        requires_grad = t.requires_grad
        if isinstance(t, DTensor):
            t = WHOLE[id(t)] if id(t) in WHOLE else t.full_tensor()
        t = t.detach().contiguous()
        self.storages += 1
        return {"tensor": str(t.dtype).replace("torch.", ""), "sizes": list(t.shape), "strides": list(t.stride()),
                "requires_grad": requires_grad, "storage": self.storages - 1, "offset": 0,
                "bytes": bytes(t.reshape(-1).view(torch.uint8).tolist()).hex() if t.numel() else ""}

    def value(self, x):
        if isinstance(x, torch.Tensor):
            return self.tensor(x)
        if isinstance(x, float):
            return {"float": struct.pack(">d", x).hex()}
        if isinstance(x, dict):  # the format knows no other keys than str
            return {"dict": "dict", "items": [[str(k), self.value(v)] for k, v in x.items()]}
        if isinstance(x, list):
            return [self.value(item) for item in x]
        if isinstance(x, tuple):
            return {"tuple": [self.value(item) for item in x]}
        return x


def plain(rank):
    return {"weight": torch.arange(6.0).reshape(2, 3), "step": 7, "rate": 0.5, "name": "plain", "nothing": None,
            "flag": True, "betas": (0.9, 0.999), "scalar": torch.tensor(2.5), "empty": torch.empty(0, 3),
            "turned": torch.arange(6).reshape(2, 3).t(), "part": torch.arange(10)[3:5],
            "numbers": [1, 2, [3]], "mixed": [1, torch.ones(2), {"deep": 3}], "no_items": [],
            "pair": (1, torch.full((2,), 4.0)), "state": {0: {"step": 1}, 1: {"step": 2}},
            "dtypes": {name: torch.tensor([0, 1, 2, 4]).to(getattr(torch, name)) for name in DTYPES}}


def sharded(rank):
    row = init_device_mesh("cpu", (4,))
    square = init_device_mesh("cpu", (2, 2))
    matrix = torch.arange(35.0).reshape(5, 7)

    def cut(t, mesh, *placements):
        # Without speaking to other ranks: gloo cannot send every dtype.
        shards = distribute_tensor(t, mesh, placements, src_data_rank=None)
        WHOLE[id(shards)] = t
        return shards

    return {"by_rows": cut(matrix, row, Shard(0)), "by_columns": cut(matrix, row, Shard(1)),
            "by_both": cut(matrix, square, Shard(0), Shard(1)),
            "twice_by_rows": cut(torch.arange(16).reshape(8, 2), square, Shard(0), Shard(0)),
            "few_rows": cut(torch.arange(6, dtype=torch.int16).reshape(2, 3), row, Shard(0)),
            "everywhere": cut(torch.ones(3), row, Replicate()),
            "half": cut(torch.arange(24).reshape(2, 3, 4).to(torch.bfloat16), square, Replicate(), Shard(1)),
            "eighth": cut(torch.arange(8.0).to(torch.float8_e4m3fn), row, Shard(0)),
            "parameter": nn.Parameter(cut(torch.ones(4, 2), row, Shard(0))),
            "plain": torch.arange(3), "epoch": 3}


def fsdp(rank):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
    for module in [model[0], model[2], model]:
        fully_shard(module, mesh=init_device_mesh("cpu", (2,)))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.25)
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    model_state, optimizer_state = get_state_dict(model, optimizer)
    return {"model": model_state, "optim": optimizer_state}


def by_rank(rank):
    mesh = init_device_mesh("cpu", (2,))
    return {"weight": distribute_tensor(torch.arange(6.0).reshape(3, 2), mesh, [Shard(0)]),
            "same": torch.ones(2), "epoch": 3}


def describe(name, value):
    if dist.get_rank() == 0:
        text = json.dumps(value)
        (FOLDER / f"{name}.json").write_text(text + "\n")


def work(rank, ranks, name, make, save):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29613", RANK=str(rank), WORLD_SIZE=str(ranks))
    dist.init_process_group("gloo")
    value = make(rank)
    save(value, name)
    describe(name, Describer().value(value))
    dist.destroy_process_group()


def save_now(value, name):
    dcp.save(value, checkpoint_id=name)


def save_later(value, name):
    dcp.async_save(value, checkpoint_id=name).result()


def save_alone(value, name):
    dcp.save(value, checkpoint_id=name, use_collectives=False)


def save_file_each(value, name):
    dcp.save(value, storage_writer=dcp.FileSystemWriter(name, single_file_per_rank=False))


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    os.chdir(FOLDER)  # the folder's name is written into .metadata
    for ranks, name, make, save in [(1, "plain", plain, save_now), (4, "sharded", sharded, save_now),
                                    (2, "fsdp", fsdp, save_later), (2, "by_rank", by_rank, save_alone),
                                    (2, "file_each", by_rank, save_file_each)]:
        mp.spawn(work, args=(ranks, name, make, save), nprocs=ranks)


if __name__ == "__main__":
    main()
