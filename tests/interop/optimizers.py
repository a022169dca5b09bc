"""Optimizers and schedulers: PyTorch's states go on in okibi, and okibi's in PyTorch. A part of interop_test.py."""
import copy

import torch
from torch.optim import lr_scheduler

from common import driver, load, run


class OptimizerTests:
    OPTIMIZERS = [
        ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.02}),
        ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.3}),
        ("Adam", {"lr": 0.02, "betas": (0.8, 0.95), "amsgrad": True}),
        ("AdamW", {"lr": 0.02, "weight_decay": 0.3}),
        ("Adagrad", {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.5}),
        ("RMSprop", {"lr": 0.003, "alpha": 0.9, "momentum": 0.5, "centered": True, "eps": 1e-2}),
        ("SparseAdam", {"lr": 0.02}), ("SGD", {"lr": 0.05}), ("Adagrad", {"lr": 0.1})]  # the last three by sparse rows

    def optimizer(self, index, dtype, parameters=None):
        name, options = self.OPTIMIZERS[index]
        generator = torch.Generator().manual_seed(index)
        if parameters is None:
            sizes = [(6, 2)] if index >= 6 else [(3, 2), (5,), ()]
            parameters = [torch.randn(size, generator=generator).to(dtype) for size in sizes]
        parameters = [parameter.detach().clone().requires_grad_() for parameter in parameters]
        groups = [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.005}]
        return getattr(torch.optim, name)(groups[:1] if index >= 6 else groups, **options), parameters

    def gradients(self, index, parameters, steps):
        generator = torch.Generator().manual_seed(100 + index)
        if index < 6:
            return [[torch.randn(p.shape, generator=generator).to(p.dtype) for p in parameters] for _ in range(steps)]
        return [[torch.sparse_coo_tensor(torch.randint(6, (1, 4), generator=generator),
                                         torch.randn(4, 2, generator=generator).to(parameters[0].dtype), (6, 2))]
                for _ in range(steps)]

    def take_steps(self, optimizer, parameters, gradients):
        for each in gradients:
            for parameter, gradient in zip(parameters, each):
                parameter.grad = gradient
            optimizer.step()

    def test_optimizers_go_on_in_okibi_and_back(self):
        cases = [(index, dtype) for index in range(len(self.OPTIMIZERS)) for dtype in (torch.float32, torch.float64)]
        given, straight = [], []
        for index, dtype in cases:
            optimizer, parameters = self.optimizer(index, dtype)
            gradients = self.gradients(index, parameters, 60)
            self.take_steps(optimizer, parameters, gradients[:20])
            given.append({"class": self.OPTIMIZERS[index][0], "parameters": [p.detach().clone() for p in parameters],
                          "state": copy.deepcopy(optimizer.state_dict()), "gradients": gradients[20:40]})
            straight.append((optimizer, parameters, gradients))
        torch.save(given, self.folder / "optimizers.pth")
        run(driver, "continue-optimizers", self.folder / "optimizers.pth", self.folder / "continued.pth")
        continued = load(self.folder / "continued.pth")
        self.assertEqual(len(continued), len(cases))
        for (index, dtype), (optimizer, parameters, gradients), result in zip(cases, straight, continued):
            with self.subTest(self.OPTIMIZERS[index], dtype=dtype):
                tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-12}
                self.take_steps(optimizer, parameters, gradients[20:40])
                self.close([result["parameters"], result["state"]["state"]],
                           [[p.detach() for p in parameters], self.kept(optimizer)], tolerance)
                again, own = self.optimizer(index, dtype, result["parameters"])
                again.load_state_dict(result["state"])
                self.take_steps(again, own, gradients[40:])
                self.take_steps(optimizer, parameters, gradients[40:])
                self.close([p.detach() for p in own], [p.detach() for p in parameters], tolerance)

    def kept(self, optimizer):  # older PyTorch has {"momentum_buffer": None} where there is nothing to keep
        states = {index: {name: value for name, value in state.items() if value is not None}
                  for index, state in optimizer.state_dict()["state"].items()}
        return {index: state for index, state in states.items() if state}

    def close(self, ours, theirs, tolerance):
        if isinstance(theirs, dict):
            self.assertEqual(set(ours), set(theirs))
            ours, theirs = [ours[key] for key in theirs], list(theirs.values())
        if isinstance(theirs, list):
            self.assertEqual(len(ours), len(theirs))
            for one, other in zip(ours, theirs):
                self.close(one, other, tolerance)
        else:
            torch.testing.assert_close(torch.as_tensor(ours, dtype=torch.float64), torch.as_tensor(theirs, dtype=torch.float64), **tolerance)

    SCHEDULERS = {
        "StepLR": lambda o: lr_scheduler.StepLR(o, 13, gamma=0.5),
        "MultiStepLR": lambda o: lr_scheduler.MultiStepLR(o, [5, 25, 25, 70], gamma=0.3),
        "ConstantLR": lambda o: lr_scheduler.ConstantLR(o, factor=0.25, total_iters=35),
        "LinearLR": lambda o: lr_scheduler.LinearLR(o, start_factor=0.1, end_factor=0.7, total_iters=63),
        "ExponentialLR": lambda o: lr_scheduler.ExponentialLR(o, 0.98),
        "PolynomialLR": lambda o: lr_scheduler.PolynomialLR(o, total_iters=70, power=1.7),
        "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, 33, eta_min=0.001),
        "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 13, T_mult=2),
        "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, [0.3, 0.05], total_steps=95),
        "SequentialLR": lambda o: lr_scheduler.SequentialLR(
            o, [lr_scheduler.LinearLR(o, start_factor=0.1, total_iters=20), lr_scheduler.ExponentialLR(o, 0.97)], [35]),
    }

    def scheduled(self, name):
        groups = [{"params": [torch.zeros(1, requires_grad=True)]}, {"params": [torch.zeros(1, requires_grad=True)], "lr": 0.02}]
        optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
        return optimizer, self.SCHEDULERS[name](optimizer)

    def rates(self, optimizer, scheduler, steps):
        rates = []
        for _ in range(steps):
            optimizer.step()
            scheduler.step()
            rates += scheduler.get_last_lr()
        return rates

    def test_schedulers_go_on_in_okibi_and_back(self):
        tolerance = {"rtol": 1e-12, "atol": 1e-15}
        straight = {name: self.scheduled(name) for name in self.SCHEDULERS}
        given = []
        for name, (optimizer, scheduler) in straight.items():
            self.rates(optimizer, scheduler, 30)
            state = {key: value for key, value in scheduler.state_dict().items() if not callable(value)}
            given.append({"class": name, "state": state, "optimizer": optimizer.state_dict()})
        torch.save(given, self.folder / "schedulers.pth")
        run(driver, "continue-schedulers", self.folder / "schedulers.pth", self.folder / "schedulers-continued.pth")
        continued = torch.load(self.folder / "schedulers-continued.pth", weights_only=False)
        for (name, (optimizer, scheduler)), result in zip(straight.items(), continued):
            with self.subTest(name):
                self.close(result["rates"], self.rates(optimizer, scheduler, 30), tolerance)
                self.close(result["state"]["_last_lr"], scheduler.get_last_lr(), tolerance)
                again, own = self.scheduled(name)
                own.load_state_dict(result["state"])
                again.load_state_dict(result["optimizer"])
                self.close(self.rates(again, own, 30), self.rates(optimizer, scheduler, 30), tolerance)
