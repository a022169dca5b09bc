"""The exhibits that are folders of torch.distributed.checkpoint: the parts of the tensors, where they lie and what they
are. make_attacks.py writes them."""
import struct

import old_attacks
import pt2_attacks
import safetensors_attacks
from dcp_forge import (CALL, EVIL, METADATA, PART, Folder, crowd, floats, good, info, layout, list_of, lying, of, one, saved, tuple_of,
                       with_files, with_part)
from forge import (Entry, Fifo, HardLink, Link, Sparse, archive, checkpoint, dict_of, get, good_pickle, name, number, numbers,
                   pickled, put, storage, tensor, text)

exhibits = {}

# ----------------------------------------------------------------------------------------------------- where the parts lie


def elsewhere(file, more=(), **at):
    """An object whose part is said to lie in another file, and what is there."""
    return Folder().tensor().object(file=file, **at).files(more)


def missing(count):
    folder = Folder().tensor()
    for i in range(count):
        folder.object(f"step{i}", b"", file=f"__{i + 1}_0.distcp")
    return folder.files()


def shifted(offset=0, length=0):
    """The part of a tensor is said to begin, and to be, so many bytes more."""
    folder = Folder().object().tensor()
    where = dict(offset=len(saved()) + offset, length=len(folder.parts) - len(saved()) + length)
    folder.stored[-1] = (folder.stored[-1][0], info(**where))
    return folder.object("last").files()


def shared_bytes(tensors, by=0):
    """Tensors whose parts all lie where the first one does, or `by` bytes on."""
    folder, data = Folder(), floats([6])
    for i in range(tensors):
        folder.tensor(f"t{i}", parts=[data if i == 0 else b""], at=[dict(offset=i * by, length=len(data))])
    folder.keep(bytes(len(data)))
    return folder.files()


def by_links(link, count=20, numbers=50_000):
    """One part of 200 KB, under twenty names."""
    folder, data = Folder(), floats([numbers])
    for i in range(count):
        folder.tensor(f"t{i}", [numbers], parts=[data if i == 0 else b""], at=[dict(file=f"part-{i}", offset=0, length=len(data))])
    return folder.files({PART: b"", "part-0": data, **{f"part-{i}": link("part-0") for i in range(1, count)}})


def in_files(count):
    """Each tensor in a file of its own."""
    folder, data = Folder(), floats([6])
    for i in range(count):
        folder.tensor(f"t{i}", parts=[b""], at=[dict(file=f"__{i}_0.distcp", offset=0, length=len(data))])
    return folder.files({f"__{i}_0.distcp": data for i in range(count)})


for label, make in {
    "place-climbs": lambda: elsewhere("../dcp-good/" + PART),
    "place-absolute": lambda: elsewhere("/etc/passwd"),
    "place-url": lambda: elsewhere("http://127.0.0.1:9/part"),
    "place-backslash": lambda: elsewhere("..\\..\\part"),
    "place-nul": lambda: elsewhere(PART + "\0.txt"),
    "place-no-name": lambda: elsewhere(""),
    "place-dot-dot": lambda: elsewhere(".."),
    "place-dot-slash": lambda: elsewhere("./" + PART),
    "place-escape": lambda: elsewhere("\x1b[2Jclear\nokibi: all is well"),
    "place-name-5000": lambda: elsewhere("n" * 5000),
    "place-name-4000-often": lambda: crowd([((i,), (1,)) for i in range(10_000)], (10_000,), place=info(file="n" * 4000)),
    "place-missing-10000": lambda: missing(10_000),
    "place-metadata": lambda: elsewhere(METADATA),
    "place-in-folder": lambda: elsewhere("inner/other", {"inner": {"other": saved()}}, offset=0),
    "place-in-file": lambda: elsewhere(PART + "/inner"),
    "place-link-to-passwd": lambda: elsewhere("other", {"other": Link("/etc/passwd")}),
    "place-link-to-folder": lambda: elsewhere("other/passwd", {"other": Link("/etc")}),
    "place-link-to-part": lambda: elsewhere("other", {"other": Link("inner"), "inner": saved()}, offset=0),
    "place-offset-beyond": lambda: lying(offset=1 << 20),
    "place-offset-negative": lambda: lying(offset=-1),
    "place-offset-2e63-1": lambda: lying(offset=2**63 - 1),
    "place-offset-2e63": lambda: lying(offset=2**63),
    "place-offset-true": lambda: lying(offset=b"\x88"),
    "place-length-0": lambda: lying(length=0),
    "place-length-beyond": lambda: lying(length=1 << 20),
    "place-length-negative": lambda: lying(length=-1),
    "place-length-2e63-1": lambda: lying(length=2**63 - 1),
    "place-length-float": lambda: lying(length=b"G" + bytes(8)),
    "place-one-byte-early": lambda: shifted(offset=-1),
    "place-one-byte-late": lambda: shifted(offset=1, length=-1),
    "place-one-byte-short": lambda: shifted(length=-1),
    "place-one-byte-long": lambda: shifted(length=1),
    "place-transformed": lambda: lying(more=[("transform_descriptors", list_of([text("zstd")]))]),
    "place-transformed-by-nothing": lambda: lying(more=[("transform_descriptors", b"]")]),
    "place-shared": lambda: shared_bytes(2),
    "place-shared-by-1": lambda: shared_bytes(2, by=len(floats([6])) - 1),
    "place-shared-10000": lambda: shared_bytes(10_000),
    "place-shared-by-links": lambda: by_links(Link),
    "place-shared-by-names": lambda: by_links(HardLink),
    "place-files-2000": lambda: in_files(2000),
    "part-cut": lambda: with_part(good().parts[:-1]),
    "part-empty": lambda: with_part(b""),
    "part-zeros": lambda: with_part(bytes(len(good().parts))),
    "part-end-zeros": lambda: with_part(good().parts[:-200] + bytes(200)),
    "part-beginning-zeros": lambda: with_part(bytes(200) + good().parts[200:]),
    "part-bytes-in-front": lambda: with_part(b"more" + good().parts),
    "part-bytes-behind": lambda: with_part(good().parts + b"more"),
    "part-bit": lambda: with_part(good().parts.replace(struct.pack("<f", 3), struct.pack("<f", 3.0000002))),
    "part-grown": lambda: with_part(Sparse(good().parts, 256 << 20)),
    "part-missing": lambda: {METADATA: good().metadata(), "__1_0.distcp": good().parts},
    "part-fifo": lambda: with_part(Fifo()),
    "part-device": lambda: with_part(Link("/dev/zero")),
    "part-folder": lambda: with_part({"x": b"x"}),
    "part-link-loop": lambda: with_part(Link(PART)),
    "part-link-to-good": lambda: with_part(Link("../dcp-good/" + PART)),
}.items():
    exhibits[f"dcp-{label}/"] = make

# ------------------------------------------------------------------------------------------------------ what the parts are


def object_of(data, **at):
    return Folder().tensor().object(data=data, **at).files()


def floats_as(make):
    """A part that is made of a tensor of six floats in another way."""
    return of(saved(make, [struct.pack("<6f", *range(6))]))


def call(module, attribute, *arguments):
    return name(module, attribute) + tuple_of(*arguments) + b"R"


def big(values):
    return of(checkpoint(pickled(tensor([6], [1], of=storage(numel=6))), [struct.pack(">6f", *values)], more=[Entry("a/byteorder", b"big")]))


def in_two_parts(offset):
    """Three objects, of which the second one's version record is said to lie in the part of another."""
    far = dict(offset=0xffffffff, extra=struct.pack("<HHQ", 1, 8, offset))
    lying_part = archive([Entry("a/data.pkl", good_pickle), Entry("a/version", b"3\n", central=far)])
    return Folder().tensor().object("first").object("second", lying_part).object("third").files()


def with_bytes_between():
    """A pickle that no part claims, between two parts."""
    folder = Folder().tensor()
    folder.keep(saved(CALL))
    return folder.object().files()


def grown(count):
    """Small parts that each become twenty thousand things."""
    folder = Folder()
    data = archive([Entry("a/data.pkl", pickled(b"](" + b"N" * 20_000 + b"e"), method=8), Entry("a/version", b"3\n")])
    for i in range(count):
        folder.object(f"o{i}", data)
    return folder.files()


def expanded(numel, padding=0):
    data = saved(tensor([numel], [0], of=storage(numel=1)), [bytes(4)], more=[Entry("a/padding", bytes(padding))])
    return one([numel], parts=[data])


FLOATS = tensor([6], [1], of=storage(numel=6))
HOOKS = name("collections", "OrderedDict") + b")R"
DEEP = b"]" * 100_000 + b"a" * 99_999
LAUGHS = b"(](" + text("ha") + b"e" + b"".join(put(i) + b"](" + get(i) * 2 + b"e" for i in range(60)) + b"t"
for label, make in {
    "part-unsafe": lambda: object_of(saved(CALL)),
    "part-unsafe-tensor": lambda: of(saved(CALL)),
    "part-unsafe-beside": lambda: with_files({"__1_0.distcp": saved(CALL)}),
    "part-unsafe-between": with_bytes_between,
    "part-unsafe-pickle": lambda: object_of(EVIL),
    "part-unsafe-record": lambda: object_of(saved(more=[Entry("a/evil.pkl", EVIL)])),
    "part-unsafe-attribute": lambda: floats_as(call("torch._utils", "_rebuild_parameter_with_state", FLOATS, b"\x88", HOOKS, dict_of([("note", CALL)]))),
    "part-sizes-differ": lambda: of(floats([2, 3])),
    "part-larger": lambda: of(floats([7])),
    "part-smaller": lambda: of(saved(tensor([5], [1], of=storage(numel=6)), [bytes(24)])),
    "part-one-past-end": lambda: of(saved(tensor([6], [1], of=storage(numel=6)), [bytes(20)])),
    "part-offset-overflows": lambda: of(saved(tensor([6], [1], 2**63 - 1, of=storage(numel=6)), [bytes(24)])),
    "part-stride-negative": lambda: floats_as(tensor([6], [-1], 5, of=storage(numel=6))),
    "part-stride-overflows": lambda: floats_as(tensor([6], [2**62], of=storage(numel=6))),
    "part-every-other": lambda: of(saved(tensor([6], [2], 1, of=storage(numel=12)), [bytes(48)])),
    "part-expanded": lambda: expanded(6),
    "part-expanded-1000-padded": lambda: expanded(1000, 4000),
    "part-expanded-2e60": lambda: expanded(2**60),
    "part-expanded-and-short": lambda: expanded(10_000),
    "part-storage-2e40": lambda: of(saved(tensor([6], [1], of=storage(numel=2**40)), [bytes(24)])),
    "part-storage-missing": lambda: of(saved(tensor([6], [1], of=storage("7", numel=6)), [bytes(24)])),
    "part-storage-climbs": lambda: of(saved(tensor([6], [1], of=storage("../version", numel=6)), [bytes(24)])),
    "part-list": lambda: floats_as(list_of([FLOATS])),
    "part-two-tensors": lambda: floats_as(FLOATS + b"0" + tensor([6], [1], of=storage(numel=6))),
    "part-tensor-and-another-made": lambda: floats_as(b"(" + FLOATS + put(1) + tensor([3], [1], of=storage(numel=6)) + b"t0" + get(1)),
    "part-parameter": lambda: floats_as(call("torch._utils", "_rebuild_parameter", FLOATS, b"\x88", HOOKS)),
    "part-sparse": lambda: of(saved(call("torch._utils", "_rebuild_sparse_tensor", layout("torch.sparse_coo"), tuple_of(
        tensor([1, 2], [2, 1], of=storage("0", 2, "LongStorage")), tensor([2], [1], of=storage("1", 2)), numbers([6]), b"\x88")), [bytes(16), bytes(8)])),
    "part-quantised": lambda: of(saved(call("torch._utils", "_rebuild_qtensor", storage(numel=6, kind="QInt8Storage"), number(0), numbers([6]), numbers([1]), tuple_of(
        name("torch", "per_tensor_affine"), b"G" + struct.pack(">d", 0.5), number(0)), b"\x89", HOOKS), [bytes(6)]), dtype=name("torch", "qint8")),
    "part-of-4-bits": lambda: of(saved(tensor([6], [1], of=storage(numel=6, kind="QUInt4x2Storage")), [bytes(6)]), dtype=name("torch", "quint4x2")),
    "part-conj": lambda: of(saved(call("torch._utils", "_rebuild_tensor_v2", storage(numel=6, kind="ComplexFloatStorage"), number(0), numbers([6]), numbers([1]), b"\x89", HOOKS,
                                       dict_of([("conj", b"\x88")])), [bytes(range(48))]), dtype=name("torch", "complex64")),
    "part-big-endian": lambda: big(range(6)),
    "part-byteorder-garbage": lambda: of(checkpoint(pickled(FLOATS), [bytes(24)], more=[Entry("a/byteorder", b"middle")])),
    "part-wrong-crc": lambda: of(archive([Entry("a/data.pkl", pickled(FLOATS)), Entry("a/data/0", bytes(24), crc=1), Entry("a/version", b"3\n")])),
    "part-deflated": lambda: of(archive([Entry("a/data.pkl", pickled(FLOATS)), Entry("a/data/0", bytes(24), method=8), Entry("a/version", b"3\n")])),
    "part-deflate-bomb": lambda: one([25_000_000], parts=[archive(
        [Entry("a/data.pkl", pickled(tensor([25_000_000], [1], of=storage(numel=25_000_000)))), Entry("a/data/0", bytes(100_000_000), method=8), Entry("a/version", b"3\n")])]),
    "part-object-deflate-bomb": lambda: object_of(archive(
        [Entry("a/data.pkl", pickled(tensor([10_000_000], [1], of=storage(numel=10_000_000)))), Entry("a/data/0", bytes(40_000_000), method=8), Entry("a/version", b"3\n")])),
    "part-pickle-bomb": lambda: object_of(archive([Entry("a/data.pkl", pickled(b"N" + b"0N" * 5_000_000), method=8), Entry("a/version", b"3\n")])),
    "part-record-in-next-part": lambda: in_two_parts(len(saved()) + 100),
    "part-record-before-its-part": lambda: in_two_parts(2**64 - 100),
    "part-encrypted": lambda: object_of(archive([Entry("a/data.pkl", good_pickle, flags=1), Entry("a/version", b"3\n")])),
    "part-of-parts": lambda: object_of(saved(more=[Entry("a/data/0", good().parts)])),
    "part-script": lambda: object_of(old_attacks.program(old_attacks.module([("weight", tensor([3], [1]))]))),
    "part-program": lambda: object_of(pt2_attacks.one()),
    "part-stream": lambda: object_of(old_attacks.good),
    "part-safetensors": lambda: object_of(safetensors_attacks.good),
    "part-two-end-records": lambda: object_of(saved() + saved()[-22:]),
    "part-zip64-count": lambda: object_of(archive([Entry("a/data.pkl", good_pickle), Entry("a/version", b"3\n")], zip64=dict(count=2**60), end=dict(count=0xffff))),
    "part-directory-of-another": lambda: object_of(archive([Entry("a/data.pkl", good_pickle), Entry("a/version", b"3\n")], end=dict(offset=0))),
    "part-records-20000": lambda: object_of(archive([Entry("a/data.pkl", good_pickle), Entry("a/version", b"3\n")] + [Entry(f"a/{i}") for i in range(20_000)])),
    "object-deep": lambda: object_of(saved(DEEP)),
    "object-laughs": lambda: object_of(saved(LAUGHS)),
    "object-of-itself": lambda: object_of(saved(b"]" + put(0) + get(0) + b"a")),
    "object-expanded-2e60": lambda: object_of(saved(tensor([2**60], [0], of=storage(numel=1)), [bytes(4)])),
    "object-tensors-10000": lambda: object_of(saved(list_of(tensor([3], [1]) for i in range(10_000)), [bytes(12)])),
    "object-dict-in-path": lambda: Folder().tensor().object("a", saved(dict_of([("b", number(1))]))).object("a.b", path=tuple_of(text("a"), text("b"))).files(),
    "objects-that-grow": lambda: grown(100),
}.items():
    exhibits[f"dcp-{label}/"] = make
