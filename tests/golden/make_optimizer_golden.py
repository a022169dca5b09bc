#!/usr/bin/env python3
"""Writes optimizers.json: three steps of PyTorch 2.15's SGD and Adam from given numbers. Run it with that PyTorch.

Numbers are the bits of float32 as unsigned integers, because the state must agree bit for bit.
"""
import json
import pathlib

import torch

COUNT, STEPS = 21, 3
SGD = [
    {"lr": 0.1},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.03, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01},
    {"lr": 0.03, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01, "maximize": True},
]
ADAM = [
    {"lr": 0.003},
    {"lr": 0.01, "betas": (0.3, 0.99), "eps": 1e-6},
    {"lr": 0.003, "weight_decay": 0.05, "maximize": True},
]


def bits(tensor):
    return tensor.detach().contiguous().view(torch.int32).to(torch.int64).bitwise_and(0xFFFFFFFF).tolist()


def case(optimizer_class, options, seed):
    torch.manual_seed(seed)
    start, grads = torch.randn(COUNT), torch.randn(STEPS, COUNT)
    parameter = torch.nn.Parameter(start.clone())
    optimizer = optimizer_class([parameter], **options)
    for grad in grads:
        parameter.grad = grad.clone()
        optimizer.step()
    state = {key: bits(value) for key, value in optimizer.state[parameter].items() if torch.is_tensor(value) and value.dim()}
    return {"options": options, "start": bits(start), "grads": [bits(grad) for grad in grads],
            "parameter": bits(parameter), "state": state}


def main():
    golden = {"torch": torch.__version__.split("+")[0],
              "sgd": [case(torch.optim.SGD, options, seed) for seed, options in enumerate(SGD)],
              "adam": [case(torch.optim.Adam, options, seed) for seed, options in enumerate(ADAM)]}
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    pathlib.Path(__file__).with_name("optimizers.json").write_text(f"{{{lines}}}\n")


if __name__ == "__main__":
    main()
