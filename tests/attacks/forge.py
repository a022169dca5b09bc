"""Zip archives and pickles byte by byte, so that every field can lie; and what a folder may hold besides files."""
import itertools
import os
import pickle
import random
import struct
import zlib

# --------------------------------------------------------------------------------------------------------------- files


class Link:
    """A symbolic link."""

    def __init__(self, target):
        self.target = target

    def write(self, path):
        path.symlink_to(self.target)


class HardLink:
    """Another name of a file beside it that is written already."""

    def __init__(self, target):
        self.target = target

    def write(self, path):
        os.link(path.parent / self.target, path)


class Fifo:
    """A pipe that nobody writes to: who opens it waits."""

    def write(self, path):
        os.mkfifo(path)


class Sparse:
    """Bytes, and zeros up to this size that take no room on the disk."""

    def __init__(self, head, size):
        self.head, self.size = head, size

    def write(self, path):
        path.write_bytes(self.head)
        os.truncate(path, self.size)


def write(path, content):
    """`content`: bytes, one of the above, or {name: content} for a folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        for name, inner in content.items():
            write(path / name, inner)
    else:
        path.write_bytes(content) if isinstance(content, bytes) else content.write(path)


# ---------------------------------------------------------------------------------------------------------- zip archives

class Entry:
    """One record. `local` and `central` overwrite fields of the two headers by name."""

    def __init__(self, name, data=b"", method=0, local=None, central=None, **both):
        self.name = name if isinstance(name, bytes) else name.encode()
        self.data = data if method == 0 else deflated(data)
        fields = dict(version=0, flags=0, method=method, time=0, date=33, crc=zlib.crc32(data), stored=len(self.data),
                      size=len(data), name=self.name, extra=b"", attributes=0, disk=0, offset=None, comment=b"")
        self.local, self.central = {**fields, **both, **(local or {})}, {**fields, **both, **(central or {})}


def deflated(data):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def local_header(f, name_size=None, extra_size=None):
    return struct.pack("<4sHHHHHIIIHH", b"PK\3\4", f["version"], f["flags"], f["method"], f["time"], f["date"], f["crc"],
                       f["stored"], f["size"], f.get("name_size", len(f["name"])), f.get("extra_size", len(f["extra"]))) + f["name"] + f["extra"]


def central_header(f, offset):
    return struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", f.get("made", 0), f["version"], f["flags"], f["method"], f["time"],
                       f["date"], f["crc"], f["stored"], f["size"], f.get("name_size", len(f["name"])),
                       f.get("extra_size", len(f["extra"])), len(f["comment"]), f["disk"], 0, f["attributes"],
                       offset if f["offset"] is None else f["offset"]) + f["name"] + f["extra"] + f["comment"]


def end_record(count, size, offset, disk=0, comment=b"", comment_size=None):
    return struct.pack("<4sHHHHIIH", b"PK\5\6", disk, disk, count & 0xffff, count & 0xffff, size, offset,
                       len(comment) if comment_size is None else comment_size) + comment


def zip64_end(count, size, offset, at, locator_at=None):
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, at if locator_at is None else locator_at, 1)


def archive(entries, prefix=b"", suffix=b"", between=b"", zip64=None, end=None):
    """`zip64` and `end` overwrite what the end records say."""
    body, offsets = prefix, []
    for entry in entries:
        offsets.append(len(body))
        body += local_header(entry.local) + entry.data
    body += between
    directory = b"".join(central_header(entry.central, offset) for entry, offset in zip(entries, offsets))
    told = dict(count=len(entries), size=len(directory), offset=len(body))
    file = body + directory
    if zip64 is not None:
        file += zip64_end(**{**told, "at": len(file), **zip64})
    return file + end_record(**{**told, **(end or {})}) + suffix


def checkpoint(pickled, storages=(), version=b"3\n", more=()):
    """A torch.save archive that is right but for what its pickle says."""
    entries = [Entry("a/data.pkl", pickled)] + [Entry(f"a/data/{i}", data) for i, data in enumerate(storages)]
    return archive(entries + [Entry("a/version", version)] + list(more))


good_pickle = pickle.dumps({"epoch": 1}, 2)


def good_entries():
    return [Entry("a/data.pkl", good_pickle), Entry("a/version", b"3\n")]


# --------------------------------------------------------------------------------------------------------------- pickles

def text(value):
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value):
    if -2**31 <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def numbers(values):
    return b"(" + b"".join(number(value) for value in values) + b"t"


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def put(index):
    return b"r" + struct.pack("<I", index)


def get(index):
    return b"j" + struct.pack("<I", index)


def pickled(body):
    return b"\x80\x02" + body + b"."


def storage(key="0", numel=3, kind="FloatStorage", location="cpu"):
    key = key if isinstance(key, bytes) else text(key)
    return b"(" + text("storage") + name("torch", kind) + key + text(location) + number(numel) + b"tQ"


def tensor(sizes, strides, offset=0, of=None, requires_grad=False):
    hooks = name("collections", "OrderedDict") + b")R"
    return (name("torch._utils", "_rebuild_tensor_v2") + b"(" + (of or storage()) + number(offset) + numbers(sizes) +
            numbers(strides) + (b"\x88" if requires_grad else b"\x89") + hooks + b"tR")


def dict_of(items):
    return b"}(" + b"".join(text(key) + value for key, value in items) + b"u"


def with_tensor(sizes, strides, offset=0, storages=(bytes(12),), **more):
    return checkpoint(pickled(dict_of([("weight", tensor(sizes, strides, offset, **more))])), storages)


# ----------------------------------------------------------------------------------------------------- names that collide

MULTIPLIER, WORD = 0xc6a4a7935bd1e995, 2**64  # of MurmurHash64A, which is what libstdc++ has for texts


def mixed(block):
    block = block * MULTIPLIER % WORD
    return (block ^ block >> 47) * MULTIPLIER % WORD


def unmixed(block):
    inverse = pow(MULTIPLIER, -1, WORD)
    block = block * inverse % WORD
    return (block ^ block >> 47) * inverse % WORD


def two_blocks(source):
    """Eight bytes of ASCII, and eight others of which the hash differs in the highest bit alone."""
    while True:
        block = bytes(source.choice(range(1, 127)) for _ in range(8))
        other = unmixed(mixed(int.from_bytes(block, "little")) ^ 1 << 63).to_bytes(8, "little")
        if all(0 < byte < 127 and byte not in b"\n./\\" for byte in block + other):
            return block, other


def colliding_names(count):
    """Names of one hash, whatever its seed: the differences of each two blocks take each other away."""
    source, steps = random.Random(1), []
    while 2**len(steps) < count:
        (a, b), (c, d) = two_blocks(source), two_blocks(source)
        steps.append((a + c, b + d))
    return [b"".join(name).decode() for name in itertools.islice(itertools.product(*steps), count)]
