"""Distributed checkpoints between PyTorch and okibi, both ways. Run it with PyTorch 2.15; no GPU is needed:

    python3 tests/interop/dcp_interop.py build/dev/okibi

What okibi writes, torch.distributed.checkpoint loads: in one process, resharded over four as DTensors, and whole with
dcp_to_torch_save. What PyTorch writes, from four ranks with random meshes and placements, okibi joins. Each tensor must
be the same bit for bit.
"""

import os
import pathlib
import random
import subprocess
import sys
import tempfile

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing as mp
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

OKIBI = str(pathlib.Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else ""
RANKS = 4
ROUNDS = 12
DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int8, torch.int64, torch.bool,
          torch.complex64, torch.uint16, torch.float8_e4m3fn]


def convert(source, target, *words):
    subprocess.run([OKIBI, "convert", str(source), str(target), *words], check=True, stdout=subprocess.DEVNULL)


def same_bits(a, b):
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    a, b = (t.detach().contiguous().reshape(-1).view(torch.uint8) for t in (a, b))
    return torch.equal(a, b)


def check(where, found, expected):
    if isinstance(expected, torch.Tensor):
        assert same_bits(found, expected), f"{where}: {found} is not {expected}"
    elif isinstance(expected, dict):
        assert list(found) == [str(key) for key in expected], f"{where}: {list(found)} is not {list(expected)}"
        for key, value in expected.items():
            check(f"{where}.{key}", found[str(key)], value)
    elif isinstance(expected, (list, tuple)):
        assert type(found) is type(expected) and len(found) == len(expected), f"{where}: {found} is not {expected}"
        for i, value in enumerate(expected):
            check(f"{where}.{i}", found[i], value)
    else:
        assert type(found) is type(expected) and found == expected, f"{where}: {found!r} is not {expected!r}"


def random_tensor(generator, dims=None):
    dims = generator.randint(0, 4) if dims is None else dims
    numbers = torch.randint(0, 2**7, [generator.choice([0, 1, 2, 3, 5, 8]) if dims > 1 else generator.randint(1, 9)
                                      for _ in range(dims)])
    return numbers.to(generator.choice(DTYPES))


def training_state(generator):
    """A state as programs save it: views, transposed tensors, parameters, lists of any kind, numbers for keys."""
    wide = random_tensor(generator, 2)
    return {"model": {f"layers.{i}.weight": random_tensor(generator) for i in range(8)},
            "turned": wide.t(), "part": torch.arange(100)[7:11], "spread": torch.ones(1).expand(5),
            "parameter": torch.nn.Parameter(torch.randn(3, 2)),
            "optim": {"state": {0: {"step": torch.tensor(3.0), "exp_avg": random_tensor(generator)}, 1: {"step": 4}},
                      "param_groups": [{"lr": 0.5, "betas": (0.9, 0.999), "params": [0, 1]}]},
            "in_lists": [1, [torch.ones(2), "text"], {"deep": None}], "plain": [1, [2, "three"]],
            "in_tuple": (1, torch.arange(3)), "epoch": 3, "rate": 0.25, "name": "run", "flag": True, "nothing": None}


def without_names(state):
    """Empty tensors of the same kind, for PyTorch to load into."""
    if isinstance(state, torch.Tensor):
        return torch.zeros(state.shape, dtype=state.dtype)
    if isinstance(state, dict):
        return {str(key): without_names(value) for key, value in state.items()}
    return [without_names(value) for value in state] if isinstance(state, list) else state


# formats.md: dcp | dense tensors in dicts and lists; anything else that is no dict as a whole | written as of one
#   rank, which `torch.distributed.checkpoint` loads
def test_written_by_okibi(folder, seed):
    state = training_state(random.Random(seed))
    torch.save(state, folder / "in.pth")
    convert(folder / "in.pth", folder / "by_okibi", "--to", "dcp")
    into = without_names(state)
    dcp.load(into, checkpoint_id=folder / "by_okibi", no_dist=True)
    check("dcp.load", into, state)
    dcp_to_torch_save(folder / "by_okibi", folder / "whole.pth")
    check("dcp_to_torch_save", torch.load(folder / "whole.pth", weights_only=False), state)
    convert(folder / "by_okibi", folder / "back.pth")
    check("okibi", torch.load(folder / "back.pth", weights_only=True), state)


def random_placement(generator, tensor):
    return generator.choice([Replicate()] + [Shard(dim) for dim in range(tensor.dim())])


def meshes():
    return [init_device_mesh("cpu", (RANKS,)), init_device_mesh("cpu", (2, 2))]


def cut(generator, tensor, meshes):
    mesh = generator.choice(meshes)
    placements = [random_placement(generator, tensor) for _ in range(mesh.ndim)]
    return distribute_tensor(tensor, mesh, placements, src_data_rank=None)


def whole_tensors(seed):
    generator = random.Random(seed)
    torch.manual_seed(seed)  # each rank makes the same ones
    return {f"w{i}": random_tensor(generator, generator.randint(1, 3)) for i in range(12)}


def local_part(cut_tensor, whole):
    """What this rank should hold of the whole."""
    return distribute_tensor(whole, cut_tensor.device_mesh, cut_tensor.placements, src_data_rank=None).to_local()


def save_sharded(folder, seed, meshes):
    generator = random.Random(seed)
    whole = whole_tensors(seed)
    dcp.save({"model": {name: cut(generator, tensor, meshes) for name, tensor in whole.items()}, "epoch": seed},
             checkpoint_id=folder / f"sharded{seed}")


def load_resharded(folder, seed, meshes):
    """okibi's one file of each tensor, loaded by four ranks, each its part."""
    generator = random.Random(seed + 1)
    whole = whole_tensors(seed)
    into = {"model": {name: cut(generator, torch.zeros_like(tensor), meshes) for name, tensor in whole.items()}}
    dcp.load(into, checkpoint_id=folder / f"again{seed}")
    for name, tensor in into["model"].items():
        check(f"rank {dist.get_rank()} of {name}", tensor.to_local(), local_part(tensor, whole[name]))


def work(rank, folder, task):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29621", RANK=str(rank), WORLD_SIZE=str(RANKS))
    dist.init_process_group("gloo")
    for seed, made in [(seed, meshes()) for seed in range(ROUNDS)]:
        task(folder, seed, made)
    dist.destroy_process_group()


# formats.md: dcp | DTensor, FSDP2, any number of ranks and files, also with a `.metadata` of each rank | read;
#   written as of one rank, which any number of ranks load
def test_written_by_pytorch(folder):
    mp.spawn(work, args=(folder, save_sharded), nprocs=RANKS)
    for seed in range(ROUNDS):
        expected = {"model": whole_tensors(seed), "epoch": seed}
        convert(folder / f"sharded{seed}", folder / "joined.pth")
        check(f"joined {seed}", torch.load(folder / "joined.pth", weights_only=True), expected)
        convert(folder / f"sharded{seed}", folder / f"again{seed}", "--to", "dcp")
    mp.spawn(work, args=(folder, load_resharded), nprocs=RANKS)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for seed in range(ROUNDS):
            test_written_by_okibi(folder, seed)
        test_written_by_pytorch(folder)
    print(f"{2 * ROUNDS} checkpoints went both ways, bit for bit")


if __name__ == "__main__":
    main()
