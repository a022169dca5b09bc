#!/usr/bin/env python3
"""Writes nn.json: what PyTorch 2.15's layers, optimizers and error messages are, and two whole models: nn_model.pt, of
a class of this script, and nn_layers.pt, of PyTorch's classes alone. Run it with that PyTorch."""
import json
import pathlib

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gender = nn.Embedding(2, 8)
        self.job = nn.Embedding(22, 8, padding_idx=-22)
        self.mlp = nn.Sequential(
            nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.1), nn.Sequential(nn.Linear(64, 1, bias=False), nn.Sigmoid())
        )
        self.heads = nn.ModuleDict({"a": nn.Linear(1, 1)})
        self.loss = nn.BCEWithLogitsLoss()
        self.empty = nn.Sequential()


def message(work):
    try:
        work()
    except Exception as error:
        return str(error.args[0])
    raise AssertionError("nothing was raised")


def misfit(model):
    state = model.state_dict()
    del state["mlp.0.bias"], state["job.weight"]
    state["x"] = torch.zeros(1)
    state["mlp.7.weight"] = torch.zeros(1)
    state["gender.weight"] = torch.zeros(3, 8)
    state["gender.bias"] = torch.zeros(1)
    state["mlp.3.0.weight"] = 3
    return state


def trained(make, steps=3):
    parameter = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
    optimizer = make([parameter])
    for _ in range(steps):
        optimizer.zero_grad()
        (parameter * parameter * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
        optimizer.step()
    state = optimizer.state_dict()
    tensors = {name: value.tolist() for name, value in state["state"].get(0, {}).items()}
    return {"parameter": parameter.tolist(), "state": tensors, "groups": repr(state["param_groups"])}


def layers(model):
    tied = nn.Linear(3, 3)
    return nn.Sequential(nn.Embedding(4, 3, padding_idx=1), tied, nn.ReLU(inplace=True), tied, model.heads, nn.MSELoss())


def main():
    torch.manual_seed(0)
    model = Net()
    optimizers = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgd_momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
        "sgd_nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
        "sgd_dampening": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
        "adam": lambda p: torch.optim.Adam(p, lr=0.01),
        "adam_decay": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1, betas=(0.8, 0.99), maximize=True),
    }
    golden = {
        "torch": torch.__version__,
        "weights": {name: value.flatten().tolist() for name, value in model.state_dict().items()},
        "metadata": list(model.state_dict()._metadata),
        "repr": repr(model),
        "embedding_repr": repr(nn.Embedding(4, 2, 1, norm_type=1.0, scale_grad_by_freq=True, sparse=True)),
        "pretrained_print": str(nn.Embedding.from_pretrained(torch.tensor([[1, 2.3, 3], [4, 5.1, 6.3]]))(torch.tensor([1]))),
        "misfit": message(lambda: model.load_state_dict(misfit(model))),
        "optimizers": {name: trained(make) for name, make in optimizers.items()},
    }
    folder = pathlib.Path(__file__).parent
    (folder / "nn.json").write_text(json.dumps(golden, indent=1) + "\n")
    model.job.requires_grad_(False)
    torch.save(model.eval(), folder / "nn_model.pt")
    torch.save(layers(model), folder / "nn_layers.pt")


if __name__ == "__main__":
    main()
