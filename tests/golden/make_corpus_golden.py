"""Makes a corpus of files that PyTorch 2.15 wrote, for the rule that okibi's save(load(f)) is f byte for byte.

    python3 tests/golden/make_corpus_golden.py             the committed selection: tests/golden/corpus
    python3 tests/golden/make_corpus_golden.py FOLDER      everything, hundreds of files

and then, for any folder:

    OKIBI_CORPUS=FOLDER build/dev/checkpoint_tests --gtest_filter='Corpus*'
"""

import argparse
import collections
import datetime
import decimal
import enum
import fractions
import inspect
import pathlib
import random
import sys
import types
import uuid
import warnings

import numpy
import torch
from torch import nn

warnings.simplefilter("ignore")
FILES = {}


def file(name, committed=False):
    """Registers a function that makes one object to be saved."""
    def register(make):
        FILES[name] = (make, committed)
        return make
    return register


# ----------------------------------------------------------------------------------------- optimizers and schedulers

def parameters():
    torch.manual_seed(0)
    return [nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(4)), nn.Parameter(torch.randn(1))]


def stepped(cls, **options):
    weights = parameters()
    if cls.__name__ == "Muon":
        weights = weights[:1]
    optimizer = cls(weights, **options)

    def closure():
        optimizer.zero_grad()
        loss = sum((w ** 2).sum() for w in weights)
        loss.backward()
        if cls is torch.optim.SparseAdam:
            for w in weights:
                w.grad = w.grad.to_sparse()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    return optimizer


OPTIMIZERS = {name: cls for name, cls in vars(torch.optim).items()
              if inspect.isclass(cls) and issubclass(cls, torch.optim.Optimizer) and cls is not torch.optim.Optimizer}
for name, cls in OPTIMIZERS.items():
    file(f"optim_{name}", name in ("Adam", "SGD", "LBFGS", "Adafactor"))(lambda cls=cls: stepped(cls, lr=0.01).state_dict())
    file(f"optim_{name}_resume")(
        lambda cls=cls: {"epoch": 3, "optimizer": stepped(cls, lr=0.01).state_dict(), "loss": 0.25})

for name, options in {"SGD": dict(momentum=0.9, nesterov=True), "Adam": dict(amsgrad=True), "AdamW": dict(maximize=True),
                      "RMSprop": dict(momentum=0.5, centered=True)}.items():
    file(f"optim_{name}_options")(lambda name=name, options=options: stepped(OPTIMIZERS[name], lr=0.01, **options).state_dict())


@file("optim_named")
def _():
    return torch.optim.Adam(nn.Linear(2, 3).named_parameters()).state_dict()


SCHEDULERS = {
    "StepLR": dict(step_size=2), "MultiStepLR": dict(milestones=[1, 3, 3]), "ExponentialLR": dict(gamma=0.9),
    "CosineAnnealingLR": dict(T_max=5), "LambdaLR": dict(lr_lambda=[lambda e: 1.0]), "ConstantLR": {}, "LinearLR": {},
    "PolynomialLR": {}, "CyclicLR": dict(base_lr=0.01, max_lr=0.1), "OneCycleLR": dict(max_lr=0.1, total_steps=10),
    "CosineAnnealingWarmRestarts": dict(T_0=3), "ReduceLROnPlateau": {}, "MultiplicativeLR": dict(lr_lambda=[lambda e: 1.0]),
}
for name, options in SCHEDULERS.items():
    def scheduler(name=name, options=options):
        made = getattr(torch.optim.lr_scheduler, name)(torch.optim.SGD(parameters(), lr=0.1, momentum=0.9), **options)
        made.optimizer.step()
        made.step(*([0.5] if name == "ReduceLROnPlateau" else []))
        return made.state_dict()
    file(f"scheduler_{name}", name in ("MultiStepLR", "ReduceLROnPlateau"))(scheduler)


@file("scheduler_Sequential", True)
def _():
    optimizer = torch.optim.SGD(parameters(), lr=0.1)
    parts = [torch.optim.lr_scheduler.LinearLR(optimizer), torch.optim.lr_scheduler.StepLR(optimizer, 2)]
    return torch.optim.lr_scheduler.SequentialLR(optimizer, parts, milestones=[2]).state_dict()


# ------------------------------------------------------------------------------------------------------------- layers

LAYERS = {
    "Linear": lambda: nn.Linear(3, 2), "LinearNoBias": lambda: nn.Linear(3, 2, bias=False),
    "Bilinear": lambda: nn.Bilinear(2, 3, 2), "Conv1d": lambda: nn.Conv1d(2, 3, 2),
    "Conv2d": lambda: nn.Conv2d(2, 3, 2, padding="same"), "Conv3d": lambda: nn.Conv3d(1, 1, 2),
    "ConvTranspose2d": lambda: nn.ConvTranspose2d(2, 3, 2), "BatchNorm1d": lambda: nn.BatchNorm1d(3),
    "BatchNorm2d": lambda: nn.BatchNorm2d(3, affine=False), "BatchNormUntracked": lambda: nn.BatchNorm1d(3, track_running_stats=False),
    "InstanceNorm": lambda: nn.InstanceNorm1d(3, affine=True), "LayerNorm": lambda: nn.LayerNorm((2, 3)),
    "GroupNorm": lambda: nn.GroupNorm(2, 4), "RMSNorm": lambda: nn.RMSNorm(3), "Embedding": lambda: nn.Embedding(5, 2, padding_idx=0),
    "EmbeddingBag": lambda: nn.EmbeddingBag(5, 2, mode="max"), "LSTM": lambda: nn.LSTM(2, 3, 2, bidirectional=True),
    "GRU": lambda: nn.GRU(2, 3), "RNN": lambda: nn.RNN(2, 3), "LSTMCell": lambda: nn.LSTMCell(2, 3),
    "GRUCell": lambda: nn.GRUCell(2, 3), "MultiheadAttention": lambda: nn.MultiheadAttention(4, 2),
    "MultiheadAttentionKV": lambda: nn.MultiheadAttention(4, 2, kdim=3, vdim=5, add_bias_kv=True),
    "TransformerEncoderLayer": lambda: nn.TransformerEncoderLayer(4, 2, 8), "Transformer": lambda: nn.Transformer(4, 2, 1, 1, 8),
    "PReLU": lambda: nn.PReLU(3), "ReLU": nn.ReLU, "GELU": nn.GELU, "Softmax": lambda: nn.Softmax(1), "Dropout": nn.Dropout,
    "MaxPool2d": lambda: nn.MaxPool2d(2), "AvgPool2d": lambda: nn.AvgPool2d(2), "AdaptiveAvgPool2d": lambda: nn.AdaptiveAvgPool2d(1),
    "Flatten": nn.Flatten, "Unflatten": lambda: nn.Unflatten(1, (2, 3)), "Upsample": lambda: nn.Upsample(scale_factor=2),
    "ZeroPad2d": lambda: nn.ZeroPad2d(1), "PixelShuffle": lambda: nn.PixelShuffle(2), "Identity": nn.Identity,
    "CrossEntropyLoss": lambda: nn.CrossEntropyLoss(torch.ones(3)), "Hardtanh": nn.Hardtanh, "Softplus": nn.Softplus,
    "ParameterList": lambda: nn.ParameterList([torch.ones(2), torch.zeros(3)]),
    "ParameterDict": lambda: nn.ParameterDict({"a": torch.ones(2)}), "ModuleDict": lambda: nn.ModuleDict({"x": nn.ReLU()}),
    "Sequential": lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)),
    "SpectralNorm": lambda: torch.nn.utils.spectral_norm(nn.Linear(3, 2)),
    "WeightNorm": lambda: torch.nn.utils.weight_norm(nn.Linear(3, 2)),
    "LazyLinear": lambda: nn.LazyLinear(3), "AdaptiveLogSoftmax": lambda: nn.AdaptiveLogSoftmaxWithLoss(4, 6, [2, 4]),
}
for name, make in LAYERS.items():
    chosen = name in ("MultiheadAttention", "LSTM", "Sequential", "BatchNorm1d")

    def seeded(make=make):
        torch.manual_seed(1)
        return make()
    file(f"layer_{name}_module", chosen)(seeded)
    file(f"layer_{name}_state", name == "LSTM")(lambda make=seeded: make().state_dict())
    file(f"layer_{name}_parameters", name == "BatchNorm1d")(lambda make=seeded: dict(make().named_parameters()))


@file("tied_model", True)
def _():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3), nn.BatchNorm1d(3))
    model[1].weight = model[0].weight
    model.half()
    return {"model": model, "state": model.state_dict(), "list": list(model.parameters())}


@file("quantised_module")
def _():
    torch.backends.quantized.engine = "fbgemm" if "fbgemm" in torch.backends.quantized.supported_engines else "qnnpack"
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 2)), {nn.Linear}).state_dict()


# ------------------------------------------------------------------------------------------------------------ tensors

@file("sparse", True)
def _():
    dense = torch.tensor([[0, 1., 0, 2], [3, 0, 0, 0], [0, 0, 4, 0], [0, 0, 0, 5]])
    coo = dense.to_sparse()
    return {"coo": coo, "uncoalesced": torch.sparse_coo_tensor([[0, 0], [1, 1]], [1., 2.], (2, 2)), "again": coo,
            "csr": dense.to_sparse_csr(), "csc": dense.to_sparse_csc(), "bsr": dense.to_sparse_bsr((2, 2)),
            "bsc": dense.to_sparse_bsc((2, 2)), "batch": torch.stack([dense, dense]).to_sparse_csr(), "layout": torch.sparse_csr,
            "int32": torch.sparse_csr_tensor(torch.tensor([0, 1, 2], dtype=torch.int32), torch.tensor([0, 1], dtype=torch.int32),
                                             torch.tensor([1., 2.]), (2, 2)),
            "hybrid": torch.ones(3, 2, 2).to_sparse(1), "empty": torch.zeros(2, 3).to_sparse_csr()}


@file("quantised", True)
def _():
    values = torch.tensor([[-1., 0, 1], [2, 3, 4]])
    return [torch.quantize_per_tensor(values, 0.1, 10, torch.quint8), torch.quantize_per_tensor(values, 0.5, 0, torch.qint8),
            torch.quantize_per_tensor(values, 0.25, 0, torch.qint32), torch.quantize_per_tensor(values, 0.1, 10, torch.quint8).t(),
            torch.quantize_per_channel(values, torch.tensor([0.1, 0.2]), torch.tensor([3, 4]), 0, torch.quint8),
            torch.quantize_per_channel(values, torch.tensor([0.1, 0.2, 0.5]), torch.tensor([3, 4, 0]), 1, torch.qint8)]


@file("packed", True)
def _():
    """Of these dtypes a byte holds several elements, and the last byte need not be full."""
    values = torch.arange(15.).view(3, 5)
    scales, zero_points = torch.tensor([0.5, 1, 2]), torch.tensor([0., 1, 2])
    made = {}
    for dtype in (torch.quint4x2, torch.quint2x4):
        empty = torch._empty_affine_quantized([3, 5], scale=0.5, zero_point=1, dtype=dtype)
        empty.untyped_storage().copy_(torch.arange(empty.untyped_storage().nbytes(), dtype=torch.uint8).untyped_storage())
        made[str(dtype)] = [torch.quantize_per_channel(values, scales, zero_points, 0, dtype), empty]
    return made


@file("nested", True)
def _():
    return {"strided": torch.nested.nested_tensor([torch.arange(6.).view(2, 3), torch.ones(1, 3)]),
            "one": torch.nested.nested_tensor([torch.ones(2, 2), torch.zeros(2, 2)]),
            "jagged": torch.nested.nested_tensor([torch.ones(2, 3), torch.ones(1, 3)], layout=torch.jagged)}


@file("lazy", True)
def _():
    z = torch.complex(torch.arange(4.), torch.ones(4)).view(2, 2)
    w = torch.complex(torch.arange(4.), torch.ones(4))
    v = torch.complex(torch.arange(4.), torch.ones(4))
    return {"conj": z.conj(), "adjoint": z.conj().t(), "neg": w.conj().imag, "z": z,
            "both": torch._neg_view(v.conj())}


class Wrapper(torch.Tensor):
    pass


@file("classes", True)
def _():
    weight, plain = nn.Parameter(torch.ones(2, 2)), torch.arange(3.)
    weight.note = ["kept", {"deep": (1, 2)}]
    plain.requires_grad_()
    plain.tag = "x"
    return {"parameter": nn.Parameter(torch.zeros(3), requires_grad=False), "attributes": weight, "again": weight, "tensor": plain,
            "buffer": nn.Buffer(torch.ones(1)), "subclass": torch.ones(2).as_subclass(Wrapper), "integers": nn.Parameter(
                torch.arange(3), requires_grad=False), "meta": nn.Parameter(torch.empty(2, device="meta")),
            "sparse": nn.Parameter(torch.eye(2).to_sparse()), "views": [weight[0], weight.data.t()]}


@file("dtypes", True)
def _():
    names = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex32", "complex64", "complex128",
             "bool", "bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e5m2fnuz", "float8_e4m3fnuz", "float8_e8m0fnu", "uint16",
             "uint32", "uint64"]
    tensors = {name: torch.ones(3).to(getattr(torch, name)) for name in names}
    return tensors | {"dtype": [getattr(torch, name) for name in names], "shared": [tensors["uint16"], tensors["uint16"][1:]]}


@file("storages", True)
def _():
    base = torch.arange(10, dtype=torch.uint8)
    return [base, base.untyped_storage(), torch.arange(4.).untyped_storage(), torch.FloatStorage([1, 2]), base[::2], base.view(5, 2).t()]


@file("views", True)
def _():
    base = torch.arange(24.)
    empty = torch.empty(0, 3)
    return {"base": base, "cut": base[3:9:2], "matrix": base.view(4, 6).t(), "expanded": base[:1].expand(5, 7),
            "scalar": base[5], "empty": empty, "zero": torch.zeros(2, 0, 3), "many": torch.zeros([1] * 20), "same": base}


# ------------------------------------------------------------------------------------------------------------- Python

class Colour(enum.Enum):
    RED = 1


@file("python", True)
def _():
    words = ["cpu", "storage", "a" * 300, "", "0", "日本", "\ud800", "e\u0301", "\U0001f525"]
    ordered = collections.OrderedDict(a=1)
    ordered.note = "attribute"
    shared = "-".join(["put", "together"])
    return {"words": words, "again": words[::-1], "shared": [shared, shared, "-".join(["put", "together"])], "cpu": "cpu",
            "other cpu": "".join(["c", "pu"]), "tensor": torch.zeros(1), "device": [torch.device("cuda:1"), torch.device("cpu")] * 2,
            "ints": [0, 255, 256, 65535, 65536, -1, 2**31, -2**31, 2**31 - 1, 2**63, -2**63, 2**64, 10**40, -10**700, True],
            "floats": [0.1, -0.0, float("inf"), float("-inf"), 1e-320, 1e300], "complex": [1j, 2 - 3j, -0.0 + 0j],
            "nan": float("nan"), "bytes": [b"", b"abc", bytes(range(256)), bytearray(b"x"), bytearray()],
            "sets": [set(), {1, 2}, frozenset(), frozenset({("a", 1)})], "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
            "ordered": ordered, "counter": collections.Counter("banana"), "default": collections.defaultdict(list, a=[1]),
            "size": [torch.Size([2, 3]), torch.Size([])], "none": None, 1: "int", 2.5: "float", (1, "a"): "tuple", None: "none",
            "dtype": torch.float32, "scheme": torch.per_tensor_affine, "layouts": [torch.strided, torch.sparse_coo, torch.strided]}


@file("library", True)
def _():
    return {"datetime": [datetime.datetime(2026, 1, 2, 3, 4, 5), datetime.date(2026, 1, 2), datetime.timedelta(1, 2),
                         datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)], "path": pathlib.PurePosixPath("a/b"),
            "posix": pathlib.PosixPath("/x"), "uuid": uuid.UUID(int=7), "decimal": decimal.Decimal("1.50"),
            "fraction": fractions.Fraction(1, 3), "slice": slice(1, None, 2), "range": range(0, 9, 2),
            "deque": collections.deque([1, 2], maxlen=3), "plain deque": collections.deque("ab"),
            "namespace": argparse.Namespace(lr=0.1, name="x"), "simple": types.SimpleNamespace(a=1)}


@file("numpy", True)
def _():
    shared = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    return {"array": shared, "again": shared, "fortran": numpy.asfortranarray(shared), "swapped": shared.astype(">f4"),
            "scalars": [numpy.float64(0.1), numpy.int32(7), numpy.bool_(True), numpy.complex64(1j), numpy.float16(2), numpy.uint8(3)],
            "text": numpy.array(["a", "bc"]), "objects": numpy.array([1, "x", None], dtype=object), "empty": numpy.zeros((0, 3)),
            "zero_d": numpy.array(5), "dtype": numpy.dtype("int16"), "records": numpy.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
            "state": numpy.random.RandomState(0).get_state()[1][:5], "bool": numpy.array([True, False])}


@file("batches")
def _():
    return {"list": [list(range(n)) for n in (999, 1000, 1001, 2000, 2001)], "tuple": tuple(range(2000)),
            "dict": [{i: None for i in range(n)} for n in (999, 1000, 1001, 2000)],
            "ordered": [collections.OrderedDict((i, 0) for i in range(n)) for n in (1, 999, 1000, 1001, 2000)],
            "sets": [set(range(n)) for n in (1000, 1001)], "strings": [f"key {i}" for i in range(1500)],
            "counter": collections.Counter(range(1200)), "deque": [collections.deque(range(n)) for n in (1, 1000, 1001)]}


@file("deep")
def _():
    deep = 1
    for i in range(200):
        deep = ([deep], (deep,), {"k": deep})[i % 3]
    return deep


@file("cycles", True)
def _():
    loop, table, ordered = [1], {}, collections.OrderedDict()
    loop.append((loop, table))
    table["self"], table["loop"] = table, loop
    ordered["x"] = [ordered]
    return {"loop": loop, "table": table, "ordered": ordered, "tensor": torch.ones(1)}


class Holder:
    def __init__(self, **values):
        self.__dict__.update(values)


@file("objects", True)
def _():
    one = Holder(a=1, tensor=torch.ones(2), name="cpu")
    one.me = one
    return [one, Holder(other=one), Holder(), Colour.RED, Colour, Holder, print, nn.functional.relu]


def random_value(rng, depth, pool):
    kind = rng.randrange(18 if depth > 0 else 10)
    if pool and rng.random() < 0.15:
        return rng.choice(pool)
    leaves = [lambda: None, lambda: rng.random() < 0.5, lambda: rng.randrange(-2**rng.randrange(1, 70), 2**rng.randrange(1, 70)),
              lambda: rng.uniform(-9, 9), lambda: "".join(rng.choice("ab日x") for _ in range(rng.randrange(6))),
              lambda: bytes(rng.randrange(256) for _ in range(rng.randrange(5))), lambda: torch.randn(rng.randrange(4), rng.randrange(3)),
              lambda: rng.choice([torch.float32, torch.int8, torch.uint16]), lambda: complex(rng.random(), 1),
              lambda: rng.choice(["cpu", "storage", "weight"])]
    if kind < 10:
        value = leaves[kind]()
    else:
        items = [random_value(rng, depth - 1, pool) for _ in range(rng.randrange(5))]
        value = [lambda: items, lambda: tuple(items), lambda: dict(enumerate(items)), lambda: collections.OrderedDict(
            (str(i), v) for i, v in enumerate(items)), lambda: {str(rng.random()): v for v in items},
            lambda: collections.defaultdict(dict, {i: v for i, v in enumerate(items)}), lambda: {rng.random() for _ in items},
            lambda: torch.zeros(4)[rng.randrange(3):]][kind - 10]()
    pool.append(value)
    return value


for seed in range(200):
    file(f"random_{seed:03}", seed < 3)(lambda seed=seed: random_value(random.Random(seed), 5, []))


def main():
    whole = len(sys.argv) > 1
    folder = pathlib.Path(sys.argv[1]) if whole else pathlib.Path(__file__).parent / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, committed) in FILES.items():
        if not (whole or committed):
            continue
        torch.manual_seed(0)
        path = folder / f"{name}.pth"
        try:
            torch.save(make(), path)
        except Exception as error:  # what this PyTorch cannot save is no part of the corpus
            path.unlink(missing_ok=True)
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)


main()
