"""The exhibits that are tensors of other layouts than plain ones, tensors with attributes, and NumPy's arrays, all in zip
archives of torch.save. make_attacks.py writes them."""
import struct

from forge import checkpoint, dict_of, get, name, number, numbers, pickled, put, storage, tensor, text

exhibits = {}
HOOKS = name("collections", "OrderedDict") + b")R"


class Parts:
    """The tensors that one tensor is made of, each in its own storage."""

    def __init__(self):
        self.storages = []

    def keep(self, data, kind, numel):
        self.storages.append(data)
        return storage(str(len(self.storages) - 1), numel, kind)

    def longs(self, values, sizes=None, strides=None, code="q", kind="LongStorage"):
        data = struct.pack(f"<{len(values)}{code}", *values)
        return tensor([len(values)] if sizes is None else sizes, strides or contiguous(sizes or [1]), of=self.keep(data, kind, len(values)))

    def ints(self, values):
        return self.longs(values, code="i", kind="IntStorage")

    def floats(self, sizes, numel=None):
        count = product(sizes) if numel is None else numel
        return tensor(sizes, contiguous(sizes), of=self.keep(struct.pack(f"<{count}f", *range(count)), "FloatStorage", count))

    def doubles(self, values, **geometry):
        return self.longs(values, code="d", kind="DoubleStorage", **geometry)


def product(sizes):
    return sizes[0] * product(sizes[1:]) if sizes else 1


def contiguous(sizes):
    return [product(sizes[i + 1:]) for i in range(len(sizes))]


def real(value):
    return b"G" + struct.pack(">d", value)


def call(module, attribute, *arguments):
    return name(module, attribute) + b"(" + b"".join(arguments) + b"tR"


def tuple_of(*items):
    return b"(" + b"".join(items) + b"t"


def file(make, *arguments, **options):
    """A file whose "weight" is what make(parts, …) says."""
    parts = Parts()
    body = make(parts, *arguments, **options)
    return checkpoint(pickled(dict_of([("weight", body)])), parts.storages)


def of_layout(layout, *parts):
    return call("torch._utils", "_rebuild_sparse_tensor", call("torch.serialization", "_get_layout", text(layout)), tuple_of(*parts))


# ------------------------------------------------------------------------------------------------------ compressed sparse


def csr(parts, bounds=(0, 1, 2, 2), plain=(0, 1), values=(2,), sizes=(3, 3), layout="csr", as_bounds=None, as_plain=None):
    return of_layout(f"torch.sparse_{layout}", as_bounds(parts) if as_bounds else parts.longs(list(bounds)),
                     as_plain(parts) if as_plain else parts.longs(list(plain)), parts.floats(list(values)), numbers(sizes))


def bsr(parts, layout="bsr", block=(2, 2), sizes=(4, 4), bounds=(0, 1, 2), plain=(0, 1)):
    return csr(parts, bounds, plain, (len(plain), *block), sizes, layout)


def csr_of_csr(parts):
    return of_layout("torch.sparse_csr", parts.longs([0, 1, 2, 2]), parts.longs([0, 1]), csr(parts), numbers([3, 3]))


compressed = {
    "csr-good": lambda: file(csr),
    "csr-bounds-fall": lambda: file(csr, (0, 2, 1, 2)),
    "csr-bounds-begin-at-1": lambda: file(csr, (1, 1, 2, 2)),
    "csr-bounds-beyond": lambda: file(csr, (0, 1, 2, 9)),
    "csr-bounds-rise-and-fall": lambda: file(csr, (0, 2**40, 2**41, 2)),
    "csr-bounds-negative": lambda: file(csr, (0, -5, 2, 2)),
    "csr-bounds-too-few": lambda: file(csr, (0, 2)),
    "csr-bounds-none": lambda: file(csr, ()),
    "csr-column-beyond": lambda: file(csr, plain=(0, 3)),
    "csr-column-negative": lambda: file(csr, plain=(0, -1)),
    "csr-column-twice": lambda: file(csr, (0, 2, 2, 2), (1, 1)),
    "csr-columns-fall": lambda: file(csr, (0, 2, 2, 2), (1, 0)),
    "csr-fewer-values": lambda: file(csr, values=(1,)),
    "csr-rows-2e62": lambda: file(csr, sizes=(2**62, 3)),
    "csr-columns-2e62": lambda: file(csr, sizes=(3, 2**62)),
    "csr-size-negative": lambda: file(csr, sizes=(3, -3)),
    "csr-one-dim": lambda: file(csr, sizes=(3,)),
    "csr-float-indices": lambda: file(csr, as_plain=lambda parts: parts.floats([2])),
    "csr-mixed-indices": lambda: file(csr, as_plain=lambda parts: parts.ints([0, 1])),
    "csr-bounds-2e40-of-one": lambda: file(csr, sizes=(2**40, 3), as_bounds=lambda parts: parts.longs([0], [2**40 + 1], [0])),
    "csr-of-csr": lambda: file(csr_of_csr),
    "csr-layout-unknown": lambda: file(csr, layout="evil"),
    "csc-bounds-fall": lambda: file(csr, (0, 2, 1, 2), layout="csc"),
    "csc-row-beyond": lambda: file(csr, plain=(0, 3), layout="csc"),
    "bsr-good": lambda: file(bsr),
    "bsr-bounds-fall": lambda: file(bsr, bounds=(0, 3, 2)),
    "bsr-column-beyond": lambda: file(bsr, plain=(0, 2)),
    "bsr-block-does-not-divide": lambda: file(bsr, sizes=(5, 4)),
    "bsr-block-of-0": lambda: file(bsr, block=(0, 2)),
    "bsr-block-larger": lambda: file(bsr, block=(8, 8), bounds=(0, 2)),
    "bsc-row-beyond": lambda: file(bsr, "bsc", plain=(0, 2)),
    "bsc-block-does-not-divide": lambda: file(bsr, "bsc", sizes=(4, 5)),
}

# -------------------------------------------------------------------------------------------------------------- quantised


def quantised(parts, sizes=(3,), strides=(1,), offset=0, kind="QInt8Storage", parameters=None):
    per_tensor = name("torch", "per_tensor_affine") + real(0.5) + number(1)
    stored = parts.keep(bytes(12 if kind == "FloatStorage" else 3), kind, 3)
    return call("torch._utils", "_rebuild_qtensor", stored, number(offset), numbers(sizes), numbers(strides),
                tuple_of(parameters(parts) if parameters else per_tensor), b"\x89", HOOKS)


def per_tensor(scale, zero_point=None):
    return lambda parts: name("torch", "per_tensor_affine") + scale + (zero_point or number(0))


def channels(scales=(1.0, 2.0, 3.0), zero_points=(0, 0, 0), axis=0, as_scales=None, scheme="per_channel_affine"):
    return lambda parts: (name("torch", scheme) + (as_scales(parts) if as_scales else parts.doubles(list(scales))) +
                          parts.longs(list(zero_points)) + number(axis))


quantised_tensors = {
    "good": {}, "channels-good": dict(parameters=channels()),
    "axis-beyond": dict(parameters=channels(axis=1)), "axis-negative": dict(parameters=channels(axis=-1)),
    "axis-2e62": dict(parameters=channels(axis=2**62)),
    "scales-fewer": dict(parameters=channels(scales=(1.0,))), "zero-points-fewer": dict(parameters=channels(zero_points=(0,))),
    "scales-text": dict(parameters=channels(as_scales=lambda parts: text("one"))),
    "scales-quantised": dict(parameters=channels(as_scales=quantised)),
    "scale-zero": dict(parameters=per_tensor(real(0.0))), "scale-nan": dict(parameters=per_tensor(real(float("nan")))),
    "scale-text": dict(parameters=per_tensor(text("half"))), "zero-point-2e62": dict(parameters=per_tensor(real(0.5), number(2**62))),
    "scheme-unknown": dict(parameters=lambda parts: name("torch", "float32") + real(0.5) + number(0)),
    "scheme-evil": dict(parameters=lambda parts: name("os", "system") + real(0.5) + number(0)),
    "no-parameters": dict(parameters=lambda parts: b""),
    "stride-negative": dict(strides=(-1,), offset=2), "one-past-end": dict(sizes=(4,)), "offset-negative": dict(offset=-1),
    "of-floats": dict(kind="FloatStorage"), "expanded-2e60": dict(sizes=(2**60,), strides=(0,)),
    "channels-2e40-of-one": dict(sizes=(2**40,), strides=(0,), parameters=channels(
        as_scales=lambda parts: parts.doubles([1.0], sizes=[2**40], strides=[0]))),
}

# ----------------------------------------------------------------------------------------------------------------- nested


def nested(parts, sizes=(2, 1), strides=(1, 1), offsets=(0, 2), buffer=3, as_sizes=None):
    rows = lambda values: parts.longs(list(values), [len(values), 1])
    return call("torch._utils", "_rebuild_nested_tensor", parts.floats([buffer]), as_sizes(parts) if as_sizes else rows(sizes),
                rows(strides), parts.longs(list(offsets)))


nested_tensors = {
    "good": {}, "offset-beyond": dict(offsets=(0, 3)), "offset-negative": dict(offsets=(0, -1)), "offset-2e63": dict(offsets=(0, 2**63 - 1)),
    "size-beyond": dict(sizes=(2, 9)), "size-negative": dict(sizes=(2, -1)), "size-2e62": dict(sizes=(2, 2**62)),
    "stride-overflows": dict(sizes=(2, 2), strides=(1, 2**62)), "stride-negative": dict(strides=(-1, 1)),
    "offsets-fewer": dict(offsets=(0,)), "offsets-more": dict(offsets=(0, 1, 2)), "strides-fewer": dict(strides=(1,)),
    "overlap": dict(offsets=(0, 0)), "buffer-empty": dict(buffer=0),
    "sizes-2e40-of-one": dict(as_sizes=lambda parts: parts.longs([1], [2**40, 1], [0, 1])),
    "sizes-of-floats": dict(as_sizes=lambda parts: parts.floats([2, 1])),
}

# ---------------------------------------------------------------------------------------------------- marks, attributes


def marked(parts, mark, value=b"\x88", kind="FloatStorage"):
    stored = parts.keep(bytes(24), kind, 24 // {"FloatStorage": 4, "LongStorage": 8, "ComplexFloatStorage": 8, "BoolStorage": 1}[kind])
    return call("torch._utils", "_rebuild_tensor_v2", stored, number(0), numbers([3]), numbers([1]), b"\x89", HOOKS, dict_of([(mark, value)]))


def parameter(parts, state):
    return call("torch._utils", "_rebuild_parameter_with_state", parts.floats([3]), b"\x88", HOOKS, state)


def in_itself(parts):
    """A parameter that is its own attribute."""
    inner = b"}" + put(90)
    return parameter(parts, inner) + put(91) + get(90) + text("self") + get(91) + b"s0"


laughs = b"(](" + text("ha") + b"e" + b"".join(put(i) + b"](" + get(i) * 2 + b"e" for i in range(60)) + b"t"
others = {
    "conj-of-reals": lambda: file(marked, "conj"), "conj-of-ints": lambda: file(marked, "conj", kind="LongStorage"),
    "conj-good": lambda: file(marked, "conj", kind="ComplexFloatStorage"), "neg-of-reals": lambda: file(marked, "neg"),
    "neg-of-bools": lambda: file(marked, "neg", kind="BoolStorage"), "mark-unknown": lambda: file(marked, "evil"),
    "mark-no-bool": lambda: file(marked, "conj", text("yes")),
    "state-laughs": lambda: file(parameter, dict_of([("note", laughs)])),
    "state-deep": lambda: file(parameter, dict_of([("note", b"]" * 100_000 + b"a" * 99_999)])),
    "state-of-itself": lambda: file(in_itself),
    "state-unsafe": lambda: file(parameter, dict_of([("note", call("os", "system", text("touch owned")))])),
    "state-text": lambda: file(parameter, text("state")),
    "state-of-20000-keys": lambda: file(parameter, dict_of([(f"k{i}", b"N") for i in range(20_000)])),
    "subclass-unsafe": lambda: file(lambda parts: call("torch._tensor", "_rebuild_from_type_v2", name("torch._utils", "_rebuild_tensor_v2"),
                                                       name("evil", "Tensor"), tuple_of(storage_of(parts), number(0), numbers([3]), numbers([1]), b"\x89", HOOKS), b"}")),
    "subclass-calls": lambda: file(lambda parts: call("torch._tensor", "_rebuild_from_type_v2", name("os", "system"),
                                                      name("torch", "Tensor"), tuple_of(text("touch owned")), b"}")),
}


def storage_of(parts):
    return parts.keep(bytes(12), "FloatStorage", 3)


# ------------------------------------------------------------------------------------------------------------------ NumPy


def encoded(data):
    return call("_codecs", "encode", text(data.decode("latin1")), text("latin1"))


def dtype(code="f4", state=None):
    state = state or tuple_of(number(3), text("<"), b"NNN", number(-1), number(-1), number(0))
    return call("numpy", "dtype", text(code), b"\x89", b"\x88") + state + b"b"


def array(shape=(3,), code="f4", data=bytes(12), as_data=None, dtype_state=None, as_state=None):
    state = as_state or tuple_of(number(1), numbers(shape), dtype(code, dtype_state), b"\x89", as_data or encoded(data))
    made = call("numpy._core.multiarray", "_reconstruct", name("numpy", "ndarray"), numbers([0]), encoded(b"b"))
    return checkpoint(pickled(dict_of([("weight", made + state + b"b")])))


arrays = {
    "good": array, "shape-overflows": lambda: array([2**40, 2**40]), "shape-overflows-to-0": lambda: array([2**32, 2**32], data=b""),
    "shape-negative": lambda: array([-3]), "shape-2e62-of-0": lambda: array([0, 2**62, 2**62], data=b""), "dims-5000": lambda: array([1] * 5000, data=bytes(4)),
    "fewer-bytes": lambda: array([4]), "more-bytes": lambda: array([2]), "of-objects": lambda: array([1], "O8", as_data=b"](Ne"),
    "objects-unsafe": lambda: array([1], "O8", as_data=b"](" + call("os", "system", text("touch owned")) + b"e"),
    "objects-as-bytes": lambda: array([1], "O8", bytes(8)), "dtype-unknown": lambda: array([3], "V99999999999"),
    "dtype-state-unsafe": lambda: array(dtype_state=call("os", "system", text("touch owned"))),
    "state-short": lambda: array(as_state=tuple_of(number(1))), "state-number": lambda: array(as_state=number(1)),
    "text-4gib": lambda: array([1], "U1073741823", bytes(12)),
}

for label, make in compressed.items():
    exhibits[f"tensor-{label}.pth"] = make
for prefix, of_kind, make in [("quantised", quantised_tensors, quantised), ("nested", nested_tensors, nested)]:
    for label, options in of_kind.items():
        exhibits[f"tensor-{prefix}-{label}.pth"] = lambda make=make, options=options: file(make, **options)
for label, make in others.items():
    exhibits[f"tensor-{label}.pth"] = make
for label, make in arrays.items():
    exhibits[f"numpy-{label}.pth"] = make
