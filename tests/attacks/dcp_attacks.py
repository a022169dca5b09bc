"""The exhibits that are folders of torch.distributed.checkpoint: what .metadata says. make_attacks.py writes them."""
import itertools
import json

import safetensors_attacks
from dcp_forge import (CALL, CLASSES, EVIL, METADATA, OBJECT, PART, Folder, chunked, crowd, described, floats, good, index,
                       info, instance, layout, list_of, metadata, of, one, pairs, saved, shortened, size, tuple_of, with_files,
                       with_metadata)
from forge import (Fifo, Link, Sparse, colliding_names, dict_of, get, good_pickle, name, number, numbers, pickled, put, storage,
                   tensor, text)

exhibits = {}

# --------------------------------------------------------------------------------------------------------------- metadata

HALF = good().metadata()[:600]
for label, make in {
    "good": lambda: good().files(),
    "metadata-unsafe": lambda: with_metadata(EVIL),
    "metadata-unsafe-attribute": lambda: good().files(storage_meta=CALL),
    "metadata-unsafe-path": lambda: good().files(planner_data=dict_of([("weight", tuple_of(CALL))])),
    "metadata-unsafe-old-call": lambda: good().files(storage_meta=b"(" + text("touch owned") + b"ios\nsystem\n"),
    "metadata-unsafe-stack-global": lambda: with_metadata(pickled(text("os") + text("system") + b"\x93" + text("touch owned") + b"\x85R")),
    "metadata-unsafe-then-cut": lambda: with_metadata(pickled(CALL)[:-1] + b"0X\xff\xff"),
    "metadata-unsafe-and-dropped": lambda: with_metadata(b"\x80\x02" + CALL + b"0" + good().metadata()[2:]),
    "metadata-unsafe-behind-stop": lambda: with_metadata(good().metadata() + EVIL),
    "metadata-class-of-another": lambda: with_metadata(pickled(instance("Metadata", [], "evil"))),
    "metadata-class-unknown": lambda: with_metadata(pickled(instance("FutureMetadata", []))),
    "metadata-other-class": lambda: with_metadata(pickled(described([6], []))),
    "metadata-list": lambda: with_metadata(pickled(b"]")),
    "metadata-dict": lambda: with_metadata(good_pickle),
    "metadata-no-state": lambda: with_metadata(pickled(name(CLASSES, "Metadata") + b")\x81")),
    "metadata-state-twice": lambda: with_metadata(good().metadata()[:-1] + dict_of([("version", b"N")]) + b"b."),
    "metadata-state-of-slots": lambda: with_metadata(pickled(name(CLASSES, "Metadata") + b")\x81N}\x86b")),
    "metadata-attributes-10000": lambda: good().files(**{f"a{i}": b"N" for i in range(10_000)}),
    "metadata-attribute-twice": lambda: with_metadata(
        good().metadata()[:-3] + text("storage_data") + b"}" + b"ub."),
    "metadata-no-items": lambda: good().files(state_dict_metadata=None),
    "metadata-no-places": lambda: good().files(storage_data=None),
    "metadata-places-of-text": lambda: good().files(storage_data=dict_of([("weight", info())])),
    "metadata-nothing": lambda: Folder().files(),
    "metadata-version-unknown": lambda: good().files(version=text("9.0.0")),
    "metadata-empty": lambda: with_metadata(b""),
    "metadata-cut": lambda: with_metadata(HALF),
    "metadata-no-stop": lambda: with_metadata(good().metadata()[:-1]),
    "metadata-zeros": lambda: with_metadata(bytes(len(good().metadata()))),
    "metadata-half-zeros": lambda: with_metadata(HALF + bytes(600)),
    "metadata-bytes-behind": lambda: with_metadata(good().metadata() + b"more"),
    "metadata-5-gib": lambda: with_metadata(Sparse(good().metadata(), 5 << 30)),
    "metadata-3-gib": lambda: with_metadata(Sparse(b"", 3 << 30)),
    "metadata-json": lambda: with_metadata(json.dumps({"weight": PART}).encode()),
    "metadata-archive": lambda: with_metadata(saved(number(1))),
    "metadata-folder": lambda: {PART: good().parts, METADATA: {"x": b"x"}},
    "metadata-fifo": lambda: with_metadata(Fifo()),
    "metadata-device": lambda: with_metadata(Link("/dev/zero")),
    "metadata-link-to-passwd": lambda: with_metadata(Link("/etc/passwd")),
    "metadata-link-to-nothing": lambda: with_metadata(Link("nothing")),
    "metadata-link-to-good": lambda: with_metadata(Link("inner"), {"inner": good().metadata()}),
    "metadata-unfinished": lambda: {PART: good().parts, ".metadata.tmp": good().metadata()},
    "metadata-missing": lambda: {PART: good().parts},
    "metadata-of-all-names": lambda: with_files({f"{start}.metadata": EVIL for start in ["__0", "__00", "__-1", "__1x", "__", "_0", "__" + "9" * 30]}),
    "metadata-deep": lambda: good().files(planner_data=b"]" * 100_000 + b"a" * 99_999),
    "metadata-deep-items": lambda: good().files(state_dict_metadata=b"]" * 100_000 + b"a" * 99_999),
    "metadata-laughs": lambda: good().files(storage_meta=b"(" + b"](" + text("ha") + b"e" + b"".join(
        put(i) + b"](" + get(i) * 2 + b"e" for i in range(60)) + b"t"),
    "metadata-of-itself": lambda: with_metadata(pickled(name(CLASSES, "Metadata") + b")\x81" + put(0) + dict_of(
        [("state_dict_metadata", get(0)), ("storage_data", get(0))]) + b"b")),
    "metadata-little-says-much": lambda: good().files(storage_meta=b"](" + b"N" * 1_000_000 + b"e"),
    "metadata-names-30000": lambda: good().files(storage_meta=b"](" + b"".join(name("evil", f"name{i}") for i in range(30_000)) + b"e"),
    "metadata-name-often": lambda: good().files(storage_meta=b"](" + text("m" * 200_000) + put(8) + text("C") + put(9) + (
        get(8) + get(9) + b"\x93") * 20_000 + b"e"),
    "metadata-keys-collide": lambda: with_metadata(pickled(b"(" + instance("Metadata", [("state_dict_metadata", dict_of(
        [(key, OBJECT) for key in colliding_names(10_000)])), ("storage_data", b"}")]) + b"t")[:-2] + b"."),
}.items():
    exhibits[f"dcp-{label}/"] = make

# --------------------------------------------------------------------------------------------------------- items, tensors


def item_of(what):
    """An item of which .metadata says this."""
    folder = Folder().tensor()
    return folder.files(state_dict_metadata=dict_of([("weight", what)]))


def told_twice():
    folder = good()
    folder.items += folder.items[:1]
    return folder.files()


def placed_twice():
    folder = good()
    folder.stored += folder.stored[:1]
    return folder.files()


def path_told_twice():
    folder = good()
    folder.paths.append(("weight", tuple_of(text("other"))))
    return folder.files()


def pathless():
    folder = good()
    return folder.files(planner_data=dict_of(folder.paths[:1]))


def paths(*steps, **more):
    """Objects "i0", "i1" … of these paths."""
    folder = Folder().tensor()
    for i, path in enumerate(steps):
        folder.object(f"i{i}", path=tuple_of(*(text(step) if isinstance(step, str) else number(step) for step in path)), **more)
    return folder.files()


def many(count, name_of=lambda i: f"t{i}", path_of=lambda i: None):
    folder = Folder()
    for i in range(count):
        folder.object(name_of(i), path=path_of(i))
    return folder.files()


for label, make in {
    "item-class-unknown": lambda: item_of(instance("ShardedTensorStorageMetadata", [])),
    "item-no-properties": lambda: item_of(instance("TensorStorageMetadata", [("size", size([6])), ("chunks", b"]")])),
    "item-properties-text": lambda: item_of(instance("TensorStorageMetadata", [("properties", text("float32")), ("size", size([6])), ("chunks", b"]")])),
    "item-properties-short": lambda: item_of(instance("TensorStorageMetadata", [
        ("properties", name(CLASSES, "TensorProperties") + b")\x81" + tuple_of(name("torch", "float32")) + b"b"), ("size", size([6])), ("chunks", b"]")])),
    "item-twice": told_twice,
    "item-placed-twice": placed_twice,
    "item-without-place": lambda: good().files(storage_data=pairs(good().stored[:-1])),
    "item-chunk-without-place": lambda: good().files(storage_data=pairs(good().stored[1:])),
    "item-only-placed": lambda: good().files(state_dict_metadata=dict_of(good().items[:1])),
    "item-placed-as-object": lambda: item_of(OBJECT),
    "item-name-number": lambda: good().files(state_dict_metadata=b"}" + number(1) + OBJECT + b"s"),
    "item-name-empty": lambda: Folder().tensor().object("").files(),
    "item-name-1-mb": lambda: Folder().tensor().object("n" * (1 << 20)).files(),
    "item-name-escape": lambda: Folder().tensor().object("\x1b[2Jclear\nokibi: all is well\u202e").files(),
    "item-name-escape-and-gone": lambda: Folder().tensor().object("\x1b[2Jclear\nokibi: all is well\u202e", length=5).files(),
    "item-name-climbs": lambda: Folder().tensor().object("../../../etc/passwd").files(),
    "item-name-surrogate": lambda: Folder().tensor().object("\ud800").files(),
    "dtype-unknown": lambda: of(floats([6]), dtype=name("torch", "float7")),
    "dtype-text": lambda: of(floats([6]), dtype=text("float32")),
    "dtype-differs": lambda: of(floats([6]), dtype=name("torch", "int32")),
    "dtype-wider": lambda: of(floats([6]), dtype=name("torch", "float64")),
    "dtype-quantised": lambda: of(floats([6]), dtype=name("torch", "qint8")),
    "dtype-of-4-bits": lambda: of(floats([6]), dtype=name("torch", "quint4x2")),
    "layout-sparse": lambda: of(floats([6]), layout=layout("torch.sparse_csr")),
    "layout-unknown": lambda: of(floats([6]), layout=layout("torch.evil")),
    "grad-of-ints": lambda: of(saved(tensor([6], [1], of=storage(numel=6, kind="IntStorage")), [bytes(24)]), dtype=name("torch", "int32"), requires_grad=b"\x88"),
    "path-through-object": lambda: paths(("a",), ("a", "b")),
    "path-twice": lambda: paths(("a",), ("a",)),
    "path-told-twice": path_told_twice,
    "path-missing": pathless,
    "path-position-2e40": lambda: paths(("a", 2**40)),
    "path-position-2e63": lambda: paths(("a", 2**63)),
    "path-position-negative": lambda: paths(("a", -1)),
    "path-position-99999-often": lambda: paths(*[(f"a{i}", 99_999) for i in range(100)]),
    "path-position-and-name": lambda: paths(("a", 0), ("a", "b")),
    "path-position-none-twice": lambda: paths(("a", 0), ("a", 0), data=saved(b"N")),
    "path-empty": lambda: paths(()),
    "path-text": lambda: Folder().tensor().object(path=text("step")).files(),
    "path-of-floats": lambda: Folder().tensor().object(path=tuple_of(b"G" + bytes(8))).files(),
    "path-deep": lambda: Folder().tensor().object(path=b"(" + text("n") + b"2" * 99_999 + b"t").files(),
    "path-deep-often": lambda: many(1_000, path_of=lambda i: b"(" + text("n") + b"2" * 1_000 + text(f"t{i}") + b"t"),
    "path-long-and-shared": lambda: (lambda folder: folder.files(planner_data=pairs(
        (text(item), get(5) if i else b"(" + text("n") + b"2" * 5_000 + b"t" + put(5)) for i, (item, _) in enumerate(folder.items))))(
            (lambda folder: [folder.object(f"t{i}") for i in range(1_000)][0])(Folder())),
    "paths-list": lambda: good().files(planner_data=b"]"),
    "paths-text": lambda: good().files(planner_data=text("weight")),
    "paths-of-others": lambda: good().files(planner_data=dict_of([(f"other{i}", tuple_of(text("x"))) for i in range(1000)])),
    "paths-none": lambda: good().files(planner_data=b"N"),
    "items-5000": lambda: many(5_000),
    "items-of-long-names": lambda: many(400, lambda i: f"{i}" + "n" * 4_000),
}.items():
    exhibits[f"dcp-{label}/"] = make

# ------------------------------------------------------------------------------------------------------------------ boxes


def interlocked(side):
    """One element each, in a ring of four boxes: no line divides them."""
    ring = [((0, 0), (side - 1, 1)), ((side - 1, 0), (1, side - 1)), ((1, side - 1), (side - 1, 1)), ((0, 1), (1, side - 1))]
    return ring + [((x + 1, y + 1), (1, 1)) for x, y in itertools.product(range(side - 2), repeat=2)]


def colliding_offsets(count):
    """Places (a, b) for which a hash that multiplies by the golden ratio and adds is the same."""
    both = ((a, -a * 0x9e3779b97f4a7c15 % 2**64) for a in itertools.count())
    return list(itertools.islice(((a, b) for a, b in both if b < 2**63), count))


for label, make in {
    "boxes-overlap": lambda: one([6], [([0], [4]), ([3], [3])]),
    "boxes-twice": lambda: one([6], [([0], [6]), ([0], [6])]),
    "boxes-hole": lambda: one([6], [([0], [2]), ([3], [3])]),
    "boxes-overlap-and-hole": lambda: one([6], [([0], [3]), ([2], [3])]),
    "boxes-none": lambda: one([6], []),
    "boxes-beyond": lambda: one([6], [([3], [6])]),
    "boxes-negative": lambda: chunked([6], [([-1], [6])]),
    "boxes-size-negative": lambda: chunked([6], [([0], [-6])]),
    "boxes-offset-2e63-1": lambda: chunked([6], [([2**63 - 1], [6])]),
    "boxes-offset-2e63": lambda: chunked([6], [([2**63], [6])]),
    "boxes-size-2e63-1": lambda: chunked([6], [([1], [2**63 - 1])]),
    "boxes-size-2e70": lambda: chunked([6], [([0], [2**70])]),
    "boxes-sizes-overflow": lambda: chunked([2**40, 2**40], [([0, 0], [2**40, 2**40])]),
    "boxes-numel-2e60": lambda: one([2**60], parts=[floats([6])]),
    "boxes-numel-2e60-of-nothing": lambda: one([2**60], []),
    "boxes-empty-2e62": lambda: one([0, 2**62, 2**62], [([0, 0, 0], [0, 2**62, 2**62])], [b""]),
    "boxes-empty": lambda: item_of(described([6], [([0], [6]), ([6], [0]), ([6], [0])])),
    "boxes-none-of-none": lambda: one([0], []),
    "boxes-empty-beyond": lambda: one([6], [([0], [6]), ([2**40], [0])], [floats([6]), b""]),
    "boxes-more-dims": lambda: chunked([6], [([0, 0], [6, 1])]),
    "boxes-fewer-dims": lambda: chunked([6, 1], [([0], [6])]),
    "boxes-no-dims": lambda: one([]),
    "boxes-no-dims-twice": lambda: one([], [([], []), ([], [])]),
    "boxes-dims-64": lambda: one([1] * 64),
    "boxes-dims-5000": lambda: one([1] * 5000, [([0] * 5000, [1] * 5000)], [floats([6])]),
    "boxes-of-text": lambda: item_of(described([6], list_of([text("the first")]))),
    "boxes-of-themselves": lambda: item_of(described([6], b"]" + put(3) + b"(" + get(3) + b"e")),
    "boxes-sizes-text": lambda: item_of(described(text("6"), [([0], [6])])),
    "boxes-sizes-of-sizes": lambda: item_of(described(name("torch", "Size") * 2 + numbers([6]) + b"\x85R\x85R", [([0], [6])])),
    "boxes-sizes-call-of-nothing": lambda: item_of(described(name("torch", "Size") + b")R", [([0], [6])])),
    "boxes-offsets-missing": lambda: item_of(described([6], list_of([instance("ChunkStorageMetadata", [("sizes", size([6]))])]))),
    "boxes-1000": lambda: one([1000], [([i], [1]) for i in range(1000)]),
    "boxes-interlocked": lambda: one([12, 12], interlocked(12)),
    "boxes-interlocked-20000": lambda: crowd(interlocked(142), (142, 142)),
    "boxes-interlocked-64-dims": lambda: crowd(interlocked(62), (62, 62), more_dims=62),
    "boxes-interlocked-often": lambda: crowd(interlocked(72), (72, 72), tensors=8),
    "boxes-shared-by-1000": lambda: crowd([((i,), (1,)) for i in range(50)], (50,), tensors=1000),
    "boxes-offsets-collide": lambda: with_metadata(shortened(metadata([], [(index("weight", offsets), info()) for offsets in colliding_offsets(
        20_000)], []), [info(), name(CLASSES, "MetadataIndex"), name("torch", "Size"), *map(text, ("weight", "fqn", "index", "offset"))])),
}.items():
    exhibits[f"dcp-{label}/"] = make

# ------------------------------------------------------------------------------------------------ a metadata for each rank


def ranks(*folders, more=()):
    files = {}
    for i, folder in enumerate(folders):
        files |= {f"__{i}.metadata": folder.metadata(), folder.part: folder.parts}
    return {**files, **dict(more)}


def rank(i, **told):
    """The half of a tensor that this rank has."""
    return Folder(f"__{i}_0.distcp").tensor(**{**dict(sizes=[6], boxes=[([3 * i], [3])]), **told})


def rank_metadata(names):
    """One rank's checkpoint, of which each of these is the metadata."""
    folder = good()
    return {PART: folder.parts, **{file: folder.metadata() for file in names}}


for label, make in {
    "ranks-good": lambda: ranks(rank(0), rank(1)),
    "ranks-one-missing": lambda: ranks(rank(0)),
    "ranks-unsafe": lambda: ranks(rank(0), rank(1), more={"__1.metadata": EVIL}),
    "ranks-fifo": lambda: ranks(Folder().tensor(), Folder("__1_0.distcp").object(), more={"__1.metadata": Fifo()}),
    "ranks-link-to-nothing": lambda: ranks(Folder().tensor(), Folder("__1_0.distcp").object(), more={"__1.metadata": Link("nothing")}),
    "ranks-folder": lambda: ranks(Folder().tensor(), Folder("__1_0.distcp").object(), more={"__1.metadata": {"x": b"x"}}),
    "ranks-and-one-for-all": lambda: ranks(rank(0), rank(1), more={METADATA: rank(0).metadata()}),
    "ranks-sizes-differ": lambda: ranks(rank(0), rank(1, sizes=[7])),
    "ranks-dtypes-differ": lambda: ranks(rank(0), rank(1, dtype=name("torch", "int32"))),
    "ranks-tensor-and-object": lambda: ranks(rank(0), Folder("__1_0.distcp").object("weight")),
    "ranks-object-twice": lambda: ranks(Folder().tensor().object(), Folder("__1_0.distcp").object()),
    "ranks-same-box": lambda: ranks(Folder().tensor(), Folder("__1_0.distcp").tensor()),
    "ranks-overlap": lambda: ranks(rank(0), rank(1, boxes=[([2], [4])])),
    "ranks-paths-differ": lambda: ranks(rank(0), rank(1, path=tuple_of(text("bias")))),
    "ranks-share-a-part": lambda: ranks(Folder().tensor("a"), Folder().tensor("b")),
    "ranks-same-number": lambda: rank_metadata(["__0.metadata", "__00.metadata"]),
    "ranks-numbers-no-numbers": lambda: rank_metadata(["__-1.metadata", "__1x.metadata", "__.metadata", "_0.metadata", "__ 1.metadata", "__" + "9" * 30 + ".metadata"]),
    "ranks-number-2e64-1": lambda: rank_metadata([f"__{2**64 - 1}.metadata"]),
    "ranks-2000": lambda: ranks(*(Folder(f"__{i}_0.distcp").tensor(sizes=[2000], boxes=[([i], [1])]) for i in range(2000))),
    "beside-safetensors": lambda: with_files({"model.safetensors": safetensors_attacks.good}),
    "beside-unsafe": lambda: with_files({"pytorch_model.bin": safetensors_attacks.evil, "model.pkl": EVIL}),
    "beside-fifo": lambda: with_files({"other.distcp": Fifo(), "device.distcp": Link("/dev/zero"), "loop.distcp": Link("loop.distcp")}),
    "beside-link-to-itself": lambda: with_files({"inner": Link("."), "outer": Link("..")}),
    "beside-name-escape": lambda: with_files({"\x1b[2Jclear\nokibi: all is well.distcp": saved(CALL)}),
    "beside-name-not-utf8": lambda: with_files({"\udcff\udcfe.distcp": saved(CALL)}),
}.items():
    exhibits[f"dcp-{label}/"] = make
