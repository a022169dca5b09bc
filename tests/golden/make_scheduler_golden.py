#!/usr/bin/env python3
"""Writes optim_schedulers.pth: the learning rates of two groups under PyTorch 2.15's schedulers for 200 steps, and their
states on the way; and clipped gradients. Run it with that PyTorch."""
import pathlib
import warnings

import torch
from torch.optim import lr_scheduler as s

STEPS = 200
SCHEDULERS = {
    "StepLR": lambda o: s.StepLR(o, 30, gamma=0.5),
    "MultiStepLR": lambda o: s.MultiStepLR(o, [5, 40, 40, 150], gamma=0.3),
    "ConstantLR": lambda o: s.ConstantLR(o, factor=0.25, total_iters=17),
    "LinearLR": lambda o: s.LinearLR(o, start_factor=0.1, end_factor=0.7, total_iters=33),
    "ExponentialLR": lambda o: s.ExponentialLR(o, 0.98),
    "PolynomialLR": lambda o: s.PolynomialLR(o, total_iters=120, power=1.7),
    "CosineAnnealingLR": lambda o: s.CosineAnnealingLR(o, 60, eta_min=0.001),
    "CosineAnnealingWarmRestarts": lambda o: s.CosineAnnealingWarmRestarts(o, 13, T_mult=2, eta_min=0.001),
    "OneCycleLR": lambda o: s.OneCycleLR(o, [0.3, 0.05], total_steps=200),
    "OneCycleLR three phases": lambda o: s.OneCycleLR(o, 0.3, epochs=20, steps_per_epoch=11, anneal_strategy="linear",
                                                      three_phase=True, pct_start=0.4, div_factor=10.0),
    "LambdaLR": lambda o: s.LambdaLR(o, [lambda epoch: 1 / (1 + epoch), lambda epoch: 0.95**epoch]),
    "MultiplicativeLR": lambda o: s.MultiplicativeLR(o, lambda epoch: 1 - 1 / (epoch + 10)),
    "SequentialLR": lambda o: s.SequentialLR(o, [
        s.LinearLR(o, start_factor=0.1, total_iters=10), s.CosineAnnealingLR(o, 50), s.StepLR(o, 20, gamma=0.5),
        s.ExponentialLR(o, 0.99)], [10, 60, 130]),
    "SequentialLR restarts": lambda o: s.SequentialLR(o, [
        s.ConstantLR(o, factor=0.5, total_iters=4), s.PolynomialLR(o, total_iters=30), s.MultiStepLR(o, [0, 9]),
        s.LinearLR(o, start_factor=0.5), s.CosineAnnealingWarmRestarts(o, 9),
        s.LambdaLR(o, lambda epoch: 1 / (1 + epoch)), s.ConstantLR(o, factor=0.5)], [8, 50, 70, 90, 110, 150]),
    "ChainedScheduler": lambda o: s.ChainedScheduler([
        s.ConstantLR(o, factor=0.1, total_iters=20), s.ExponentialLR(o, 0.99)]),
    "ReduceLROnPlateau": lambda o: s.ReduceLROnPlateau(o, factor=0.5, patience=4, cooldown=3, min_lr=[0.01, 0.001]),
    "ReduceLROnPlateau max": lambda o: s.ReduceLROnPlateau(o, mode="max", threshold=0.05, threshold_mode="abs", patience=2),
}


def metric(step):
    return 1 / (1 + step // 9) + step * 7 % 5 / 50


def kept(step):
    return step <= 12 or step % 10 == 0


def plain(value):  # Python's own kinds alone, which weights_only reads
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def run(make, optimizer):
    scheduler = make(optimizer)
    rates, states = [], []
    for step in range(STEPS + 1):
        if kept(step):
            rates.append([number for group in optimizer.param_groups
                          for number in (group["lr"], group.get("momentum", group.get("betas", (0,))[0]))])
        if step in (0, 57, STEPS):
            states.append(plain(scheduler.state_dict()))
        if step < STEPS:
            scheduler.step(*([metric(step)] if isinstance(scheduler, s.ReduceLROnPlateau) else []))
    return {"rates": rates, "states": states, "groups": repr(optimizer.state_dict()["param_groups"])}


def optimizer(adam=False):
    groups = [{"params": [torch.zeros(2, requires_grad=True)]}, {"params": [torch.zeros(3, requires_grad=True)], "lr": 0.02}]
    return torch.optim.Adam(groups, lr=0.1) if adam else torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def clipped(norm_type, max_norm):
    gradients = [torch.tensor([[3.0, -4.0], [0.0, 1.5]]), torch.tensor([0.25, -0.5, 8.0]), torch.zeros(2)]
    table = torch.zeros(4, 2, requires_grad=True)
    table.grad = torch.sparse_coo_tensor(torch.tensor([[1, 3, 1]]), torch.tensor([[1.0, 1.0], [2.0, -2.0], [1.0, 1.0]]), (4, 2))
    parameters = [torch.zeros_like(gradient).requires_grad_() for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient
    norm = torch.nn.utils.clip_grad_norm_([*parameters, table], max_norm, norm_type)
    return {"norm_type": norm_type, "max_norm": max_norm, "norm": norm.item(),
            "gradients": [number for p in [*parameters, table] for number in p.grad.to_dense().flatten().tolist()]}


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    cases = {name: run(make, optimizer()) for name, make in SCHEDULERS.items()}
    cases["OneCycleLR of Adam"] = run(SCHEDULERS["OneCycleLR"], optimizer(adam=True))
    clips = [clipped(norm_type, max_norm) for norm_type in (2.0, 1.0, 3.0, 0.5, 0.0, float("inf"), float("-inf"))
             for max_norm in (1.0, 100.0)]
    torch.save({"torch": torch.__version__.split("+")[0], "schedulers": cases, "clipped": clips},
               pathlib.Path(__file__).with_name("optim_schedulers.pth"))


if __name__ == "__main__":
    main()
