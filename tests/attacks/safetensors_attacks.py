"""The exhibits in safetensors, and folders with an index of such files. make_attacks.py writes them."""
import json
import struct

from forge import Entry, Fifo, Link, Sparse, archive, colliding_names, good_entries, good_pickle, name, pickled, text

exhibits = {}
WHOLE = {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}


def safetensors(header, data=bytes(12), length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def weight(data=bytes(12), **fields):
    return safetensors({"weight": {**WHOLE, **fields}}, data)


def two(first, second, data=bytes(24)):
    """Two tensors of three floats, at these places."""
    return safetensors({"a": {**WHOLE, "data_offsets": first}, "b": {**WHOLE, "data_offsets": second}}, data)


def with_text(value):
    """The JSON of a tensor, with this text in the place of its shape."""
    return safetensors(b'{"weight":{"dtype":"F32","shape":' + value + b',"data_offsets":[0,12]}}')


def named(label, **options):
    return safetensors(json.dumps({label: WHOLE}, **options).encode())


good = weight()
for label, make in {
    "good": lambda: good,
    "length-beyond-file": lambda: safetensors({"weight": WHOLE}, length=2**39),
    "length-2e63": lambda: safetensors({"weight": WHOLE}, length=2**63),
    "length-0": lambda: safetensors({"weight": WHOLE}, length=0),
    "length-short": lambda: safetensors({"weight": WHOLE}, length=20),
    "header-101-mb": lambda: Sparse(struct.pack("<Q", 101_000_000) + b"{", 101_000_100),
    "array": lambda: safetensors(b"[1, 2, 3]", b""),
    "space-in-front": lambda: safetensors(b" " + json.dumps({"weight": WHOLE}).encode()),
    "byte-order-mark": lambda: safetensors(b"\xef\xbb\xbf" + json.dumps({"weight": WHOLE}).encode()),
    "text-behind-header": lambda: safetensors(json.dumps({"weight": WHOLE}).encode() + b"more"),
    "two-headers": lambda: safetensors(json.dumps({"weight": WHOLE}).encode() * 2),
    "hole": lambda: two([0, 12], [20, 32], bytes(32)),
    "overlap": lambda: two([0, 12], [8, 20], bytes(20)),
    "same-place": lambda: two([0, 12], [0, 12], bytes(12)),
    "out-of-order": lambda: two([12, 24], [0, 12]),
    "end-before-begin": lambda: weight(data_offsets=[12, 0]),
    "beyond-end": lambda: weight(shape=[300], data_offsets=[0, 1200]),
    "offset-2e63": lambda: weight(data_offsets=[2**63 - 12, 2**63]),
    "offset-2e64": lambda: weight(data_offsets=[0, 2**64]),
    "offset-negative": lambda: weight(data_offsets=[-12, 0]),
    "offset-float": lambda: weight(data_offsets=[0.0, 12.0]),
    "offset-text": lambda: weight(data_offsets=["0", "12"]),
    "offset-three": lambda: weight(data_offsets=[0, 12, 24]),
    "offset-missing": lambda: safetensors({"weight": {"dtype": "F32", "shape": [3]}}),
    "size-differs": lambda: weight(shape=[4]),
    "shape-overflows": lambda: weight(shape=[2**40, 2**40]),
    "shape-overflows-to-0": lambda: weight(shape=[2**32, 2**32]),
    "shape-2e62-of-0": lambda: weight(b"", shape=[0, 2**62, 2**62], data_offsets=[0, 0]),
    "shape-negative": lambda: weight(shape=[-3]),
    "shape-float": lambda: weight(shape=[3.0]),
    "shape-1e999": lambda: with_text(b"[1e999]"),
    "shape-100-kb-digits": lambda: with_text(b"[" + b"3" * 100_000 + b"]"),
    "dims-5000": lambda: weight(shape=[3] + [1] * 4999),
    "dtype-unknown": lambda: weight(dtype="F7"),
    "dtype-number": lambda: weight(dtype=7),
    "bits-odd": lambda: weight(b"\0\0", dtype="F4", shape=[3], data_offsets=[0, 2]),
    "name-twice": lambda: safetensors(b'{"weight":' + json.dumps(WHOLE).encode() + b',"weight":' + json.dumps(WHOLE).encode() + b"}"),
    "key-twice": lambda: with_text(b'[1],"shape":[3]'),
    "key-unknown": lambda: weight(code="import os"),
    "deep": lambda: with_text(b"[" * 100_000 + b"]" * 100_000),
    "deep-metadata": lambda: safetensors(b'{"__metadata__":' * 1 + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, b""),
    "name-not-utf8": lambda: safetensors(b'{"\xff\xfe":' + json.dumps(WHOLE).encode() + b"}"),
    "name-surrogate": lambda: safetensors(b'{"\\ud800":' + json.dumps(WHOLE).encode() + b"}"),
    "name-nul": lambda: named("a\0b"),
    "nul-in-header": lambda: safetensors(json.dumps({"weight": WHOLE}).encode() + b"\0" * 8),
    "name-escape": lambda: named("\x1b[2Jclear\nokibi: all is well\u202e", ensure_ascii=True),
    "name-climbs": lambda: named("../../etc/passwd"),
    "name-1-mb": lambda: named("n" * (1 << 20)),
    "many-tensors": lambda: safetensors({f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(10_000)}, b""),
    "names-collide": lambda: safetensors({n: {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for n in colliding_names(5_000)}, b""),
    "metadata-5-mb": lambda: safetensors({"__metadata__": {f"k{i}": "v" * 1000 for i in range(5000)}, "weight": WHOLE}),
    "metadata-of-numbers": lambda: safetensors({"__metadata__": {"epoch": 1}, "weight": WHOLE}),
    "metadata-list": lambda: safetensors({"__metadata__": ["a"], "weight": WHOLE}),
    "nothing": lambda: safetensors({}, b""),
    "zip-behind": lambda: good + archive(good_entries()),
    "pickle-behind": lambda: good + pickled(name("os", "system") + text("touch owned") + b"\x85R"),
    "zip-as-tensor": lambda: (lambda inner: weight(inner, dtype="U8", shape=[len(inner)], data_offsets=[0, len(inner)]))(archive(good_entries())),
    "bytes-behind": lambda: good + b"more",
    "cut": lambda: good[:-1],
}.items():
    exhibits[f"safetensors-{label}.safetensors"] = make

# --------------------------------------------------------------------------------------------------------------- folders

INDEX, SHARD = "model.safetensors.index.json", "part-1.safetensors"


def index(weight_map, **more):
    return json.dumps({"metadata": {"total_size": 12}, "weight_map": weight_map, **more}).encode()


def folder(file=SHARD, **files):
    """An index that finds its tensor in `file`, beside a file that holds it."""
    return {INDEX: index({"weight": file}), SHARD: good, **files}


def with_index(data, **files):
    return {INDEX: data, SHARD: good, **files}


evil = archive([Entry("a/data.pkl", pickled(name("os", "system") + text("touch owned") + b"\x85R")), Entry("a/version", b"3\n")])
for label, make in {
    "good": folder,
    "climbs": lambda: folder("../safetensors-good.safetensors"),
    "climbs-in-the-middle": lambda: folder("sub/../../safetensors-good.safetensors"),
    "absolute": lambda: folder("/etc/passwd"),
    "url": lambda: folder("http://127.0.0.1:9/weights"),
    "file-uri": lambda: folder("file:///etc/passwd"),
    "dot-dot": lambda: folder(".."),
    "dot": lambda: folder("."),
    "no-name": lambda: folder(""),
    "nul": lambda: folder(SHARD + "\0.txt"),
    "escape": lambda: folder("\x1b[2Jclear\nokibi: all is well"),
    "missing": lambda: folder("part-2.safetensors"),
    "missing-10000": lambda: with_index(index({f"w{i}": f"part-{i}" for i in range(10_000)})),
    "name-not-in-file": lambda: with_index(index({"bias": SHARD})),
    "itself": lambda: folder(INDEX),
    "folder": lambda: {**folder("inner"), "inner/x": b"x"},
    "device": lambda: {**folder("part-2.safetensors"), "part-2.safetensors": Link("/dev/zero")},
    "fifo": lambda: {**folder("part-2.safetensors"), "part-2.safetensors": Fifo()},
    "link-loop": lambda: {**folder("part-2.safetensors"), "part-2.safetensors": Link("part-2.safetensors")},
    "link-to-passwd": lambda: {**folder("part-2.safetensors"), "part-2.safetensors": Link("/etc/passwd")},
    "link-to-shard": lambda: {**folder("part-2.safetensors"), "part-2.safetensors": Link(SHARD)},
    "index-fifo": lambda: {INDEX: Fifo(), SHARD: good},
    "index-device": lambda: {INDEX: Link("/dev/zero"), SHARD: good},
    "unsafe-shard": lambda: {"pytorch_model.bin.index.json": index({"weight": "part.bin"}), "part.bin": evil},
    "shard-no-dict": lambda: {"pytorch_model.bin.index.json": index({"weight": "part.bin"}),
                              "part.bin": archive([Entry("a/data.pkl", pickled(b"]")), Entry("a/version", b"3\n")])},
    "no-map": lambda: with_index(b'{"metadata": {}}'),
    "map-is-list": lambda: with_index(index(["weight"])),
    "map-twice": lambda: with_index(b'{"weight_map": {}, "weight_map": {"weight": "part-1.safetensors"}}'),
    "file-is-number": lambda: folder(1),
    "name-twice": lambda: with_index(b'{"weight_map": {"weight": "part-1.safetensors", "weight": "part-2.safetensors"}}'),
    "deep": lambda: with_index(b'{"metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "names-20000": lambda: with_index(index({f"weight{i}": SHARD for i in range(20_000)})),
    "index-101-mb": lambda: with_index(Sparse(b'{"weight_map": {', 101_000_000)),
    "no-json": lambda: with_index(b"{weight_map}"),
    "pickle": lambda: with_index(good_pickle),
}.items():
    exhibits[f"sharded-{label}/"] = make
