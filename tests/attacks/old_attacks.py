"""The exhibits in formats of before the zip archives, and TorchScript programs. make_attacks.py writes them."""
import pickle
import struct

from forge import Entry, archive, colliding_names, dict_of, get, name, number, numbers, pickled, put, tensor, text

exhibits = {}


def bytes_of(file_name, make):
    exhibits[file_name] = make


# --------------------------------------------------------------------------------------------------------------- streams

MAGIC, VERSION = pickle.dumps(0x1950a86a20f9469cfc6c, 2), pickle.dumps(1001, 2)
INFO = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
FLOATS = struct.pack("<q", 3) + bytes(12)


def storage(key="0", numel=3, kind="FloatStorage", view=b"N"):
    return b"(" + text("storage") + name("torch", kind) + text(key) + text("cpu") + number(numel) + view + b"tQ"


def stream(body, keys=("0",), storages=FLOATS, version=VERSION, info=INFO, keys_pickle=None):
    return MAGIC + version + info + pickled(body) + (keys_pickle or pickle.dumps(list(keys), 2)) + storages


def weight(of, sizes=(3,), strides=(1,), offset=0):
    return dict_of([("weight", tensor(sizes, strides, offset, of=of))])


def view(offset, numel):
    return b"(" + text("1") + number(offset) + number(numel) + b"t"


good = stream(weight(storage()))
for label, make in {
    "good": lambda: good,
    "numel-differs": lambda: stream(weight(storage()), storages=struct.pack("<q", 4) + bytes(12)),
    "numel-negative": lambda: stream(weight(storage()), storages=struct.pack("<q", -1) + bytes(12)),
    "numel-2e40": lambda: stream(weight(storage(numel=2**40)), storages=struct.pack("<q", 2**40) + bytes(12)),
    "numel-overflows": lambda: stream(weight(storage(numel=2**62))),
    "sizes-overflow": lambda: stream(dict_of([(key, tensor([1], [1], of=storage(key, 2**60))) for key in "01234567"]), "01234567"),
    "key-missing": lambda: stream(weight(storage()), keys=(), storages=b""),
    "key-twice": lambda: stream(weight(storage()), keys=("0", "0"), storages=FLOATS + FLOATS),
    "key-extra": lambda: stream(weight(storage()), keys=("0", "1"), storages=FLOATS + FLOATS),
    "keys-no-list": lambda: stream(weight(storage()), keys_pickle=pickle.dumps("0", 2)),
    "key-climbs": lambda: stream(weight(storage(key="../0")), keys=("../0",)),
    "key-two-dtypes": lambda: stream(b"(" + tensor([3], [1], of=storage()) + tensor([1], [1], of=storage(numel=1, kind="DoubleStorage")) + b"t"),
    "view-beyond": lambda: stream(weight(storage(view=view(2, 2)), (2,))),
    "view-negative": lambda: stream(weight(storage(view=view(-1, 2)), (2,))),
    "view-overflows": lambda: stream(weight(storage(view=view(2**62, 2**62)), (2,))),
    "view-left": lambda: stream(weight(storage(view=view(1, 1)), (2,))),
    "view-of-text": lambda: stream(weight(storage(view=text("0")))),
    "one-past-end": lambda: stream(weight(storage(), (4,))),
    "bytes-behind": lambda: good + b"more",
    "cut": lambda: good[:-1],
    "cut-in-keys": lambda: good[:good.index(FLOATS) - 3],
    "version-1002": lambda: stream(weight(storage()), version=pickle.dumps(1002, 2)),
    "sys-info-calls": lambda: stream(weight(storage()), info=pickled(name("os", "system") + text("touch owned") + b"\x85R")),
    "text-4gib": lambda: MAGIC + VERSION + INFO + b"\x80\x02X\xff\xff\xff\xffhi",
    "module-eval": lambda: stream(b"(" + text("module") + name("builtins", "eval") + text("f") + text("s") + b"tQ" + text("1") + b"\x85R", (), b""),
    "module-of-module": lambda: stream((b"(" + text("module")) * 3 + name("builtins", "list") + b"NNtQNNtQNNtQ", (), b""),
    "id-unknown": lambda: stream(b"(" + text("thing") + b"NNNNNtQ", (), b""),
    "keys-collide": lambda: (lambda keys: stream(b"(" + b"".join(tensor([0], [1], of=storage(key, 0)) for key in keys) + b"t", keys,
                                                 struct.pack("<q", 0) * len(keys)))(colliding_names(15_000)),
    "many-storages": lambda: stream(b"(" + b"".join(tensor([0], [1], of=storage(str(i), 0)) for i in range(5000)) + b"t",
                                    [str(i) for i in range(5000)], struct.pack("<q", 0) * 5000),
}.items():
    bytes_of(f"legacy-{label}.pth", make)

# ----------------------------------------------------------------------------------------------------------- tar archives

KEY = b"X\x01\0\0\0" + b"1Q"


def member(member_name, data=b"", kind=b"0", size=None, checksum=None, link=b""):
    size = b"%011o" % len(data) if size is None else size
    fields = [member_name.encode().ljust(100, b"\0"), b"0000644\0", b"0000000\0" * 2, size.ljust(12, b"\0"), b"00000000000\0",
              b" " * 8, kind, link.ljust(100, b"\0"), b"ustar\00000"]
    header = b"".join(fields).ljust(512, b"\0")
    checksum = b"%06o\0 " % sum(header) if checksum is None else checksum
    return header[:148] + checksum + header[156:] + data + bytes(-len(data) % 512)


def storages(rows=((7, 3),), count=None, views=(), kind="FloatStorage", data=bytes(12)):
    table = pickle.dumps(len(rows) if count is None else count, 2)
    for key, numel in rows:
        table += pickled(b"(" + number(key) + text("cpu") + name("torch", kind) + b"t") + struct.pack("<q", numel) + data
    return table + pickle.dumps(list(views), 2)


def tensors(sizes=(3,), strides=(1,), offset=0, of=7, ndim=None, count=1, kind="FloatTensor", module="torch"):
    row = pickled(b"(" + number(1) + number(of) + name(module, kind) + b"t")
    row += struct.pack("<ii", len(sizes) if ndim is None else ndim, 0) + struct.pack(f"<{2 * len(sizes) + 1}q", *sizes, *strides, offset)
    return pickle.dumps(count, 2) + row * min(count, 2)


def tar(body=None, table=None, metadata=None, before=b"", after=b"", end=bytes(1024)):
    return (before + member("sys_info", INFO) + member("pickle", pickled(dict_of([("weight", KEY)]) if body is None else body)) +
            member("tensors", tensors() if metadata is None else metadata) +
            member("storages", storages() if table is None else table) + after + end)


def pax(record):
    return member("././@PaxHeader", b"%d %s\n" % (len(record) + 4, record) if isinstance(record, bytes) else record, b"x")


for label, make in {
    "good": lambda: tar(),
    "symbolic-link": lambda: tar(after=member("storages2", kind=b"2", link=b"/etc/passwd")),
    "hard-link": lambda: member("pickle", kind=b"1", link=b"/etc/passwd") + tar(),
    "device": lambda: tar(before=member("tensors", kind=b"3")),
    "sparse": lambda: tar(before=member("tensors", kind=b"S")),
    "long-name": lambda: tar(before=member("././@LongLink", b"storages\0", b"L")),
    "climbs": lambda: tar(after=member("../../storages")),
    "twice": lambda: tar(after=member("pickle", pickled(b"N"))),
    "checksum": lambda: tar(before=member("x", checksum=b"0000001\0")),
    "size-8-gib": lambda: tar(after=member("storages2", size=b"77777777777")),
    "size-base-256": lambda: tar(after=member("storages2", size=b"\x80" + b"\xff" * 11)),
    "size-words": lambda: tar(after=member("storages2", size=b"many")),
    "cut": lambda: tar()[:-1500],
    "no-end": lambda: tar(end=b""),
    "bytes-behind": lambda: tar(end=bytes(1024) + b"more" + bytes(508)),
    "pax-path": lambda: tar(before=pax(b"path=storages")),
    "pax-size-2e63": lambda: tar(before=pax(b"size=9223372036854775808")),
    "pax-runs-out": lambda: tar(before=member("././@PaxHeader", b"999 mtime=1\n", b"x")),
    "no-tensors": lambda: member("pickle", pickled(b"N")) + member("storages", storages()) + bytes(1024),
    "count-2e62": lambda: tar(table=storages(count=2**62)),
    "numel-2e40": lambda: tar(table=storages(rows=[(7, 2**40)])),
    "numel-2e62": lambda: tar(table=storages(rows=[(7, 2**62)])),
    "numel-negative": lambda: tar(table=storages(rows=[(7, -1)])),
    "storage-twice": lambda: tar(table=storages(rows=[(7, 3), (7, 3)])),
    "storage-missing": lambda: tar(metadata=tensors(of=8)),
    "storage-class-eval": lambda: tar(table=storages(kind="eval")),
    "tensor-twice": lambda: tar(metadata=tensors(count=2)),
    "tensor-class-os": lambda: tar(metadata=tensors(module="os", kind="system")),
    "ndim-negative": lambda: tar(metadata=tensors(ndim=-1)),
    "ndim-2e31": lambda: tar(metadata=tensors(ndim=2**31 - 1)),
    "size-negative": lambda: tar(metadata=tensors(sizes=(-3,))),
    "stride-overflows": lambda: tar(metadata=tensors(strides=(2**62,))),
    "one-past-end": lambda: tar(metadata=tensors(offset=1)),
    "view-beyond": lambda: tar(table=storages(views=[(8, 7, 2, 2)]), metadata=tensors(of=8)),
    "view-of-nothing": lambda: tar(table=storages(views=[(8, 9, 0, 2)]), metadata=tensors(of=8)),
    "view-of-itself": lambda: tar(table=storages(views=[(8, 8, 0, 2)]), metadata=tensors(of=8)),
    "key-unknown": lambda: tar(body=text("77") + b"Q"),
    "key-of-words": lambda: tar(body=text("weight") + b"Q"),
    "class-eval": lambda: tar(body=b"(" + name("builtins", "eval") + b"NNtQ" + text("1") + b"\x85R"),
    "many-members": lambda: tar(after=b"".join(member(f"m{i}") for i in range(20_000))),
}.items():
    bytes_of(f"tar-{label}.pth", make)

# --------------------------------------------------------------------------------------------------------------- programs


def program(body, more=(), storage_bytes=(bytes(12),), constants=b")"):
    entries = [Entry("a/data.pkl", pickled(body)), Entry("a/constants.pkl", pickled(constants)), Entry("a/version", b"3\n")]
    return archive(entries + [Entry(f"a/data/{i}", data) for i, data in enumerate(storage_bytes)] + list(more))


def module(items, python_class="Net"):
    return name("__torch__", python_class) + b")\x81" + dict_of(items) + b"b"


def deep_modules(count):
    return (name("__torch__", "Net") + b")\x81}(" + text("child")) + (name("__torch__", "Net") + b")\x81}(" + text("child")) * count + b"N" + b"ub" * (count + 1)


def running(lines, constants=b")"):
    """A program whose forward has these lines, and returns x."""
    source = "class Net(Module):\n  def forward(self: __torch__.Net) -> Any:\n" + "".join(f"    {line}\n" for line in lines) + "    return x\n"
    return program(module([]), [Entry("a/code/__torch__.py", source.encode())], (), constants)


for label, make in {
    "deep-constant": lambda: running(["x = CONSTANTS.c0"], b"]" * 2_000_000 + b"a" * 1_999_999 + b"\x85"),
    "deep-result": lambda: running(["x = annotate(Any, 1)", "for i in range(100000):", "  y = annotate(List[Any], [x])", "  x = annotate(Any, y)"]),
    "calls-itself": lambda: running(["x = (self).forward()"]),
    "doubling-type": lambda: running(["x = (1, 1)"] + ["x = (x, x)"] * 60),
    "no-such-constant": lambda: running(["x = CONSTANTS.c99999999999999999999"]),
    "good": lambda: program(module([("weight", tensor([3], [1]))])),
    "names-eval": lambda: program(module([("weight", tensor([3], [1])), ("hook", name("builtins", "eval") + text("1") + b"\x85R")])),
    "of-1-0": lambda: archive([Entry("a/model.json", b"{}"), Entry("a/version", b"1\n")]),
    "package": lambda: archive([Entry("a/.data/extern_modules", b"os\n"), Entry("a/.data/version", b"6\n"), Entry("a/model/model.pkl", pickled(b"N"))]),
    "code-bomb": lambda: program(module([("weight", tensor([3], [1]))]), [Entry("a/code/__torch__.py", b" " * 50_000_000, method=8)]),
    "code-garbage": lambda: program(module([("weight", tensor([3], [1]))]), [Entry("a/code/__torch__.py", b"class Net(:\n  __parameters__ = [\"weight\n\xff")]),
    "deep": lambda: program(deep_modules(20_000), storage_bytes=()),
    "contains-itself": lambda: program(name("__torch__", "Net") + b")\x81" + put(0) + dict_of([("self", get(0))]) + b"b", storage_bytes=()),
    "list-of-itself": lambda: program(b"]" + put(0) + name("torch.jit._pickle", "build_tensorlist") + get(0) + b"\x85Ra", storage_bytes=()),
    "tag-without-value": lambda: program(name("torch.jit._pickle", "restore_type_tag") + b")R", storage_bytes=()),
    "tensor-from-id": lambda: program(name("torch.jit._pickle", "build_tensor_from_id") + number(2**31) + b"\x85R", storage_bytes=()),
    "one-past-end": lambda: program(module([("weight", tensor([4], [1]))])),
}.items():
    bytes_of(f"script-{label}.pth", make)
