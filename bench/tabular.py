"""Usage: tabular.py NAME=PROGRAM... Runs programs that print "batch steps-per-second" alternately; prints the medians, and
the ratios of the first program to the others, as a Markdown table."""
import shlex
import subprocess
import sys

import measure

RUNS = 7


def run(program):
    output = subprocess.run(shlex.split(program), check=True, capture_output=True, text=True).stdout
    return {int(batch): float(rate) for batch, rate in (line.split() for line in output.splitlines())}


programs = dict(argument.split("=", 1) for argument in sys.argv[1:])
machine = measure.Machine()
results = measure.alternate(RUNS, {name: lambda program=program: run(program) for name, program in programs.items()})
first, *peers = programs

print("| batch |", " | ".join(f"{name}, steps/s" for name in programs), "|", " | ".join(f"to {peer}" for peer in peers), "|")
print("|---:" * (1 + len(programs) + len(peers)) + "|")
for batch in results[first][0]:
    rates = {name: measure.median([each[batch] for each in runs]) for name, runs in results.items()}
    ratios = [f"{rates[first] / rates[peer]:.2f}x" for peer in peers]
    print(f"| {batch} |", " | ".join(f"{rate:,.0f}" for rate in rates.values()), "|", " | ".join(ratios), "|")
print(f"\nMedians of {RUNS} alternating runs. {machine.verdict()}")
