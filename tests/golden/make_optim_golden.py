#!/usr/bin/env python3
"""Writes optim_steps.pth: where 200 steps of PyTorch 2.15's optimizers lead, for their options, dense and by sparse rows.
Run it with that PyTorch.

Starts and gradients are small fractions of two, made by arithmetic on integers that tests/optim repeats.
"""
import pathlib

import torch

STEPS, POINTS = 200, (1, 2, 20, 200)
DENSE = [
    ("SGD", {}),
    ("SGD", {"lr": 0.01, "weight_decay": 0.02, "maximize": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.9}),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.02}),
    ("SGD", {"lr": 0.01, "momentum": 0.8, "nesterov": True, "weight_decay": 0.02}),
    ("Adam", {}),
    ("Adam", {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-4}),
    ("Adam", {"lr": 0.02, "betas": (0.4, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.02, "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {"lr": 0.02, "betas": (0.0, 0.0), "weight_decay": 0.3}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.003, "alpha": 0.9, "momentum": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.003, "centered": True, "eps": 1e-2}),
    ("RMSprop", {"lr": 0.003, "alpha": 0.7, "centered": True, "momentum": 0.5, "maximize": True, "eps": 1e-2}),
]
SPARSE = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "maximize": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.5, "maximize": True}),
    ("SparseAdam", {}),
    ("SparseAdam", {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-4, "maximize": True}),
]


def start(count, dtype):
    return torch.tensor([(i * 29 % 41 - 20) / 16 for i in range(count)], dtype=dtype)


def gradient(count, step, dtype):
    return torch.tensor([((i * 37 + step * 101 + i * step % 13 * 17) % 201 - 100) / 64 for i in range(count)], dtype=dtype)


def touched(step):  # rows of six, some several times; in some steps none
    return [] if step % 17 == 5 else [(step * step + 3 * k + k * k * step) % 6 for k in range(4)]


def sparse_gradient(step, dtype):
    rows = touched(step)
    values = gradient(2 * len(rows), step, dtype).reshape(len(rows), 2)
    return torch.sparse_coo_tensor(torch.tensor([rows], dtype=torch.int64).reshape(1, len(rows)), values, (6, 2))


def plain(value):
    return value.flatten().tolist() if torch.is_tensor(value) else value


def case(name, options, sparse, dtype):
    optimizer_class = getattr(torch.optim, name)
    if sparse:
        parameters = [start(12, dtype).reshape(6, 2).requires_grad_()]
        groups = [{"params": parameters, **options}]
    else:
        parameters = [start(6, dtype).reshape(3, 2).requires_grad_(), start(3, dtype).requires_grad_(), start(1, dtype).requires_grad_()]
        groups = [{"params": parameters[:1], **options}, {"params": parameters[1:], **options, "lr": 0.005}]
    optimizer = optimizer_class(groups)
    points = []
    for step in range(1, STEPS + 1):
        for index, parameter in enumerate(parameters):
            parameter.grad = sparse_gradient(step, dtype) if sparse else gradient(parameter.numel(), step + index, dtype).reshape(parameter.shape)
        optimizer.step()
        if step in POINTS:
            points.append([number for parameter in parameters for number in plain(parameter)])
    saved = optimizer.state_dict()
    state = {index: {key: plain(value) for key, value in entry.items()} for index, entry in saved["state"].items()}
    return {"class": name, "options": options, "sparse": sparse, "dtype": dtype, "points": points, "state": state,
            "groups": repr(saved["param_groups"]), "defaults": repr(optimizer_class(parameters).state_dict())}


def main():
    torch.set_num_threads(1)
    cases = [case(name, options, sparse, dtype) for table, sparse in ((DENSE, False), (SPARSE, True))
             for name, options in table for dtype in (torch.float32, torch.float64)]
    folder = pathlib.Path(__file__).parent
    torch.save({"torch": torch.__version__.split("+")[0], "cases": cases}, folder / "optim_steps.pth")


if __name__ == "__main__":
    main()
