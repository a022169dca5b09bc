#!/usr/bin/env python3
"""Writes random.json: what PyTorch 2.15 draws from given seeds, as digests. Run it with that PyTorch, on x86 with AVX2.

Each case is a seed and a list of steps [kind, count, a, b, digest of the numbers, digest of the generator's state after].
A digest is FNV-1a (64 bits) over the raw little-endian bytes.
"""
import json
import math
import pathlib

import torch
from torch import nn

COUNTS = [1, 3, 7, 15, 16, 17, 24, 31, 32, 33, 176, 1000, 100003]
DTYPES = {"float": torch.float32, "double": torch.float64}


def digest(tensor):
    value = 0xCBF29CE484222325
    for byte in tensor.detach().contiguous().numpy().tobytes():
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def draw(kind, count, a, b):
    name, _, dtype = kind.partition("_")
    if name == "normal":
        return torch.empty(count, dtype=DTYPES[dtype]).normal_(a, b)
    if name == "uniform":
        return torch.empty(count, dtype=DTYPES[dtype]).uniform_(a, b)
    if name == "bernoulli":
        return torch.empty(count, dtype=torch.bool).bernoulli_(a)
    if name == "randint":
        return torch.randint(a, b, (count,))
    if name == "randperm":
        return torch.randperm(count)
    assert name == "int64", kind
    return torch.empty((), dtype=torch.int64).random_()


def step(kind, count, a, b, numbers=None):
    numbers = draw(kind, count, a, b) if numbers is None else numbers
    return [kind, count, a, b, digest(numbers), digest(torch.get_rng_state())]


def case(seed, steps):
    torch.manual_seed(seed)
    return {"seed": seed, "steps": [step(*each) for each in steps]}


def module_steps(module):
    """The draws that a layer's constructor makes, in order, with the weights that came of them."""
    if isinstance(module, nn.Embedding):
        return [["normal_float", module.weight.numel(), 0.0, 1.0, module.weight]]
    bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + math.sqrt(5) ** 2)) / math.sqrt(module.in_features))
    bias_bound = 1 / math.sqrt(module.in_features)
    return [
        ["uniform_float", module.weight.numel(), -bound, bound, module.weight],
        ["uniform_float", module.bias.numel(), -bias_bound, bias_bound, module.bias],
    ]


def model_case(seed, *constructors):
    """Layers made one after another. The state is known after each whole layer: it stands with its last draw."""
    torch.manual_seed(seed)
    steps = []
    for construct in constructors:
        for kind, count, a, b, numbers in module_steps(construct()):
            steps.append([kind, count, a, b, digest(numbers), None])
        steps[-1][-1] = digest(torch.get_rng_state())
    return {"seed": seed, "steps": steps}


def mixed(count):
    return [
        ("normal_float", count, 0.0, 1.0),
        ("uniform_float", count, -0.375, 1.1),
        ("normal_double", count, 0.1, 0.7),
        ("uniform_double", count, 0.25, 3.3),
        ("normal_float", count, 0.1, 0.7),
        ("normal_float", 5, -2.0, 0.3),
        ("bernoulli", count, 0.9, 0),
        ("randint", count, -3, 1000),
        ("randint", count, -(2**40), 2**50),
        ("randint", count, 0, 2**28),
        ("randperm", count, 0, 0),
        ("int64", 1, 0, 0),
        ("normal_double", 3, 0.0, 1.0),
        ("uniform_float", count, 0.0, 1.0),
    ]


def main():
    cases = [case(seed, mixed(count)) for count, seed in zip(COUNTS, [0, 1, 42, 2**32 - 1, 2**32 + 5, 2**63 + 7] * 3)]
    cases += [case(seed, [("normal_float", 176, 0.0, 1.0)]) for seed in range(20)]
    # Ranges without a number between their ends: what rounds up to the end becomes the beginning.
    cases.append(case(3, [("uniform_float", 50, 1.0, 1 + 2.0**-23), ("uniform_double", 50, 1.0, 1 + 2.0**-52)]))
    for seed in (0, 1, 1973):
        cases.append(model_case(seed, lambda: nn.Embedding(2, 8), lambda: nn.Embedding(22, 8), lambda: nn.Linear(20, 64),
                                lambda: nn.Linear(64, 32), lambda: nn.Linear(32, 1)))
        cases.append(model_case(seed, lambda: nn.Embedding(3, 3), lambda: nn.Embedding(2, 3), lambda: nn.Linear(7, 5)))
    text = ",\n".join(json.dumps(each) for each in cases)
    head = json.dumps({"torch": torch.__version__.split("+")[0]})[1:-1]
    pathlib.Path(__file__).with_name("random.json").write_text(f"{{{head}, \"cases\": [\n{text}\n]}}\n")


if __name__ == "__main__":
    main()
