"""Writes tensor_dtypes.json: what PyTorch promotes each pair of dtypes to, and how it rounds to small floats.

Run with the newest PyTorch that okibi follows (2.15):  python make_dtype_golden.py
"""
import json
import pathlib

import torch

NAMES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64", "complex32", "complex64", "complex128", "float8_e5m2",
]
SMALL = ["float16", "bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e5m2fnuz", "float8_e4m3fnuz", "float8_e8m0fnu"]


def promoted(a, b):
    try:
        return str(torch.promote_types(getattr(torch, a), getattr(torch, b))).removeprefix("torch.")
    except RuntimeError:
        return None


def float_bits():
    """Bits of float32: mantissas at and beside the ties of all small formats, for exponents at their ends."""
    mantissas = {0, 1, 0x7FFFFF, 0x555555}
    for last in (22, 21, 20, 15, 12):  # the bit that is the first to go
        for kept in (0, 1):
            mantissas |= {(kept << (last + 1) | 1 << last) + d & 0x7FFFFF for d in (-1, 0, 1)}
    near_ends = [0, 1, 2, 254, *range(97, 130), *range(134, 146)]
    for exponent in near_ends:
        yield from (exponent << 23 | mantissa for mantissa in mantissas)
    yield 0x7F800000


def rounded(name, bits):
    dtype = getattr(torch, name)
    numbers = torch.tensor(bits, dtype=torch.int64).to(torch.int32).view(torch.float32).to(dtype)
    integer = torch.int16 if dtype.itemsize == 2 else torch.uint8
    return [number & 0xFFFF for number in numbers.view(integer).tolist()]


def values(name):
    """The float32 bits of every value of an 8-bit float; NaN as null."""
    numbers = torch.arange(256, dtype=torch.uint8).view(getattr(torch, name)).to(torch.float32)
    return [None if number != number else str(number) for number in numbers.tolist()]


bits = sorted(set(float_bits()))
golden = {
    "torch": torch.__version__,
    "promote": {a: {b: promoted(a, b) for b in NAMES} for a in NAMES},
    "bits": bits,
    "rounded": {name: rounded(name, bits) for name in SMALL},
    "values": {name: values(name) for name in SMALL if getattr(torch, name).itemsize == 1},
}
path = pathlib.Path(__file__).with_name("tensor_dtypes.json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
