"""Makes the TorchScript programs of the language that tests/script read: tests/golden/script/<name>.pt, and <name>.json that
says what PyTorch finds in them: the classes with their attributes, the methods with their schemas, the operators of their graphs.
make_script_operators_golden.py makes those of operators.

    PYTHONHASHSEED=0 python3 tests/golden/make_script_golden.py    # PyTorch 2.15, which keeps constants in sets
"""

import enum
import math
from typing import Any, Dict, Final, List, NamedTuple, Optional, Tuple, Union

import torch
from torch import Tensor, nn

import script_golden


class Point(NamedTuple):
    x: Tensor
    y: int = 3
    name: Optional[str] = None


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


@torch.jit.interface
class Shape:
    def area(self, k: float) -> Tensor:
        pass


@torch.jit.interface
class Layer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


@torch.jit.script
class Square:
    def __init__(self, side: Tensor, label: str = "sq"):
        self.side = side
        self.label: str = label

    def area(self, k: float) -> Tensor:
        return self.side * self.side * k

    def __add__(self, other: int) -> Tensor:
        return self.side + other


@torch.jit.script
class Guard:
    def __init__(self, n: int):
        self.n = n

    def __enter__(self):
        self.n += 1
        return self.n

    def __exit__(self, t: Any, v: Any, tb: Any):
        self.n -= 1


class Inner(nn.Module):
    __constants__ = ["k"]
    scale: Final[float]

    def __init__(self):
        super().__init__()
        self.k = 4
        self.scale = 0.5
        self.lin = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.lin(x)) * self.scale + self.k


class Stateful(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))
        self.count = 0

    @torch.jit.export
    def __getstate__(self):
        return (self.w, self.count, self.training)

    @torch.jit.export
    def __setstate__(self, s: Tuple[Tensor, int, bool]):
        self.w = s[0]
        self.count = s[1]
        self.training = s[2]

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        return x


def area_of(shape: Shape, k: float) -> Tensor:
    return shape.area(k)


def helper(x: Tensor, k: int = 2, flag: bool = True) -> Tensor:
    if flag:
        return x + k
    return x - k


class Torture(nn.Module):
    words: Dict[str, List[int]]

    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.layer: Layer = Inner()
        self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4), nn.Dropout(0.1)])
        self.seq = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), Inner())
        self.by = nn.ModuleDict({"a-b": nn.Linear(4, 4), "c": nn.Identity()})
        self.stateful = Stateful()
        self.words = {"a": [1, 2], "\u00e9t\u00e9": [3]}
        self.register_buffer("steps", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("maybe", None)
        self.colour = Colour.RED
        self.pi = math.pi
        self.names = ["x", "y"]
        self.pair = (1, 2.5, "three")


    def fork_me(self, x: Tensor, n: int) -> Tensor:
        return x * n


    @torch.jit.export
    def strings(self, a: str, n: int) -> str:
        s = f"{a} has {n} and {n * 2}"
        s = s + "é\n\t\"quote\" 'single' \\ back" + "%s %d" % (a, n)
        s = s.upper().replace("A", "b").strip()
        parts = s.split(" ")
        return "-".join(parts)[1:4] + str(n) + "日本語 \x01\x7f"


    @torch.jit.export
    def numbers(self, n: int, f: float) -> Tuple[int, float, complex, bool]:
        c = complex(n, f)
        z = 2.0j
        i = float("inf")
        if n > 3 and f < 2.0 or not (n == 0):
            n = -n // 3
        else:
            n = n * n if n % 2 == 0 else n << 1
        f = f * 1e-5 + i - float("nan") + -3.0 + 1e30
        m = math.floor(f) if f < 5 else int(f)
        return n + (n & 3 | 1 ^ 2) + m, f / 3, c + z, bool(n) and f > 0


    @torch.jit.export
    def loops(self, n: int, xs: List[Tensor]) -> Tensor:
        total = torch.zeros(4)
        i = 0
        while i < n:
            i += 1
            if i == 3:
                continue
            if i > 10:
                break
            for j in range(0, i, 2):
                total = total + j
        for k, x in enumerate(xs):
            total += x * k
        for a, b in zip(xs, xs):
            total = total + a.add(b, alpha=2)
        ys = [x * 2 for x in xs]
        d = {k: k * 2 for k in range(3)}
        if len(ys) > 0:
            total = total + ys[0] + d[1]
        for layer in self.layers:
            total = layer(total)
        return total


    @torch.jit.export
    def containers(self, x: Tensor, o: Optional[Tensor], u: Union[int, str, List[int]]) -> Dict[str, Tensor]:
        d: Dict[str, Tensor] = {}
        d["x"] = x
        if o is not None:
            d["o"] = o
        if isinstance(u, int):
            d["u"] = x + u
        elif isinstance(u, str):
            d[u] = x
        else:
            d["n"] = x + len(u)
        for k, v in self.words.items():
            d[k] = x + v[0]
        e: List[Optional[int]] = [None, 1]
        t = (x, (1, "a"), ())
        a, (b, c), _ = t
        p = Point(x, y=b)
        d["p"] = p.x + p.y
        if "q" not in d:
            del d["p"]
        q: Any = x
        assert isinstance(q, Tensor), "not a tensor"
        empty: List[Tuple[int, str]] = []
        empty.append((1, "z"))
        self.pair
        return d


    @torch.jit.export
    def point(self, x: Tensor) -> Point:
        return Point(x, 3, "n")


    @torch.jit.export
    def enums(self, c: Colour) -> Tuple[str, int, bool]:
        if c == Colour.GREEN:
            return Level.HIGH.value, c.value, True
        return c.name, self.colour.value, c != self.colour


    @torch.jit.export
    def classes(self, x: Tensor) -> Tensor:
        s = Square(x)
        shape: Shape = s
        g = Guard(1)
        with g as n:
            x = x + n
        with torch.no_grad():
            x = x * 2
        s.side = x
        return area_of(shape, 2.0) + (s + 3)


    @torch.jit.export
    def fails(self, n: int) -> int:
        if n < 0:
            raise ValueError("n must not be negative, but is {}".format(n))
        elif n == 0:
            raise RuntimeError("zero")
        return n


    @torch.jit.export
    def parallel(self, x: Tensor) -> Tensor:
        futures: List[torch.jit.Future[Tensor]] = []
        for i in range(3):
            futures.append(torch.jit.fork(self.fork_me, x, i))
        f = torch.jit.fork(helper, x, 3)
        total = torch.jit.wait(f)
        for f in futures:
            total = total + torch.jit.wait(f)
        return total


    @torch.jit.export
    def turned(self, x: Tensor, n: int) -> Tuple[Tensor, Tensor, Tensor]:
        y = (2 - x) * 3 + 1 / (x + 10.5) + n * x
        return y, 3 > x, torch.max(x, y) if n > 100 else 1.5 + x

    @torch.jit.export
    def floored(self, x: Tensor) -> Tensor:
        return x // 2 + x // x + 2 ** x

    @torch.jit.export
    def tensors(self, x: Tensor) -> Tensor:
        y = x[0, 1:, ..., None]
        y = x[:, ::2]
        x[0] = 1.0
        x[1, :2] += 3
        m = x > 0
        z = x[m]
        w = torch.zeros([2, 3], dtype=torch.float16, device=x.device).to(torch.float32)
        if x.dtype == torch.float32 and x.is_cuda or x.dim() != 2:
            w = w @ w.t()
        v, i = x.max(dim=1)
        s, t = x.shape
        print("shape", s, t)
        l: List[List[float]] = x.tolist()
        sums = self.by["a-b"](x).sum() + y.sum() + z.sum() + torch.tensor([1, 2, 3]).sum() + 7 % x.sum()
        return torch.cat([v, w.flatten(), i.float()]) + l[0][0] + x.size(-1) + sums


    def forward(self, x: Tensor, scale: float = 1.0) -> Tensor:
        self.steps += 1
        y = self.seq(self.inner(x)) * scale
        y = self.layer.forward(y) + helper(y, flag=False)
        return self.stateful(y)


def hook_pre(self, input: Tuple[Tensor]) -> Tuple[Tensor]:
    return (input[0] * 2,)


def hook(self, input: Tuple[Tensor], output: Tensor) -> Tensor:
    return output + input[0].sum()


class Hooked(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 4)
        self.register_forward_pre_hook(hook_pre)
        self.register_forward_hook(hook)

    def forward(self, x: Tensor) -> Tensor:
        return self.lin(x)


class Tabular(nn.Module):
    """What okibi train makes: embeddings beside continuous columns, and a small network."""

    def __init__(self):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(3, 2), nn.Embedding(7, 4)])
        self.mlp = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Dropout(0.5), nn.Linear(6, 1))

    def forward(self, categories: Tensor, numbers: Tensor) -> Tensor:
        columns: List[Tensor] = []
        for i, embedding in enumerate(self.embeddings):
            columns.append(embedding(categories[:, i]))
        columns.append(numbers)
        return self.mlp(torch.cat(columns, dim=1)).squeeze(1)


# ------------------------------------------------------------------------------------------------- what PyTorch says


def runs():
    x, y = torch.linspace(-1, 1, 8).reshape(2, 4), torch.arange(8.0).reshape(2, 4)
    pair = torch.tensor([[1, 2], [0, 6]]), torch.tensor([[0.5, -1.0], [2.0, 0.25]])
    return {
        "torture": [
            ("forward", x), ("forward", x, 2.5), ("classes", x), ("containers", x, None, 3), ("containers", x, y, "key"),
            ("containers", x, None, [1, 2]), ("fails", 3), ("loops", 5, [x[0], y[0]]), ("loops", 12, [x[1]]), ("numbers", 7, 2.5),
            ("numbers", 4, 1e6), ("numbers", 0, -1.5), ("parallel", x), ("point", x), ("strings", "Name", -5), ("fork_me", x, 3),
            ("turned", x, 3), ("forward", y)],
        "hooked": [("forward", x)],
        "tabular": [("forward", *pair)],
        "tabular_traced": [("forward", *pair), ("forward", pair[0].repeat(3, 1), pair[1].repeat(3, 1))],
    }


def main():
    programs = {
        "torture": lambda: torch.jit.script(Torture().eval()),
        "hooked": lambda: torch.jit.script(Hooked()),
        "tabular": lambda: torch.jit.script(Tabular().eval()),
        "tabular_traced": lambda: torch.jit.trace(Tabular().eval(), (torch.tensor([[1, 2], [0, 6]]), torch.rand(2, 2))),
    }
    script_golden.make(programs, runs(), {"tabular": {"labels.txt": b"no\nyes\n"}})


if __name__ == "__main__":
    main()
