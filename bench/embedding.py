"""Usage: embedding.py PROGRAM PYTHON THREADS [ROWSxDIM]... Runs embedding_bench and its peers alternately; prints their medians
and ratios as a Markdown table."""
import os
import subprocess
import sys

import measure

RUNS = 3  # each of which is a median itself
# What okibi is to be, beside the limit (at most so many times its time) and PyTorch (at least so many times as fast).
AIMS = {"forward": 1.2, "sparse SGD": 1.5, "sparse Adagrad": 1.5, "row-wise Adagrad": 1.5, "SparseAdam": 1.5, "sparse AdamW": 1.5}


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{' '.join(words)}: not run: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return {}
    return {(case, what): float(value) for case, what, value in
            (line.split(" | ") for line in done.stdout.splitlines() if line.count(" | ") == 2)}


program, python, *arguments = sys.argv[1:]
programs = {"okibi": [program], "PyTorch": [python, "bench/peers/embedding.py"], "FBGEMM": ["env", f"LD_PRELOAD={os.environ.get('FBGEMM_SHIM', '')}", python, "bench/peers/fbgemm.py"]}
machine = measure.Machine()
results = measure.alternate(RUNS, {name: lambda words=words: run(*words, *arguments) for name, words in programs.items()})


def time_of(name, key):
    times = [each[key] for each in results[name] if key in each]
    return measure.median(times) if times else None


def cell(value, pattern="{:.2f}"):
    return "" if value is None else pattern.format(value)


def ratio(a, b):
    return None if a is None or b is None else a / b


print(f"Milliseconds; {arguments[0]} thread(s).\n")
print("| table | | okibi | limit | PyTorch | FBGEMM | okibi to limit | aim | PyTorch to okibi | FBGEMM to okibi |")
print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
for case, what in [key for key in results["okibi"][0] if not key[1].startswith("limit")]:
    ours, limit = time_of("okibi", (case, what)), time_of("okibi", (case, "limit of " + what))
    torch, fbgemm = (time_of(name, (case, what)) for name in ("PyTorch", "FBGEMM"))
    aim = AIMS.get(what) if case.startswith("4000000") else None
    print(f"| {case} | {what} | {cell(ours)} | {cell(limit)} | {cell(torch)} | {cell(fbgemm)} | {cell(ratio(ours, limit))} | "
          f"{cell(aim, '{:.1f}')} | {cell(ratio(torch, ours))} | {cell(ratio(fbgemm, ours))} |")
print(f"\nMedians of {RUNS} alternating runs. {machine.verdict()}")
