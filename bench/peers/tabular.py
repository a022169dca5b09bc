"""The peer of tabular_bench.cpp in Python. Prints lines of "batch steps-per-second"."""
import time

import torch
from torch import nn

ROWS, MEASURED = 1_000_000, 0.4


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gender, self.job = nn.Embedding(2, 8), nn.Embedding(22, 8)
        self.mlp = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, gender, job, numbers):
        return self.mlp(torch.cat([self.gender(gender), self.job(job), numbers], 1))


def steps_per_second(table, batch):
    model, loss = Net(), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    order = torch.randperm(ROWS)

    def step(begin):
        picked = order[begin:begin + batch]
        gender, job, numbers, target = (column[picked] for column in table)
        optimizer.zero_grad()
        loss(model(gender, job, numbers).squeeze(1), target).backward()
        optimizer.step()

    for i in range(20):
        step(i * batch)
    start, passed, steps, begin = time.perf_counter(), 0.0, 0, 0
    while passed < MEASURED:
        step(begin)
        passed, steps = time.perf_counter() - start, steps + 1
        begin = begin + batch if begin + 2 * batch <= ROWS else 0
    return steps / passed


torch.set_num_threads(1)
torch.manual_seed(0)
columns = (torch.randint(2, (ROWS,)), torch.randint(22, (ROWS,)), torch.randn(ROWS, 4), (torch.rand(ROWS) < 0.3).float())
for size in (64, 256, 1024, 8192):
    print(f"{size} {steps_per_second(columns, size):.1f}")
