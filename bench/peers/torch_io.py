"""Usage: torch_io.py FOLDER. Makes the files that bench/io.py measures with, where they are missing; then reads names of
jobs from its input, and answers each with one line of JSON: seconds that PyTorch, or safetensors, takes for it."""
import gc
import json
import os
import sys
import time

import torch
from safetensors.torch import load_file, save_file

LAYER = {"attn.q": (2048, 2048), "attn.k": (512, 2048), "attn.v": (512, 2048), "attn.o": (2048, 2048),
         "mlp.up": (8192, 2048), "mlp.down": (2048, 8192), "gate": (512, 512), "norm": (2048,)}
LAYERS = 12  # 2.1 GiB
SMALL_TENSORS = 100_000


def make_large():
    torch.manual_seed(0)
    return {f"layers.{i}.{name}.weight": torch.empty(shape).uniform_(-1, 1)
            for i in range(LAYERS) for name, shape in LAYER.items()}


def make_small():
    return {f"blocks.{i}.weight": torch.full((16,), float(i)) for i in range(SMALL_TENSORS)}


def make_once(path, make, save):
    if not os.path.exists(path):
        save(make(), path + ".part")
        os.rename(path + ".part", path)


def seconds(work):
    gc.collect()
    start = time.perf_counter()
    result = work()
    passed = time.perf_counter() - start
    del result
    return passed


def save_again(path):
    target = f"{folder}/torch_saved.pth"
    state_dict = torch.load(path, weights_only=True)
    passed = seconds(lambda: torch.save(state_dict, target))
    os.remove(target)
    return passed


folder = sys.argv[1]
large, small, tensors = (f"{folder}/{name}" for name in ("large.pth", "small.pth", "large.safetensors"))
make_once(large, make_large, torch.save)
make_once(small, make_small, torch.save)
make_once(tensors, lambda: torch.load(large, weights_only=True), save_file)

some_tensor = "layers.7.gate.weight"
jobs = {
    "load": lambda: seconds(lambda: torch.load(large, weights_only=True)),
    "load_mmap": lambda: seconds(lambda: torch.load(large, weights_only=True, mmap=True)[some_tensor][0, 0].item()),
    "save": lambda: save_again(large),
    "small_load": lambda: seconds(lambda: torch.load(small, weights_only=True)),
    "small_save": lambda: save_again(small),
    "safetensors_load": lambda: seconds(lambda: load_file(tensors)[some_tensor][0, 0].item()),
}
for line in sys.stdin:
    job = line.strip()
    print(json.dumps({"job": job, "seconds": jobs[job]()}), flush=True)
