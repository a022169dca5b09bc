"""Makes the checkpoints that tests/checkpoint reads: tests/golden/checkpoint/torch-<version>/<name>.pth. Beside each
stands a <name>.json that says what PyTorch finds in it. Run it once with each PyTorch (2.15 and 1.13):

    python3 tests/golden/make_checkpoint_golden.py

The .json has one form for each kind of value; tests/checkpoint/described.h makes the same of an okibi::Value.
"""

import collections
import json
import pathlib
import struct
import zipfile

import torch
from torch import nn

VERSION = ".".join(torch.__version__.split("+")[0].split(".")[:2])
FOLDER = pathlib.Path(__file__).parent / "checkpoint" / f"torch-{VERSION}"
IS_NEW = VERSION != "1.13"


# ------------------------------------------------------------------------------------------------- what is in a file

def bits(number):
    return struct.pack(">d", number).hex()


def elements(tensor):
    """Row-major, little-endian, as hex. Through uint8, since not every dtype can be copied."""
    if tensor.numel() == 0:
        return ""
    copy = tensor.detach().resolve_conj().clone(memory_format=torch.contiguous_format)
    return bytes(copy.reshape(-1).view(torch.uint8).tolist()).hex()


class Describer:
    def __init__(self):
        self.storages = {}

    def tensor(self, t):
        if t.layout == torch.sparse_coo:
            return {"sparse": [self.value(t._indices()), self.value(t._values())], "sizes": list(t.shape),
                    "coalesced": t.is_coalesced()}
        found = {"tensor": str(t.dtype).replace("torch.", ""), "sizes": list(t.shape), "strides": list(t.stride()),
                 "requires_grad": t.requires_grad}
        if t.device.type == "meta":
            return found | {"device": "meta"}
        storage = t.untyped_storage() if IS_NEW else t.storage().untyped()
        number = self.storages.setdefault(storage._cdata, len(self.storages))
        return found | {"storage": number, "offset": t.storage_offset(), "bytes": elements(t)}

    def dict(self, d):
        items = [[self.value(k), self.value(v)] for k, v in d.items()]
        found = {"dict": type(d).__name__, "items": items}
        if getattr(d, "__dict__", None):
            found["attributes"] = self.value(d.__dict__)
        return found

    def value(self, x):
        if isinstance(x, torch.Tensor):
            return self.tensor(x)
        if isinstance(x, torch.Size):
            return {"size": list(x)}
        if isinstance(x, bool) or x is None or isinstance(x, str):
            return x
        if isinstance(x, int):
            is_small = -2**63 <= x < 2**63
            return x if is_small else {"int": x.to_bytes(x.bit_length() // 8 + 1, "little", signed=True).hex()}
        if isinstance(x, float):
            return {"float": bits(x)}
        if isinstance(x, complex):
            return {"complex": [bits(x.real), bits(x.imag)]}
        if isinstance(x, (bytes, bytearray)):
            return {type(x).__name__: x.hex()}
        if isinstance(x, dict):
            return self.dict(x)
        if isinstance(x, (set, frozenset)):
            return {type(x).__name__: sorted(json.dumps(self.value(item)) for item in x)}
        if isinstance(x, torch.dtype):
            return {"dtype": str(x).replace("torch.", "")}
        if isinstance(x, torch.device):
            return {"device": str(x)}
        items = [self.value(item) for item in x]
        return {"tuple": items} if isinstance(x, tuple) else items


def write(name, value):
    path = FOLDER / f"{name}.pth"
    torch.save(value, path)
    describe(path)


def describe(path):
    options = {"weights_only": False} if IS_NEW else {}
    loaded = torch.load(path, map_location="cpu", **options)
    path.with_suffix(".json").write_text(json.dumps(Describer().value(loaded)) + "\n")


def rewrite(name, new_name, change, method=zipfile.ZIP_STORED):
    """A file that this machine's PyTorch would not write: `change(record, bytes)` gives each record's new bytes."""
    with zipfile.ZipFile(FOLDER / f"{name}.pth") as old, zipfile.ZipFile(FOLDER / f"{new_name}.pth", "w", method) as new:
        for record in old.namelist():
            info = zipfile.ZipInfo(record)  # 1980: the same bytes in every run
            info.compress_type = method
            new.writestr(info, change(record.split("/", 1)[1], old.read(record)))


# ---------------------------------------------------------------------------------------------------------- the files

def network():
    return nn.Sequential(collections.OrderedDict(
        embedding=nn.Embedding(5, 3, padding_idx=0), flatten=nn.Flatten(), linear=nn.Linear(6, 4),
        norm=nn.BatchNorm1d(4), relu=nn.ReLU(), out=nn.Linear(4, 1)))


def train(model):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.9, 0.99), amsgrad=True)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.tensor([[1, 2], [3, 4], [0, 1]])).square().mean().backward()
        optimizer.step()
    return optimizer


def everything():
    shared = [1, 2]
    name = "a long enough name"
    cyclic = ["self"]
    cyclic.append((cyclic,))
    default = collections.defaultdict(list)
    default["x"] = [1]
    values = {
        "none": None,
        "true": True,
        "ints": [0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, -2**31, 2**31, 2**63 - 1, -2**63],
        "big": [2**63, -2**63 - 1, 10**40, -10**40],
        "floats": [0.0, -0.0, 1.5, float("inf"), float("-inf"), 5e-324],
        "nan": float("nan"),
        "complex": complex(1.5, -2),
        "str": ["", "é", "日本語", "🔥", "a\nb\0c", name, name],
        "bytes": [b"x", b"\x00\xff", bytes(range(256)), bytearray(b"abc")],
        "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
        "nested": {"a": {"b": [{"c": (1, [2, (3,)])}]}},
        "shared": [shared, shared],
        "empty": [[], {}, ()],
        "set": {1},
        "strings": {"x"},
        "frozen": frozenset({2}),
        "ordered": collections.OrderedDict(b=1, a=2),
        "counter": collections.Counter("aab"),
        "default": default,
        "size": torch.Size([2, 3]),
        "dtypes": [torch.float32, torch.bool, torch.bfloat16, torch.float32],
        "keys": {1: "int", (1, "x"): "tuple", None: "none", 1.5: "float"},
        "devices": [torch.device("cpu"), torch.device("cuda", 1)],
        "device": "cpu",
        "many": list(range(2500)),
        "tensor": torch.arange(3),
        "word": "storage",
    }
    if IS_NEW:
        values["wide"] = {f"key{i}": i for i in range(1500)}
    return values


def views():
    base = torch.arange(24, dtype=torch.float32)
    grid = base.view(4, 6)
    return {
        "base": base,
        "grid": grid,
        "transposed": grid.t(),
        "step": grid[::2, 1::2],
        "last": base[-1],
        "scalar": torch.tensor(3.5),
        "empty": torch.empty(0, 3),
        "expanded": torch.tensor([7.0]).expand(2, 5),
        "cube": torch.arange(8.0).view(2, 2, 2).permute(2, 0, 1),
        "again": base,
        "grad": torch.ones(2, requires_grad=True),
        "own": base.clone(),
    }


def dtypes():
    names = ["uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "bool",
             "complex64", "complex128"]
    if IS_NEW:
        names += ["uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz",
                  "float8_e8m0fnu", "complex32"]
    numbers = torch.tensor([0.0, 1.0, 2.0, 4.0])
    return {name: numbers.to(getattr(torch, name)) for name in names}


def swapped(record, content):
    """What a big-endian machine would have written, of a file with one int16 and one complex128 storage."""
    if record == "byteorder":
        return b"big"
    if record.startswith("data/"):
        unit = {"data/0": 2, "data/1": 8, "data/2": 2}[record]
        return b"".join(content[i:i + unit][::-1] for i in range(0, len(content), unit))
    return content


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = network()
    optimizer = train(model)
    write("state_dict", model.state_dict())
    write("resume", {"epoch": 3, "model_state_dict": model.state_dict(),
                     "optimizer_state_dict": optimizer.state_dict(), "loss": 0.25})
    write("everything", everything())
    write("views", views())
    write("dtypes", dtypes())
    write("parameters", {"weight": nn.Parameter(torch.ones(2, 2)),
                         "frozen": nn.Parameter(torch.zeros(3), requires_grad=False)})
    write("sparse", {"coo": torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3)).coalesce(),
                     "hybrid": torch.sparse_coo_tensor([[1, 1]], [[1.0, 2.0], [3.0, 4.0]], (3, 2))})
    write("meta", {"meta": torch.empty(2, 3, device="meta"), "turned": torch.empty(2, 3, device="meta").t()})
    torch.save(model, FOLDER / "whole_model.pth")
    if IS_NEW:
        write("swapped_source", [torch.tensor([1, -2, 300], dtype=torch.int16),
                                 torch.tensor([1 + 2j, -3j], dtype=torch.complex128),
                                 torch.tensor([1, 2, 65535], dtype=torch.uint16)])
        rewrite("swapped_source", "big_endian", swapped)
        rewrite("views", "deflated", lambda record, content: content, zipfile.ZIP_DEFLATED)
        rewrite("views", "cuda", lambda record, content: content.replace(b"X\3\0\0\0cpu", b"X\6\0\0\0cuda:0"))
        for name in ["deflated", "cuda"]:
            describe(FOLDER / f"{name}.pth")
        # Not what PyTorch 2.15 finds there: it forgets to turn the bytes of dtypes without a storage class (uint16).
        (FOLDER / "big_endian.json").write_text((FOLDER / "swapped_source.json").read_text())
        from torch._weights_only_unpickler import _get_allowed_globals
        names = sorted(_get_allowed_globals())
        (FOLDER / "weights_only_globals.txt").write_text("".join(f"{name}\n" for name in names))


if __name__ == "__main__":
    main()
