"""Usage: script_process.py once FILE INPUT … | script_process.py grow FILE. Runs a TorchScript program in PyTorch, on one thread: once, for how
long a process takes to its first result, its inputs .npy files or literals; or ten thousand times with inputs of 291 sizes, and prints how
much more memory it has then, in kB."""
import json
import sys

import torch

torch.set_num_threads(1)
verb, path, *words = sys.argv[1:]
program = torch.jit.load(path)


def given(word):
    if word.endswith(".npy"):
        import numpy
        return torch.from_numpy(numpy.load(word))
    value = json.loads(word)
    return torch.tensor(value) if isinstance(value, list) else value


def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS:"))


with torch.no_grad():
    if verb == "once":
        program(*map(given, words))
    else:
        print("torch.jit: calls with 291 sizes in turn, and kB more than before the first")
        before = resident()
        for call in range(1, 10_001):
            program(torch.rand(1 + call % 3, 3, 32 + call % 97, 48))
            if call in (300, 1000, 10_000):
                print(call, resident() - before)
