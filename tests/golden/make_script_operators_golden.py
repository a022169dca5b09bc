"""Makes the TorchScript programs of layers and operators that tests/script read, as make_script_golden.py makes those of the language.

    PYTHONHASHSEED=0 python3 tests/golden/make_script_operators_golden.py    # PyTorch 2.15
"""

import math
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import rnn

import script_golden


class Block(nn.Module):
    """Of a ResNet: He et al. 2016."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm, self.relu = nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, groups=2, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.first_norm(self.first(x)))
        y = self.second_norm(self.second(y))
        y += self.short(x)
        return self.relu(y)


class Convolutional(nn.Module):
    """What image classifiers are made of, in small."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 5, 2, 2, bias=False), nn.BatchNorm2d(4), nn.ReLU6(inplace=True),
                                  nn.MaxPool2d(3, 2, 1, ceil_mode=True))
        self.blocks = nn.Sequential(Block(4, 4, 1), Block(4, 6, 2))
        self.pool, self.average = nn.AdaptiveAvgPool2d((1, 1)), nn.AvgPool2d(2, padding=1)
        self.bend, self.head = nn.Hardswish(), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        maps = self.blocks(self.stem(x))
        scores = self.head(self.bend(torch.flatten(self.pool(maps), 1)))
        return torch.softmax(scores, dim=1), scores.argmax(dim=1), self.average(maps).mean([2, 3]).clamp(-1.0, 1.0)


class Making(nn.Module):
    """Tensors that programs make, and what they ask of them."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)

    @torch.jit.export
    def ranges(self, n: int, a: float) -> List[Tensor]:
        return [torch.arange(n), torch.arange(a), torch.arange(2, n), torch.arange(-1.5, a), torch.arange(n, -2, -3),
                torch.arange(0.0, 1.0, 0.1), torch.arange(0, n, dtype=torch.float64), torch.arange(0, a, dtype=torch.int32),
                torch.arange(0, a, 0.7, dtype=torch.int64 if n > 100 else torch.float64), torch.arange(3, 3),
                torch.linspace(0.0, a, 7), torch.linspace(-3, 9, n, dtype=torch.int64), torch.linspace(2, 5, 1), torch.linspace(0, 1, 0),
                torch.logspace(-1.0, 2.0, 4), torch.logspace(0, 4, 5, base=2.0, dtype=torch.float64),
                torch.tril_indices(3, 4, -1), torch.triu_indices(3, 4, 1), torch.eye(3), torch.eye(2, 4, dtype=torch.int64)]

    @torch.jit.export
    def like(self, x: Tensor) -> List[Tensor]:
        return [torch.full_like(x, 3), torch.full_like(x, 2.5, dtype=torch.float64), torch.ones_like(x), torch.empty_like(x).fill_(1),
                x.new_zeros([2, 2]), x.new_ones([3]), x.new_full([2], 7), x.new_full([2], 7, dtype=torch.int64), x.new_empty([0, 3]),
                torch.full([2], 1 << 60), torch.full([2], 0.1), torch.full([], True), torch.full([2], 3, dtype=torch.float64),
                torch.scalar_tensor(3), torch.scalar_tensor(2.5, dtype=torch.float64), torch.empty([0]), torch.zeros([2], dtype=torch.bool)]

    @torch.jit.export
    def lists(self, a: int, b: float) -> List[Tensor]:
        return [torch.tensor([a, 2]), torch.tensor([[b, 1.0], [2.0, 3.0]]), torch.tensor([True, False]), torch.tensor(a), torch.tensor(b),
                torch.tensor([[[a]], [[2]]]), torch.tensor([a, 2], dtype=torch.float64), torch.tensor(b, dtype=torch.int64),
                torch.as_tensor([b, 2.0]), torch.as_tensor(a), torch.as_tensor(torch.ones(2), dtype=torch.int32), torch.tensor(True)]

    @torch.jit.export
    def randoms(self, n: int) -> List[Tensor]:
        torch.manual_seed(n)
        p = torch.rand(3)
        return [p, torch.randn(20), torch.randint(10, [5]), torch.randint(-5, 1 << 40, [5]), torch.randperm(7), torch.rand_like(p),
                torch.randn_like(p, dtype=torch.float64), torch.bernoulli(p), torch.bernoulli(p, 0.3), torch.empty(5).uniform_(-1.0, 1.0),
                torch.empty(5).normal_(2.0, 0.5), torch.empty(5).bernoulli_(0.5), torch.randint_like(p, 3, 9), torch.normal(0.0, 1.0, [3])]

    @torch.jit.export
    def asked(self, x: Tensor) -> Tuple[List[int], List[int], int, int, bool, bool, bool, bool, str, float, bool, complex]:
        y = x.t()
        return (y.stride(), [y.size(0), y.stride(1)], x[1:].storage_offset(), x.element_size(), y.is_contiguous(), x.is_complex(),
                torch.equal(x, x), x.is_same_size(y), x.device.type, x[1].sum().item(),
                bool(x[0, 0] != 0), complex(x[1, 0], 2.0))

    @torch.jit.export
    def moved(self, x: Tensor) -> List[Tensor]:
        y = x.to(device=torch.device("cpu"), dtype=torch.float64)
        return [y, x.to(torch.int64), x.to(y), x.to("cpu"), x.cpu(), x.double(), x.int(), x.type_as(y), x.to(torch.float32, copy=True).add_(1), x,
                x.contiguous(), x.clone(memory_format=torch.contiguous_format), x.data, x.detach(), x.T,
                x.unsqueeze(0).unsqueeze(0).contiguous(memory_format=torch.channels_last)]

    @torch.jit.export
    def changed(self, x: Tensor) -> List[Tensor]:
        y = x.clone()
        y.mul_(2).add_(1.5).abs_().sqrt_().clamp_(0.2, 2.0)
        z = torch.arange(6)
        z.mul_(3).bitwise_and_(5).neg_()
        z &= 7
        w = (x * 3).round_()
        w.div_(2.0, rounding_mode="floor").pow_(2).clamp_(min=1)
        v = torch.zeros(2, 4)
        v.copy_(x[0])
        u = torch.ones(3)
        u.fill_(torch.tensor(4)).sub_(torch.ones(3, dtype=torch.float64)).floor_()
        y.add_(x.double())
        y.dropout_(0.5, False) if False else y
        return [y, z, w, v, u, x.clone().zero_(), x.clone().exp_().reciprocal_(), (x > 0).logical_not_(), torch.ones(2).cumsum_(0)]

    @torch.jit.export
    def statistics(self, x: Tensor) -> List[Tensor]:
        return [x.max(), x.min(), x.prod(), x.prod(1), x.var(), x.std(1), torch.var(x, dim=[0], unbiased=False), x.norm(), x.norm(1.0, [1]),
                torch.logsumexp(x, [1]), x.cumprod(1), torch.atan2(x, x + 1), torch.lerp(x, x + 1, 0.3), torch.addcmul(x, x, x, value=2),
                torch.fmod(x, 0.3), torch.remainder(x, x + 3), torch.div(x, 0.3, rounding_mode="trunc"), x.isnan(), torch.einsum("ij,kj->ik", x, x),
                torch.outer(x[0], x[1]), torch.mv(x, x[0]), x.sign(), x // 0.25]

    @torch.jit.export
    def numbers(self, a: float, n: int, text: str) -> Tuple[List[float], List[int], List[bool], Dict[str, int], List[int], int, bool]:
        reals = [math.sin(a), math.cos(n), math.tan(a), math.asin(a), math.atan(n), math.sinh(a), math.tanh(a), math.expm1(a), math.log1p(n),
                 math.log10(n), math.erf(a), math.gamma(n), math.fabs(a), math.radians(a), math.degrees(a), math.atan2(a, n), math.fmod(n, a),
                 math.copysign(a, -1.0), math.pow(n, 2), math.log(n, 2)]
        found = [text.find("b"), text.find("b", 3), text.find("z"), text.rfind("b"), text.count("b"), text.find("c", -2), math.gcd(n, 12)]
        tests = [math.isnan(a), math.isinf(a), math.isfinite(a), text.isalpha(), text.isdigit(), "12".isdigit(), " ".isspace(), "a1".isalnum()]
        entries = {"x": n, "y": 2, "z": 3}
        entries["w"] = entries.pop("x") + entries.pop("missing", 7) + entries.setdefault("z", 8) + entries.setdefault("v", 9)
        items = [3, n, 1, 2, n]
        items.sort(reverse=True)
        items.remove(3)
        device = torch.device("cpu" if n > 0 else "cuda")
        return reals, found, tests, entries, items, items.index(1) + items.count(n), device.type == "cpu"


class Numbers(nn.Module):
    """Norms, other names of operators, functions of numbers, and reductions."""

    def forward(self, x: Tensor) -> List[Tensor]:
        return [x.norm(2, [1]), F.normalize(x, dim=-1), torch.linalg.norm(x), torch.linalg.norm(x, "fro"), torch.linalg.norm(x, 1),
                torch.linalg.vector_norm(x, 3.0, dim=0, keepdim=True),
                torch.linalg.matrix_norm(x, float("inf")), torch.dist(x, x + 1), torch.renorm(x, 2, 0, 1.0), F.pairwise_distance(x, x + 1),
                F.cosine_similarity(x, x + 1), torch.cdist(x, x + 1),
                torch.pdist(x), torch.trapezoid(x), torch.trapz(x, dim=0), torch.cumulative_trapezoid(x, dim=0), torch.cov(x), torch.corrcoef(x),
                x.trace()]

    @torch.jit.export
    def names(self, x: Tensor) -> List[Tensor]:
        y = x.clone().absolute_().clip_(0.2, 2.0).negative_().multiply_(2.0).subtract_(1.0).divide_(3.0)
        return [y, x.absolute(), x.arctan(), x.arctan2(y), torch.concat([x, y]), torch.concatenate([x, y], 1), x.greater(y), x.less_equal(0.5),
                x.not_equal(y), torch.true_divide(x, y), x.fix(), x.positive(),
                torch.special.expit(x), torch.special.softmax(x, 1), torch.special.log_softmax(x, 0), torch.special.round(x * 10, decimals=1),
                torch.special.xlogy(x, 2.0), torch.special.logsumexp(x, [1]), torch.row_stack([x, y]),
                torch.ger(x[0], y[0]), x.clone().greater_(y), x.sgn(), torch.special.gammaln(x), torch.linalg.matmul(x, y.t()),
                torch.linalg.diagonal(x)]

    @torch.jit.export
    def functions(self, x: Tensor) -> List[Tensor]:
        odd = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1.5])
        mantissa, exponent = torch.frexp(x)
        return [torch.nan_to_num(odd), torch.nan_to_num(odd, 1.0, 2.0, 3.0), torch.isclose(odd, odd, equal_nan=True), torch.signbit(odd),
                torch.logit(x, 0.1), torch.sinc(x), torch.lgamma(x), torch.digamma(x), torch.erfinv(x * 0.3),
                torch.i0(x), torch.special.entr(x.abs()), torch.special.ndtr(x), torch.polygamma(1, x.abs() + 1), torch.mvlgamma(x.abs() + 3, 2),
                torch.deg2rad(x), torch.round(x * 100, decimals=-1), F.hardshrink(x), F.softshrink(x),
                F.softshrink(odd[3:]), F.rrelu(x), torch.hypot(x, x + 1), torch.copysign(x, -1.0), torch.heaviside(x, x[0]), torch.fmax(x, odd[:1]),
                torch.fmin(x, x[0]), torch.logaddexp(x, x + 1), torch.float_power(x, 2), torch.xlogy(x, 3.0),
                torch.ldexp(x, torch.tensor([1, 2, 3, 4])), torch.nextafter(x, x + 1), mantissa, exponent, torch.mul(x, 2).float_power(3.0)]

    @torch.jit.export
    def integers(self, n: Tensor) -> List[Tensor]:
        shifted = n.clone()
        shifted <<= 2
        return [torch.gcd(n, n + 6), torch.lcm(n, n + 6), n << 3, n >> 1, shifted, torch.bitwise_left_shift(n, torch.tensor([64, -1, 3])),
                torch.bitwise_right_shift(n, torch.tensor([64, -1, 1])), torch.bitwise_left_shift(1, n.abs()),
                torch.bitwise_and(6, n), n.any(dim=[0]), torch.all(n > 0, dim=None), torch.isin(n, torch.tensor([2, -5])),
                torch.isin(n, 2, invert=True), n.count_nonzero(), torch.mode(n)[0]]

    @torch.jit.export
    def reductions(self, x: Tensor) -> List[Tensor]:
        holes = torch.tensor([[1.0, float("nan"), 3.0, 2.0], [float("nan"), 5.0, 4.0, 7.0]])
        values, inverse, counts = torch.unique_consecutive(torch.tensor([1, 1, 2, 2, 1]), return_inverse=True, return_counts=True)
        return [holes.nansum(), holes.nansum(dim=1), holes.nanmean(), holes.nanmean(dim=[0]), holes.nanmedian(), holes.nanmedian(1)[0],
                holes.nanquantile(0.4, dim=1), torch.quantile(x, torch.tensor([0.1, 0.5, 0.9]), dim=1, keepdim=True),
                torch.quantile(x, 0.3, interpolation="nearest"), x.cummax(1)[0], x.cummax(0)[1], x.cummin(1)[1], x.logcumsumexp(0),
                torch.histc(x, 4, -1, 1), torch.histc(holes, 3, 0, 4), x.any(dim=[0, 1], keepdim=True), torch.all(x != 0, dim=[]),
                values, inverse, counts, torch.unique(torch.tensor([[2, 1], [2, 1], [0, 3]]), dim=0)]

    @torch.jit.export
    def losses(self, x: Tensor, y: Tensor) -> List[Tensor]:
        logits = F.log_softmax(torch.stack([x, y, x + y], 0), 2)
        return [F.margin_ranking_loss(x, y, torch.sign(y), 0.3), F.hinge_embedding_loss(x, torch.sign(y)), F.soft_margin_loss(x, torch.sign(y)),
                F.poisson_nll_loss(x, y.abs() + 1, full=True), F.multi_margin_loss(x, torch.tensor([1, 0, 2])),
                F.ctc_loss(logits, torch.tensor([[1], [2], [3]]), torch.tensor([3, 2, 3]), torch.tensor([1, 1, 1]))]

    @torch.jit.export
    def truths(self, x: Tensor) -> Tuple[bool, bool]:
        return torch.allclose(x, x + 1e-9), torch.allclose(x, x + 1)


class Drawing(nn.Module):
    """Random numbers of all distributions, from one seed."""

    def forward(self, x: Tensor, p: Tensor, rates: Tensor) -> List[Tensor]:
        torch.manual_seed(7)
        return [x.clone().exponential_(1.5), torch.zeros(5, 3).geometric_(0.3), torch.zeros(5).cauchy_(1.0, 2.0),
                torch.zeros(5, dtype=torch.float64).log_normal_(0.5, 0.7), torch.zeros(17).log_normal_(),
                torch.zeros(4, dtype=torch.int64).random_(), torch.zeros(4).random_(), torch.zeros(4, dtype=torch.int32).random_(),
                torch.zeros(4, dtype=torch.float64).random_(), torch.zeros(6, dtype=torch.int64).random_(5),
                torch.zeros(6).random_(-3, 9), torch.zeros(6, dtype=torch.bool).random_(), torch.normal(x, 0.5), torch.normal(2.0, x.abs()),
                torch.normal(x, x.abs()), torch.normal(torch.ones(20), torch.ones(20) * 2),
                torch.multinomial(p, 1), torch.multinomial(p, 3), torch.multinomial(p, 10, True), torch.multinomial(p[0].double(), 50, True),
                torch.multinomial(p[1], 4), torch.poisson(rates), torch.poisson(rates.double() * 3),
                torch.zeros(3).exponential_()]


class Encoder(nn.Module):
    """Attention as it is computed once a model is trained, padded and not."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, activation="gelu"), 2)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)

    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        y, weights = self.attention(x, x, x)
        assert weights is not None
        return self.encoder(y, src_key_padding_mask=mask), weights


class Interpolating(nn.Module):
    """Pictures made larger and smaller, by every mode."""

    def forward(self, x: Tensor, size: List[int]) -> List[Tensor]:
        made = [F.interpolate(x, size, mode="nearest"), F.interpolate(x, size, mode="nearest-exact"), F.interpolate(x, size, mode="area")]
        made += [F.interpolate(x, size, mode="bilinear", align_corners=False), F.interpolate(x, size, mode="bicubic", align_corners=True)]
        return made + [F.interpolate(x, size, mode="bilinear", antialias=True), F.interpolate(x, size, mode="bicubic", antialias=True)]

    @torch.jit.export
    def scaled(self, x: Tensor, factor: float) -> List[Tensor]:
        made = [F.interpolate(x, scale_factor=factor), F.interpolate(x, scale_factor=factor, mode="bilinear")]
        return made + [F.interpolate(x, scale_factor=[factor, 1.3], mode="bicubic", recompute_scale_factor=True)]

    @torch.jit.export
    def lines_and_boxes(self, line: Tensor, box: Tensor) -> List[Tensor]:
        made = [F.interpolate(line, 7), F.interpolate(line, scale_factor=1.6, mode="linear"), F.interpolate(box, [2, 3, 4])]
        return made + [F.interpolate(box, [2, 3, 4], mode="trilinear"), F.interpolate(box, scale_factor=2.0, mode="nearest-exact")]

    @torch.jit.export
    def roundings(self, x: Tensor) -> Tensor:
        """Which places are taken in float32 for many sizes."""
        made: List[Tensor] = []
        for n in range(1, 40, 3):
            for mode in ["nearest", "nearest-exact"]:
                made.append(F.interpolate(x, n, mode=mode))
        for n in [41, 47, 55, 83]:  # whose middles lie on an edge, but for the last bit
            made.append(F.interpolate(x[:, :, 20:22], n, mode="nearest-exact"))
        return torch.cat(made, 2).to(torch.uint8)


class Transposing(nn.Module):
    """Transposed convolutions, and all that works on boxes."""

    def __init__(self):
        super().__init__()
        self.line, self.flat = nn.ConvTranspose1d(2, 3, 4, 2, 1), nn.ConvTranspose2d(2, 4, 3, 2, 1, 1, groups=2)
        self.deep, self.box = nn.ConvTranspose3d(2, 2, 2, 2, bias=False), nn.Conv3d(2, 3, (1, 3, 3), (1, 2, 2), (0, 1, 1))
        self.same, self.valid = nn.Conv1d(2, 2, 4, padding="same"), nn.Conv2d(2, 2, 2, padding="valid", dilation=2)
        self.largest, self.mean, self.all = nn.MaxPool3d(2, ceil_mode=True), nn.AvgPool3d((1, 2, 2)), nn.AdaptiveAvgPool3d((1, 1, 1))

    def forward(self, line: Tensor, flat: Tensor, box: Tensor) -> List[Tensor]:
        made = [self.line(line), self.flat(flat), self.flat(flat, [7, 6]), self.same(line), self.valid(flat)]
        features = self.box(self.deep(box))
        return made + [features, self.largest(features), self.mean(features), self.all(features)]


class Packed(nn.Module):
    """Sequences of several lengths, and single steps."""

    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(2, 3, 2, bidirectional=True), nn.GRU(2, 3, batch_first=True)
        self.plain, self.steep = nn.RNN(2, 2), nn.RNN(2, 2, nonlinearity="relu", bidirectional=True)
        self.lstm_cell, self.gru_cell, self.cell = nn.LSTMCell(2, 3), nn.GRUCell(2, 3), nn.RNNCell(2, 3)

    def forward(self, x: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        packed = rnn.pack_padded_sequence(x, lengths)
        made, (h, c) = self.lstm(packed)
        padded, found = rnn.pad_packed_sequence(made, batch_first=True, padding_value=-1.0, total_length=5)
        return padded, found, h, c

    @torch.jit.export
    def others(self, x: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        packed = rnn.pack_padded_sequence(x, lengths)
        return self.gru(packed)[1], self.plain(packed)[0].data, self.steep(packed)[1], self.steep(x)[0]

    @torch.jit.export
    def steps(self, x: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        h, c = self.lstm_cell(x[0])
        h, c = self.lstm_cell(x[1], (h, c))
        return c, self.gru_cell(x[0], h), self.cell(x[0], h)


class InPlace(nn.Module):
    """Functions that change their argument, and views of it with it."""

    def __init__(self):
        super().__init__()
        self.bends = nn.Sequential(nn.CELU(0.5, inplace=True), nn.SELU(inplace=True), nn.Mish(inplace=True), nn.Hardsigmoid(inplace=True),
                                   nn.Threshold(0.4, 0.1, inplace=True), nn.ReLU6(inplace=True), nn.GLU(0))

    def forward(self, x: Tensor) -> Tensor:
        return self.bends(x.clone())

    @torch.jit.export
    def functions(self, x: Tensor) -> List[Tensor]:
        made: List[Tensor] = []
        for i in range(7):
            made.append(x.clone())
        made[0].exp_().sqrt_().log_().sin_().neg_().abs_().clamp_(0.1, 0.7).rsqrt_().reciprocal_()
        made[1].round_().pow_(2).add_(0.3).floor_().sub_(1).ceil_()
        made[2][:, 1:].mul_(2.0).clamp_min_(-0.5).clamp_max_(0.5).square_()
        made[3].gt_(0.1).logical_not_()
        made[4].cos_().erf_().log1p_().expm1_().trunc_()
        made[5].logical_and_(x > 0).logical_or_(x < -1).logical_xor_(x < 0)
        made[6].floor_divide_(0.3).remainder_(4.0).pow_(x.abs())
        return made

    @torch.jit.export
    def integers(self, n: Tensor, more: Tensor) -> List[Tensor]:
        mask, whole = n > 2, n.clone()
        mask.logical_not_().bitwise_xor_(n > 3).bitwise_not_()
        whole.floor_divide_(2).bitwise_and_(more).bitwise_or_(more).pow_(2).le_(9).clamp_(0, 1)
        return [mask, whole, more.clone().square_().eq_(n), torch.threshold(n, 2, -1), F.glu(more.to(torch.float64))]

    @torch.jit.export
    def refused(self, n: Tensor, x: Tensor) -> Tensor:
        return n.add_(x)


class Indexing(nn.Module):
    """What picks by tensors, puts numbers in order or in other places, in the forms that programs alone reach."""

    def forward(self, x: Tensor, i: Tensor, mask: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        y = x.clone()
        y[i] = 7.0
        y[mask] = x[mask] * 2
        y[:, i] += 1
        y[i, 0] = x[1, :2]
        y[0, ::2] = y[1, ::2]
        z = x.t().clone().t()
        z[i] = y[i]
        z.index_put_([i, i], torch.ones(2), accumulate=True)
        return y, z, x[i], x[:, i][mask]

    @torch.jit.export
    def scattered(self, x: Tensor, i: Tensor) -> List[Tensor]:
        at = i.unsqueeze(1)
        return [x.clone().scatter_(1, at, x), x.clone().scatter_(1, at, 2.5), x.clone().scatter_add_(0, at, x),
                x.clone().index_add_(0, i, x[:2], alpha=2), x.clone().index_copy_(1, i, x[:, :2] + 1),
                x.clone().index_fill_(0, i, -3.0), x.clone().index_fill_(1, i, torch.tensor(4.0)), x.gather(1, at)]

    @torch.jit.export
    def masked(self, x: Tensor, mask: Tensor) -> Tuple[List[Tensor], List[Tensor]]:
        y = x.clone()
        y.masked_fill_(mask.unsqueeze(1), torch.tensor(9.0))
        z = x.t().clone().masked_scatter_(mask, x)
        return [y, z, torch.where(mask.unsqueeze(1), x, 0.5), x.masked_select(mask.unsqueeze(1)), torch.nonzero(x)], torch.where(x)

    @torch.jit.export
    def arranged(self, x: Tensor, n: int) -> List[Tensor]:
        a, b = torch.meshgrid([x[0, :n], x[1, :2]], indexing="xy")
        c, d = torch.broadcast_tensors(x, x[:, :1])
        return [x.clone().tril_(n), x.clone().triu_(n), torch.tril_indices(3, 4, n), torch.triu_indices(4, n, -1), a, b, c, d,
                x.roll(n, 0), x.flip([0, 1]), torch.hstack([x, x]), x.unbind(1)[0], x.repeat_interleave(n, dim=0), x.tile([n]),
                x.diagonal(1), x.movedim(0, 1), torch.triu_indices(0, 5), torch.tril_indices(5, 2, -9), torch.tril_indices(2, 3, 9)]

    @torch.jit.export
    def ordered(self, x: Tensor, k: int) -> Tuple[List[Tensor], Tuple[Tensor, Tensor, Tensor]]:
        values, places = x.sort(dim=0, descending=True)
        best, where = torch.topk(x, k)
        middle, at = x.median(dim=1)
        counts = torch.bincount((x * 2).abs().long().flatten(), minlength=k)
        found = [values, places, best, where, middle, at, counts, x.argsort(dim=1), torch.bucketize(x, values[:, 0].sort()[0])]
        return found, torch.unique((x * 2).long(), return_inverse=True, return_counts=True)


def runs():
    x, y = torch.linspace(-1, 1, 8).reshape(2, 4), torch.arange(8.0).reshape(2, 4)
    picture, waves = torch.linspace(-2, 5, 120).sin().reshape(2, 3, 5, 4)[:, :2], torch.linspace(-1, 7, 24).cos().reshape(4, 3, 2)
    grid = torch.tensor([[0.7, -1.3, 0.4, 1.9], [-0.2, 2.1, -0.6, 0.3], [1.1, 0.9, -1.7, -0.5]])
    return {
        "making": [("forward", x), ("ranges", 6, 3.3), ("ranges", 4, 2.0), ("like", x), ("like", x.to(torch.int64)), ("lists", 7, 0.1),
                   ("randoms", 5), ("randoms", 12345), ("asked", x + 1), ("asked", y), ("moved", y), ("changed", x), ("statistics", x),
                   ("numbers", 0.3, 4, "abcabcb")],
        "encoder": [("forward", torch.linspace(-1, 1, 24).sin().reshape(2, 3, 4)),
                    ("forward", torch.linspace(-1, 1, 24).sin().reshape(2, 3, 4), torch.tensor([[False, False, True], [False, True, True]])),
                    ("forward", torch.linspace(-1, 1, 24).sin().reshape(2, 3, 4), torch.tensor([[False, False, False], [True, False, False]]))],
        "indexing": [("forward", torch.arange(9.0).reshape(3, 3).t(), torch.tensor([2, -2]), torch.tensor([True, False, True])),
                     ("scattered", y + x, torch.tensor([1, 0])), ("masked", y, torch.tensor([True, False])),
                     ("arranged", y, 2), ("arranged", y, 1), ("ordered", x, 3)],
        "convolutional": [("forward", torch.linspace(-1, 1, 2 * 3 * 17 * 19).sin().reshape(2, 3, 17, 19))],
        "convolutional_traced": [("forward", torch.linspace(-1, 1, 3 * 3 * 16 * 16).cos().reshape(3, 3, 16, 16))],
        "transformer": [("forward", torch.linspace(-1, 1, 24).reshape(3, 2, 4)),
                        ("forward", torch.linspace(-1, 1, 12).reshape(3, 4), torch.tensor([[False, True, True], [False, False, True], [False] * 3]))],
        "interpolating": [("forward", picture, [3, 8]), ("forward", picture[:1, :1], [6, 2]), ("scaled", picture, 1.7), ("scaled", picture, 0.6),
                          ("lines_and_boxes", picture[0], picture[None]), ("roundings", torch.arange(23.0)[None, None])],
        "transposing": [("forward", picture[0, :, 0], picture[:, :, :4, :3], picture[None, :, :, :3, :3])],
        "packed": [("forward", waves, torch.tensor([4, 2, 2])), ("others", waves, torch.tensor([4, 3, 1])), ("steps", waves)],
        "in_place": [("forward", x * 3), ("functions", x * 3), ("integers", torch.tensor([1, 2, 3, 4]), torch.tensor([-1, 3, 2, 2]))],
        "numbers": [("forward", grid), ("names", grid), ("functions", grid), ("integers", torch.tensor([5, -7, 2])), ("reductions", grid),
                    ("losses", grid, grid.flip(1)), ("truths", grid)],
        "drawing": [("forward", torch.linspace(-1, 1, 6).reshape(2, 3), torch.tensor([[0.1, 0.2, 0.3, 0.4], [1, 5, 0.5, 2]]),
                    torch.tensor([0, 0.5, 3, 9, 10, 25, 100, 1000]))],
    }


def main():
    programs = {
        "indexing": lambda: torch.jit.script(Indexing()),
        "convolutional": lambda: torch.jit.script(Convolutional().eval()),
        "convolutional_traced": lambda: torch.jit.trace(Convolutional().eval(), torch.rand(1, 3, 16, 16)),
        "transformer": lambda: torch.jit.script(nn.TransformerEncoderLayer(4, 2, 8).eval()),
        "lstm": lambda: torch.jit.script(nn.LSTM(2, 3)),
        "making": lambda: torch.jit.script(Making().eval()),
        "encoder": lambda: torch.jit.script(Encoder().eval()),
        "interpolating": lambda: torch.jit.script(Interpolating()),
        "transposing": lambda: torch.jit.script(Transposing()),
        "packed": lambda: torch.jit.script(Packed()),
        "in_place": lambda: torch.jit.script(InPlace()),
        "numbers": lambda: torch.jit.script(Numbers().eval()),
        "drawing": lambda: torch.jit.script(Drawing()),
    }
    script_golden.make(programs, runs())


if __name__ == "__main__":
    main()
