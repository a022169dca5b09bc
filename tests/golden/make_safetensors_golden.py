"""Makes the files that tests/checkpoint/safetensors_test.cpp reads: tests/golden/safetensors/<name>.safetensors, as the
safetensors library writes them; <name>.pth of the same tensors, in the order of the input; <name>.json, what
safetensors.torch.load_file finds. And sharded/, as huggingface_hub lays out a state_dict in shards of 200 bytes.

    python3 tests/golden/make_safetensors_golden.py        # PyTorch 2.15, safetensors 0.8, huggingface_hub 2.4
"""

import json
import pathlib

import torch
from huggingface_hub import save_torch_state_dict
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from make_checkpoint_golden import Describer

FOLDER = pathlib.Path(__file__).parent / "safetensors"
DTYPES = """bool uint8 int8 float8_e5m2 float8_e4m3fn float8_e8m0fnu float8_e4m3fnuz float8_e5m2fnuz float4_e2m1fn_x2 int16
uint16 float16 bfloat16 int32 uint32 float32 complex64 float64 int64 uint64""".split()


def of_dtype(name):
    dtype = getattr(torch, name)
    raw = torch.arange(1, 1 + 6 * torch.empty(0, dtype=dtype).element_size(), dtype=torch.uint8)
    return (raw % 2 if name == "bool" else raw).view(dtype).reshape(2, 3)


def write(name, tensors, metadata=None):
    path = FOLDER / f"{name}.safetensors"
    save_file(tensors, path, metadata)
    torch.save(tensors, path.with_suffix(".pth"))
    with safe_open(path, framework="pt") as file:
        found = {"metadata": file.metadata(), "tensors": Describer().value(load_file(path))}
    path.with_suffix(".json").write_text(json.dumps(found) + "\n")


def main():
    FOLDER.mkdir(exist_ok=True)
    write("dtypes", {name: of_dtype(name) for name in DTYPES}, {"format": "pt"})
    write("names", {"z": torch.ones(2), "a": torch.zeros(()), "": torch.ones(1), "empty": torch.empty(0, 3),
                    "naïve \"q\"\n\x7f\x01/\\": torch.ones(3), "half": torch.ones(5).half(), "熾火": torch.arange(3)})
    write("empty", {})
    (FOLDER / "sharded").mkdir(exist_ok=True)
    torch.manual_seed(0)
    layers = {f"layers.{i}.{part}": torch.rand(size) for i in range(3) for part, size in [("weight", (5, 4)), ("bias", (5,))]}
    save_torch_state_dict({"embed.weight": torch.rand(20, 4), **layers, "scale": torch.tensor(2, dtype=torch.int64)},
                          FOLDER / "sharded", max_shard_size=200)
    index = FOLDER / "sharded" / "model.safetensors.index.json"  # now as transformers writes it
    index.write_text(json.dumps(json.loads(index.read_text()), indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
