"""Writes tensor_print.json: tensors, and the text that PyTorch prints for each.

Run with the newest PyTorch that okibi follows (2.15):  python make_print_golden.py

A tensor is told by its dtype, its sizes and a list of numbers that is repeated to fill it (a complex number is two
numbers). JSON knows no NaN or infinity, so these are the words "nan", "inf" and "-inf".
"""
import json
import math
import pathlib

import torch

cases = []


def as_json(number):
    if isinstance(number, float) and not math.isfinite(number):
        return str(number)
    return number


def build(dtype, sizes, numbers):
    count = math.prod(sizes)
    if dtype.is_complex:
        numbers = [complex(re, im) for re, im in zip(numbers[::2], numbers[1::2])]
    filled = [numbers[i % len(numbers)] for i in range(count)]
    return torch.tensor(filled, dtype=torch.float64 if dtype.is_floating_point else None).to(dtype).reshape(sizes)


def case(dtype, sizes, numbers, requires_grad=False, transposed=False):
    tensor = build(dtype, sizes, numbers)
    if transposed:
        tensor = tensor.t()
    tensor.requires_grad_(requires_grad)
    cases.append({
        "dtype": str(dtype).removeprefix("torch."), "sizes": sizes, "numbers": [as_json(n) for n in numbers],
        "requires_grad": requires_grad, "transposed": transposed, "text": str(tensor),
    })


def sparse_case(dtype, sizes, indices, numbers, requires_grad=False):
    index = torch.tensor(indices, dtype=torch.int64).reshape(len(indices), -1)
    values = build(dtype, [index.shape[1], *sizes[len(indices):]], numbers)
    tensor = torch.sparse_coo_tensor(index, values, sizes).requires_grad_(requires_grad)
    cases.append({
        "dtype": str(dtype).removeprefix("torch."), "sizes": sizes, "indices": indices, "numbers": numbers,
        "requires_grad": requires_grad, "text": str(tensor),
    })


nan, inf = math.nan, math.inf
f16, f32, f64, bf16 = torch.float16, torch.float32, torch.float64, torch.bfloat16
i64, i32, u8, boolean = torch.int64, torch.int32, torch.uint8, torch.bool

# The first thing that a newcomer prints.
case(f32, [1, 3], [4, 5.1, 6.3])
case(f32, [2, 3], [1, 2.3, 3, 4, 5.1, 6.3])
case(i64, [4], [3, 12, 7, 5])
case(boolean, [2], [True, False])
case(f32, [], [5.0])
case(f32, [], [0.1])
case(f32, [], [-12345.678])
case(i64, [], [-7])
case(boolean, [], [True])
case(f64, [], [1e300])

# Nothing.
for dtype in (f32, i64, f64, boolean, i32):
    case(dtype, [0], [0])
case(f32, [0, 3], [0])
case(f32, [2, 0, 4], [0])
case(i64, [0, 2], [0])
case(f32, [0, 3], [0], requires_grad=True)

# Whole numbers, fractions, exponents; where each begins.
case(f32, [5], [1, 2, 3, 4, 5])
case(f32, [4], [0, 0, 0, 0])
case(f32, [4], [-0.0, 0.0, -1.0, 1.0])
case(f32, [3], [-0.0, 0.5, -0.00004])
case(f32, [3], [0.0001, 0.05, 0.09])
case(f32, [3], [0.00009, 0.05, 0.06])
case(f32, [3], [1, 1000, 0])
case(f32, [3], [1, 1001, 0])
case(f32, [3], [1.5, 1500, 0])
case(f32, [3], [1.5, 1501.5, 0])
case(f32, [2], [1e8, 1e8])
case(f32, [2], [100000008, 1e8])
case(f64, [3], [123456789.25, 1e9, 1e10])
case(f64, [4], [1e-300, 1e300, -1e-5, 0])
case(f32, [6], [0.00005, 0.00015, 0.00025, 1.00005, 2.00015, 0.12345])
case(f64, [6], [0.5, 1.5, 2.5, 0.125, 0.33335, 0.66665])

# What is no number.
case(f32, [3], [nan, inf, -inf])
case(f32, [4], [1, nan, 2, inf])
case(f32, [4], [1.5, nan, -2.5, -inf])
case(f32, [4], [1e10, nan, 1, -inf])
case(f32, [], [nan])
case(f64, [2, 2], [nan, 0, 0, inf])

# Lines are broken at 80 columns.
case(f32, [20], [i + 0.25 for i in range(20)])
case(f32, [25], list(range(25)))
case(i64, [40], list(range(40)))
case(i64, [3, 30], list(range(90)))
case(f32, [2, 2, 12], [i / 7 for i in range(48)])
case(i64, [2, 3, 2, 2], list(range(-12, 12)))
case(boolean, [3, 20], [True, False, False])
case(f64, [12], [i * 1.1 for i in range(12)])
case(f64, [8], [i * 1.1 for i in range(8)])
case(f64, [7], [i * 1.1 + 0.01 for i in range(7)], requires_grad=True)
case(f32, [9], [i * 1.1 + 0.01 for i in range(9)], requires_grad=True)
case(f32, [1, 1, 1, 1, 1, 1], [2.5])
case(i64, [11], [10**18, -10**18, 5])

# More than a thousand elements are summarised.
case(f32, [1000], [i / 10 for i in range(10)])
case(f32, [1001], [i / 10 for i in range(10)])
case(i64, [1001], list(range(1001)))
case(i64, [40, 40], list(range(1600)))
case(f32, [8, 5, 40], [i / 3 for i in range(77)])
case(f32, [2, 600], [i * 0.5 for i in range(11)])
case(f32, [600, 2], [1e-3, 1, 2])
case(f32, [7, 7, 7, 7], [i - 3 for i in range(11)])
case(f32, [200, 6], [0.1, 0.2, 1e9, 0.4, 0.5, 0.6, 0.7], requires_grad=True)
case(boolean, [30, 40], [True, True, False])
case(f32, [1, 1100], [nan, 1, 2, 3, 4, 5, 1e30])

# Other dtypes.
case(i32, [2, 2], [1, -2, 3, -4])
case(u8, [3], [0, 128, 255])
case(torch.int8, [2], [-128, 127])
case(torch.int16, [2], [-32768, 32767])
case(torch.uint16, [2], [0, 65535])
case(torch.uint32, [2], [1, 4294967295])
case(torch.uint64, [2], [2, 2**63 - 1])
case(f16, [4], [0.1, 65504, 1.5, -2])
case(f16, [3], [1, 2, 3])
case(bf16, [4], [0.1, 3.14159, 1.5, -2])
case(bf16, [3], [1e30, 1, nan])
case(torch.float8_e5m2, [4], [0.1, 1.5, 57344, -2])
case(torch.float8_e4m3fn, [4], [0.1, 1.5, 448, nan])
case(torch.float8_e4m3fnuz, [3], [0.1, 1.5, 240])
case(torch.float8_e8m0fnu, [3], [0.25, 1, 4])

# Complex numbers.
c64, c128 = torch.complex64, torch.complex128
case(c64, [2], [1, 2, -3, -4])
case(c64, [3], [1.5, -0.0, 0, 2, -3.25, 0.0])
case(c64, [], [0.5, -1])
case(c128, [2, 2], [1, 1e10, nan, 2, 3.5, -inf, 0, 0])
case(c64, [10], [i / 4 for i in range(20)])
case(c64, [0], [0, 0])

# Memory that is not in the order of the indices; gradients.
case(i64, [2, 3], list(range(6)), transposed=True)
case(f32, [3, 2], [0.5, 1, 1.5, 2, 2.5, 3], requires_grad=True)
case(f32, [], [1.0], requires_grad=True)
case(f64, [2, 2], [1, 2, 3, 4.5], requires_grad=True)

# Sparse tensors.
sparse_case(f32, [22, 3], [[0, 5, 7]], [0.5, 1, 1.5, 2, -2.5, 3, 0, 0, 1])
sparse_case(f32, [3, 4], [[0, 2], [1, 3]], [1, 2])
sparse_case(f64, [3, 4], [[0, 2], [1, 3]], [1, 2.5])
sparse_case(i64, [5], [[4, 1, 1]], [1, 2, 3])
sparse_case(f32, [5, 2], [[]], [0])
sparse_case(f32, [3], [[1]], [2.5], requires_grad=True)

path = pathlib.Path(__file__).with_name("tensor_print.json")
lines = ",\n".join(json.dumps(c) for c in cases)
path.write_text(f'{{"torch": "{torch.__version__}", "cases": [\n{lines}\n]}}\n')
print(len(cases), "tensors in", path.name)
