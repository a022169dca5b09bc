#!/usr/bin/env python3
"""Writes new_layers.pth: what PyTorch 2.15 makes of layers and options that older ones lack, which the comparison with
Debian's PyTorch (tests/interop) therefore leaves out. Run it with that PyTorch."""
import pathlib

import torch
from torch import nn

torch.set_num_threads(1)


def some(*sizes, shift=0.0):
    numbers = torch.arange(torch.Size(sizes).numel(), dtype=torch.float64)
    values = ((numbers * 7 + 3) % 11 - 5) / 3 + shift
    return (values + torch.where(values < 0, -0.2, 0.2)).view(sizes).float()


def case(module, x):
    for index, parameter in enumerate(module.parameters()):
        parameter.data.copy_(some(*parameter.shape, shift=index + 1))
    x = x.requires_grad_()
    out = module(x)
    gradient = some(*out.shape, shift=0.5)
    out.backward(gradient)
    return {
        "repr": repr(module), "attributes": {name: value for name, value in vars(module).items() if name in names(module)},
        "state_dict": dict(module.state_dict()), "class": type(module).__name__, "input": x.detach(),
        "output": out.detach(), "gradient": gradient, "of_input": x.grad,
        "of_parameters": {name: parameter.grad for name, parameter in module.named_parameters()},
    }


def names(module):
    return set(vars(module)) - set(vars(nn.Module()))


def main():
    x = some(4, 6)
    cases = [
        case(nn.RMSNorm(6), x.clone()),
        case(nn.RMSNorm((3, 5), eps=0.01), some(2, 3, 5, shift=9)),
        case(nn.RMSNorm(6, elementwise_affine=False), x.t().contiguous().view(4, 6)),
        case(nn.LayerNorm(6, bias=False), x.clone()),
        case(nn.BatchNorm1d(6, bias=False), x.clone()),
        case(nn.GroupNorm(2, 6, bias=False), some(2, 6, 3)),
    ]
    torch.save(cases, pathlib.Path(__file__).parent / "new_layers.pth")


if __name__ == "__main__":
    main()
