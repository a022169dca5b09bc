"""Random object graphs: saved by PyTorch, loaded and saved again by okibi, loaded by PyTorch. Every dtype, stride, view,
shared storage, shared container and cycle must come back; a zip archive of the newest PyTorch byte for byte.
Usage: differential.py BUILD ROOT [how many (100)] [seed (0)]"""
import collections
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import zipfile

import torch

build, root = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
count = int(sys.argv[3]) if len(sys.argv) > 3 else 100
seed = int(sys.argv[4]) if len(sys.argv) > 4 else 0
newest = int(torch.__version__.split(".")[0]) >= 2  # 1.13 lays files out in an older way

DTYPES = [getattr(torch, name) for name in
          """float16 bfloat16 float32 float64 complex64 complex128 int8 int16 int32 int64 uint8 bool uint16 uint32 uint64
          float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu""".split() if hasattr(torch, name)]
# PyTorch 2.15 writes tensors of these into a stream and cannot read them there.
NOT_IN_STREAMS = {getattr(torch, name) for name in "uint16 uint32 uint64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu".split()
                  if hasattr(torch, name)}
SCALARS = [None, True, False, 0, 1, -1, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**63 - 1, 2**63, -2**200,
           0.0, -0.0, 1.5, float("inf"), float("nan"), 1e-320, "", "word", "größe 日本 \N{FIRE}", "a\0b", "x" * 300, 2 - 3j, torch.Size([2, 0]),
           torch.float32, torch.int8, torch.device("cpu"), torch.device("cuda", 1)]


class Maker:
    """A graph that has something of everything. What was made before may be used again: then it is one object in two places."""

    def __init__(self, chooser, is_stream):
        self.choose, self.storages, self.made = chooser, [], []
        self.dtypes = [dtype for dtype in DTYPES if not (is_stream and dtype in NOT_IN_STREAMS)]

    def storage(self, dtype):
        """A 1-d tensor over all of a storage, a new one or one that others view, too."""
        fitting = [base for base in self.storages if base.dtype == dtype]
        if fitting and self.choose.random() < 0.4:
            return self.choose.choice(fitting)
        size = self.choose.choice([0, 1, 2, 7, 24, 60, 300])
        bits = torch.randint(0, 256, (size * torch.empty(0, dtype=dtype).element_size(),), dtype=torch.uint8)
        base = (bits % 2).view(torch.bool) if dtype == torch.bool else bits.view(dtype) if size else torch.empty(0, dtype=dtype)
        self.storages.append(base)
        return base

    def tensor(self):
        base = self.storage(self.choose.choice(self.dtypes))
        length, sizes, strides = base.numel(), [], []
        room = length
        for _ in range(self.choose.choice([0, 1, 1, 2, 2, 3, 4, 9])):
            size = self.choose.choice([0, 1, 2, 3, 5]) if room > 1 else self.choose.choice([0, 1])
            stride = self.choose.choice([0, 1, 1, 2, 3, 6])
            if length and (size - 1) * stride < room:
                sizes.append(size), strides.append(stride)
                room -= max(size - 1, 0) * stride
            else:
                sizes.append(0), strides.append(1)
        offset = self.choose.randrange(room) if room > 0 else 0
        if length == 0 and 0 not in sizes:
            sizes.append(0), strides.append(1)
        view = base.as_strided(sizes, strides, offset)
        if base.dtype.is_floating_point and base.element_size() > 1 and self.choose.random() < 0.2:
            view = view.detach().requires_grad_()
        return torch.nn.Parameter(view.detach()) if view.requires_grad and self.choose.random() < 0.5 else view

    def sparse(self):  # PyTorch 1.13 does not know how 2.15 pickles them
        indices = torch.tensor([[0, 1, 1], [2, 0, 2]])
        coo = torch.sparse_coo_tensor(indices, torch.rand(3), (2, 3))
        return self.choose.choice([coo, coo.coalesce(), coo.to_dense().to_sparse_csr()])

    def value(self, depth):
        if self.made and self.choose.random() < 0.1:
            return self.choose.choice(self.made)
        kind = self.choose.randrange(14 if depth else 6)
        if kind < 2:
            made = self.choose.choice(SCALARS)
        elif kind < 6:
            made = self.sparse() if newest and self.choose.random() < 0.05 else self.tensor()
        else:
            made = self.container(kind - 6, depth - 1)
        self.made.append(made)
        return made

    def key(self, i):
        return self.choose.choice([f"key{i}", f"key.{i}", i, -i, (i, "tuple"), float(i) + 0.5, str(i) * 100])

    def container(self, kind, depth):
        size = self.choose.choice([0, 1, 2, 3, 5])
        if kind == 0:
            return tuple(self.value(depth) for _ in range(size))
        if kind == 1:
            return {f"word{i}" for i in range(size)}
        if kind == 2:
            return bytearray(self.choose.randrange(256) for _ in range(size)) if size else b"bytes"
        if kind in (3, 4):
            made = []
            self.made.append(made)  # so that it may come to contain itself
            made.extend(self.value(depth) for _ in range(size * (300 if self.choose.random() < 0.02 else 1)))
            return made
        made = {5: dict, 6: collections.OrderedDict, 7: collections.Counter}[kind]()
        if kind == 7:
            return collections.Counter("abracadabra"[:size])
        self.made.append(made)
        made.update((self.key(i), self.value(depth)) for i in range(size))
        if kind == 6 and self.choose.random() < 0.5:
            made._metadata = collections.OrderedDict([("", {"version": 1})])
        return made


def bits_of(tensor):
    if tensor.numel() == 0:
        return b""
    flat = torch.empty(tensor.numel(), dtype=tensor.dtype).copy_(tensor.detach().reshape(-1))
    return bytes((flat if flat.dtype == torch.bool else flat.view(torch.uint8)).tolist())


def describe(value, seen):
    """A picture that is equal for equal graphs: what is one object in two places is told by a number."""
    if isinstance(value, (list, dict, torch.Tensor)) or (isinstance(value, (tuple, set)) and not isinstance(value, torch.Size)):
        if id(value) in seen:
            return ("again", seen[id(value)])
        if not (isinstance(value, tuple) and not value):  # there is one empty tuple
            seen[id(value)] = len(seen)
    kind = type(value).__name__
    if isinstance(value, torch.Tensor):
        if value.layout == torch.sparse_coo:
            return (kind, "coo", value.is_coalesced(), tuple(value.shape), bits_of(value._indices()), bits_of(value._values()))
        if value.layout != torch.strided:
            return (kind, "csr", tuple(value.shape), bits_of(value.crow_indices()), bits_of(value.col_indices()), bits_of(value.values()))
        storage = value.storage() if not newest else value.untyped_storage()
        place = seen.setdefault(("storage", storage.data_ptr()), len(seen)) if storage.size() else "empty"
        return (kind, str(value.dtype), tuple(value.shape), value.stride(), value.storage_offset(), value.requires_grad, place, bits_of(value))
    if isinstance(value, torch.Size):
        return (kind, tuple(value))
    if isinstance(value, (list, tuple)):
        return (kind, [describe(item, seen) for item in value])
    if isinstance(value, dict):
        return (kind, [(repr(key), describe(item, seen)) for key, item in value.items()], repr(getattr(value, "_metadata", None)))
    return (kind, repr(sorted(value)) if isinstance(value, set) else repr(value))


def records_of(path):
    with zipfile.ZipFile(path) as archive:
        return [(name, archive.read(name)) for name in archive.namelist() if "serialization_id" not in name]


def problem_with(value, path, again):
    """None, or how what okibi wrote differs."""
    loaded = torch.load(again, **({"weights_only": False} if newest else {}))
    if describe(value, {}) != describe(loaded, {}):
        return "PyTorch loads something else from what okibi saved"
    if newest and path.suffix == ".pth" and records_of(path) != records_of(again):
        return "the records are not byte for byte those of PyTorch"
    return None


def main():
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as name:
        source, target = pathlib.Path(name) / "source", pathlib.Path(name) / "target"
        source.mkdir(), target.mkdir()
        values = {}
        for i in range(count):
            chooser = random.Random(f"{seed} {i}")
            is_stream = chooser.random() < 0.25
            value = Maker(chooser, is_stream).value(5)
            path = source / f"{i:05}{'.stream' if is_stream else '.pth'}"
            torch.save(value, path, _use_new_zipfile_serialization=not is_stream)
            values[path] = value
        subprocess.run([build / "interop_driver", "resave-all", source, target], check=True)
        failures = []
        for path, value in values.items():
            problem = problem_with(value, path, target / path.name)
            if problem:
                failures.append(f"graph {re.match('0*([0-9]+)', path.name)[1]} ({path.suffix}): {problem}")
    print("\n".join(failures) or f"{count} graphs came back from okibi as PyTorch {torch.__version__} saved them")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
