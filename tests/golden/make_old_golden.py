"""Makes the files in formats of before the zip archives, and TorchScript programs: tests/golden/old/<name>. Beside each
stands a <name>.json that says what PyTorch finds in it. Run it with PyTorch 2.15:

    python3 tests/golden/make_old_golden.py

What PyTorch can still write, it writes: streams (_use_new_zipfile_serialization=False) and programs. What only old
versions wrote (Python 2, storages that are views, tar archives) is put together here byte by byte after the sources of
those versions, and PyTorch 2.15 is the judge: it loads them all.
"""

import collections
import io
import json
import pathlib
import pickle
import pickletools
import struct
import sys
import tarfile
from typing import Dict, List

import torch
from torch import nn

sys.path.append(str(pathlib.Path(__file__).parents[1] / "attacks"))
import make_checkpoint_golden as golden  # noqa: E402
from forge import name, number, numbers, pickled, text  # noqa: E402

FOLDER = pathlib.Path(__file__).parent / "old"


class Describer(golden.Describer):
    """A storage that is a view of one which was met before is described as a part of that one."""

    def __init__(self):
        super().__init__()
        self.roots = []

    def root_of(self, storage):
        begin, size = storage.data_ptr(), storage.nbytes()
        for number, (root, root_size) in enumerate(self.roots):
            if (begin, size) == (root, root_size) or root <= begin < root + root_size:
                return number, begin - root
        self.roots.append((begin, size))
        return len(self.roots) - 1, 0

    def tensor(self, t):
        found = super().tensor(t)
        if t.numel():
            found["storage"], bytes_before = self.root_of(t.untyped_storage())
            found["offset"] += bytes_before // t.element_size()
        return found


def describe(file_name, value, describer=golden.Describer):
    (FOLDER / file_name).with_suffix(".json").write_text(json.dumps(describer().value(value)) + "\n")


# --------------------------------------------------------------------------------------- streams that PyTorch 2.15 writes

def pickles_of(data, count=5):
    """The first pickles, and where they end."""
    stream, found = io.BytesIO(data), []
    for _ in range(count):
        begin = stream.tell()
        list(pickletools.genops(stream))
        found.append(data[begin:stream.tell()])
    return found, stream.tell()


def keys_in(object_pickle, keys):
    """The keys of storages, in the order in which the object names them."""
    texts = [argument for opcode, argument, _ in pickletools.genops(object_pickle) if opcode.name == "BINUNICODE"]
    return list(dict.fromkeys(word for word in texts if word in keys))


def renumbered(data):
    """The same stream with keys "0", "1" … where PyTorch writes addresses, which are others in every run."""
    (magic, version, info, body, keys_pickle), end = pickles_of(data)
    keys = pickle.loads(keys_pickle)
    storages, itemsize = {}, item_sizes(body)
    for key in keys:
        size = 8 + struct.unpack_from("<q", data, end)[0] * itemsize[key]
        storages[key], end = data[end:end + size], end + size
    assert end == len(data)
    new = {old: str(i) for i, old in enumerate(keys_in(body, set(keys)))}
    for old in keys:
        body = body.replace(text(old), text(new[old]))
    order = sorted(keys, key=lambda key: new[key])
    return magic + version + info + body + pickle.dumps([new[key] for key in order], 2) + b"".join(storages[key] for key in order)


def item_sizes(body):
    class Reader(pickle.Unpickler):
        def find_class(self, module, attribute):
            if attribute.endswith("Storage"):
                return 1 if attribute == "UntypedStorage" else getattr(torch, attribute).dtype.itemsize
            return super().find_class(module, attribute)

        def persistent_load(self, persistent):
            found[persistent[2]] = persistent[1]

    found = {}
    from unittest import mock
    nothing = {function: lambda *arguments: None for function in ("_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter")}
    with mock.patch.multiple(torch._utils, **nothing):
        Reader(io.BytesIO(body)).load()
    return found


def stream(file_name, value, renumber=True, is_unreadable=False, **options):
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=False, **options)
    data = renumbered(buffer.getvalue()) if renumber else buffer.getvalue()
    (FOLDER / file_name).write_bytes(data)
    describe(file_name, value if is_unreadable else torch.load(FOLDER / file_name, map_location="cpu", weights_only=False))


def streams():
    torch.manual_seed(0)
    model = golden.network()
    stream("legacy_state_dict.pth", model.state_dict())
    stream("legacy_views.pth", golden.views())
    dtypes = golden.dtypes()
    has_class = {key: value.dtype in torch.storage._dtype_to_storage_type_map() for key, value in dtypes.items()}
    stream("legacy_dtypes.pth", {key: value for key, value in dtypes.items() if has_class[key]})
    # PyTorch 2.15 cannot load what it writes here.
    stream("legacy_new_dtypes.pth", {key: value for key, value in dtypes.items() if not has_class[key]}, is_unreadable=True)
    stream("legacy_parameters.pth", {"weight": nn.Parameter(torch.ones(2, 2)), "frozen": nn.Parameter(torch.zeros(3), requires_grad=False)})
    stream("legacy_many.pth", [torch.full((2,), float(i)) for i in range(12)])
    for protocol in (1, 3, 4, 5):  # with 0, PyTorch cannot say a persistent id
        stream(f"legacy_protocol_{protocol}.pth", {"a": torch.arange(3), "b": [1, "two"]}, renumber=False, pickle_protocol=protocol)


# ----------------------------------------------------------------------------------------- streams of before PyTorch 0.4

def python2(word):
    """A str of Python 2."""
    return b"U" + bytes([len(word)]) + word.encode()


MAGIC, VERSION = pickle.dumps(0x1950a86a20f9469cfc6c, 2), pickle.dumps(1001, 2)
INFO = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 8}}, 2)


def old_stream(body, storages):
    """`storages`: key → the format of struct for its elements, and their values."""
    data = MAGIC + VERSION + INFO + pickled(body) + pickled(b"](" + b"".join(python2(key) for key in storages) + b"e")
    for form, values in storages.values():
        data += struct.pack("<q", len(values)) + struct.pack(f"<{len(values)}{form}", *values)
    return data


def storage(key, kind, numel, view=None):
    part = b"N" if view is None else b"(" + python2(view[0]) + number(view[1]) + number(view[2]) + b"t"
    return b"(" + python2("storage") + name("torch", kind) + python2(key) + python2("cpu") + number(numel) + part + b"tQ"


def tensor(of, offset, sizes, strides):
    return name("torch._utils", "_rebuild_tensor") + b"(" + of + number(offset) + numbers(sizes) + numbers(strides) + b"tR"


def hooks():
    return name("collections", "OrderedDict") + b"]\x85R"


def old_streams():
    floats = ("f", range(12))
    views = b"}(" + b"".join([
        python2("all"), tensor(storage("94", "FloatStorage", 12), 0, [3, 4], [4, 1]),
        python2("part"), tensor(storage("94", "FloatStorage", 12, ("95", 4, 6)), 1, [2, 2], [2, 1]),
        python2("again"), tensor(storage("94", "FloatStorage", 12, ("95", 4, 6)), 0, [6], [1]),
        python2("longs"), tensor(storage("7", "LongStorage", 2), 0, [2], [1]),
    ]) + b"u"
    write_old("legacy_old_views.pth", old_stream(views, {"7": ("q", [-1, 2**40]), "94": floats}))
    # torch.FloatTensor.__new__(torch.FloatTensor) with a state, as 0.1.10 wrote tensors
    states = b"}(" + python2("weight") + name("torch", "FloatTensor") + b")\x81(" + storage("94", "FloatStorage", 12) + \
        number(2) + numbers([2, 3]) + numbers([3, 1]) + b"tb" + b"u"
    write_old("legacy_old_tensors.pth", old_stream(states, {"94": floats}))
    data = tensor(storage("94", "FloatStorage", 12), 0, [12], [1])
    # Parameter(data), then __setstate__((requires_grad, volatile, hooks)), as 0.2 and 0.3 wrote them
    parameters = b"}(" + python2("weight") + name("torch.nn.parameter", "Parameter") + data + b"\x85R(\x88\x89" + hooks() + b"tb" + \
        python2("frozen") + name("torch.nn.parameter", "Parameter") + data + b"\x85R(\x89\x89" + hooks() + b"tb" + b"u"
    write_old("legacy_old_parameters.pth", old_stream(parameters, {"94": floats}))


def write_old(file_name, data):
    (FOLDER / file_name).write_bytes(data)
    describe(file_name, torch.load(FOLDER / file_name, weights_only=False), Describer)


def whole_model():
    """A whole model with the source of its classes, and a class as an attribute."""
    def module(path, source):
        return b"(" + text("module") + name(*path) + text("net.py") + text(source) + b"tQ"

    linear = ("torch.nn.modules.linear", "Linear")
    weight = name("torch._utils", "_rebuild_parameter") + b"(" + tensor(storage("94", "FloatStorage", 4), 0, [2, 2], [2, 1]) + b"\x88" + hooks() + b"tR"
    state = b"}(" + text("training") + b"\x89" + text("in_features") + number(2) + text("kind") + module(linear, "class Linear: pass") + \
        text("_parameters") + b"}(" + text("weight") + weight + text("bias") + b"Nu" + text("_buffers") + b"}" + text("_modules") + b"}u"
    body = module(linear, "class Linear: pass") + b")\x81" + state + b"b"
    (FOLDER / "legacy_whole_model.pth").write_bytes(old_stream(body, {"94": ("f", range(4))}))
    loaded = torch.load(FOLDER / "legacy_whole_model.pth", weights_only=False)
    assert loaded.kind is nn.Linear and loaded.weight[1, 1] == 3


# ----------------------------------------------------------------------------------------------------------- tar archives

def tar(file_name, body, tensors, storages, views, python3=True):
    """`tensors`: key → key of storage, kind, sizes, strides, offset; `storages`: key → kind, form, values."""
    table = pickle.dumps(len(storages), 2)
    for key, (kind, form, values) in storages.items():
        table += pickled(b"(" + number(key) + text("cpu") + name("torch", kind) + b"t")
        table += struct.pack("<q", len(values)) + struct.pack(f"<{len(values)}{form}", *values)
    table += pickle.dumps(views, 2)
    metadata = pickle.dumps(len(tensors), 2)
    for key, (storage_key, kind, sizes, strides, offset) in tensors.items():
        metadata += pickled(b"(" + number(key) + number(storage_key) + name("torch", kind) + b"t")
        metadata += struct.pack("<ii", len(sizes), 0) + struct.pack(f"<{2 * len(sizes) + 1}q", *sizes, *strides, offset)
    members = {"sys_info": INFO, "pickle": pickled(body), "tensors": metadata, "storages": table}
    with tarfile.open(FOLDER / file_name, "w:", format=tarfile.PAX_FORMAT) as archive:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size, info.mtime = len(data), 1480000000.25 if python3 else 1480000000  # a fraction makes a pax header
            archive.addfile(info, io.BytesIO(data))
    describe(file_name, torch.load(FOLDER / file_name, weights_only=False), Describer)


def tars():
    def key(value):
        return text(str(value)) + b"Q"

    storages = {100: ("FloatStorage", "f", range(12)), 101: ("LongStorage", "q", [5, -6]), 102: ("ByteStorage", "B", [1, 2, 3])}
    tensors = {1: (100, "FloatTensor", [3, 4], [4, 1], 0), 2: (100, "FloatTensor", [4, 3], [1, 4], 0), 3: (101, "LongTensor", [2], [1], 0),
               4: (103, "FloatTensor", [2], [2], 1), 5: (102, "ByteTensor", [3], [1], 0)}
    body = name("collections", "OrderedDict") + b"](" + b"".join(
        b"](" + text(word) + key(value) + b"e" for word, value in
        [("weight", 1), ("transposed", 2), ("long", 3), ("part", 4), ("byte", 5), ("again", 1)]) + b"e\x85R"
    tar("tar_state_dict.pth", body, tensors, storages, [(103, 100, 4, 6)])
    tar("tar_python2.pth", b"](" + key(1) + number(7) + key(3) + b"e", {1: tensors[1], 3: tensors[3]}, {100: storages[100], 101: storages[101]}, [], python3=False)


# --------------------------------------------------------------------------------------------------------------- programs

class Net(nn.Module):
    ints: List[int]
    names: Dict[str, int]

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 3, 1)
        self.norm = nn.BatchNorm1d(3)
        self.layers = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
        self.register_buffer("empty", torch.empty(0))
        self.register_buffer("passing", torch.ones(2), persistent=False)
        self.plain = torch.arange(3)
        self.ints, self.names = [1, 2], {"a": 1}
        self.floats = torch.jit.Attribute([1.5], List[float])
        self.tensors = torch.jit.Attribute([torch.zeros(1)], List[torch.Tensor])
        self.pair = (1, "x")
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.layers(self.norm(self.conv(x)).mean(2)) * self.weight + torch.tensor([1.0, 2.0]) + self.ints[0] + self.passing


def programs():
    torch.manual_seed(0)
    program = torch.jit.script(Net().eval())
    program.save(FOLDER / "script.pt", _extra_files={"labels.txt": "yes no"})
    describe("script.pt", dict(sorted(torch.jit.load(FOLDER / "script.pt").state_dict(keep_vars=True).items())))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    streams()
    old_streams()
    whole_model()
    tars()
    programs()


if __name__ == "__main__":
    main()
