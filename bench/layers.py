"""Usage: PYTHON layers.py LAYERS_BENCH, with a Python that has PyTorch 2.15. Runs layers forward and backward in okibi and in
PyTorch, alternately and on one thread each; prints the medians as a Markdown table."""
import subprocess
import sys
import time

import torch
from torch import nn

import measure

RUNS = 5
torch.set_num_threads(1)


def milliseconds(work):
    work()
    rounds, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < 0.2:
        work()
        rounds += 1
    return (time.perf_counter() - begin) / rounds * 1000


def theirs():
    times = {}
    for rows, columns in (8192, 64), (1024, 1000):
        classes = torch.randint(columns, (rows,))
        layers = {"BatchNorm1d": nn.BatchNorm1d(columns), "LayerNorm": nn.LayerNorm(columns), "RMSNorm": nn.RMSNorm(columns),
                  "softmax": nn.Softmax(1), "log_softmax": nn.LogSoftmax(1),
                  "cross_entropy": lambda x: nn.functional.cross_entropy(x, classes), "GELU": nn.GELU()}
        x, gradient = torch.randn(rows, columns, requires_grad=True), torch.randn(rows, columns)
        for name, layer in layers.items():
            def step():
                x.grad = None
                out = layer(x)
                out.backward(None if out.dim() == 0 else gradient)
            times[f"{name}-{rows}x{columns}"] = milliseconds(step)
    return times


def ours():
    output = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout
    return {name: float(number) for name, number in (line.split() for line in output.splitlines())}


machine = measure.Machine()
results = measure.alternate(RUNS, {"okibi": ours, "PyTorch": theirs})
print("| forward and backward | okibi, ms | PyTorch, ms | okibi is |\n|---|---:|---:|---:|")
for name in results["okibi"][0]:
    mine, peer = (measure.median([each[name] for each in runs]) for runs in results.values())
    layer, sizes = name.split("-")
    print(f"| {layer} of ({sizes.replace('x', ', ')}) | {mine:.3f} | {peer:.3f} | {peer / mine:.2f}x as fast |")
print(f"\nMedians of {RUNS} alternating runs. {machine.verdict()}")
