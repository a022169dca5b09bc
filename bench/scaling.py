"""Usage: scaling.py EMBEDDING_BENCH [ROWSxDIM]... What a second thread brings to okibi's steps over embedding tables, and what
they cost when the table grows and the rows touched do not; as Markdown."""
import subprocess
import sys

import measure

RUNS = 5
program, *tables = sys.argv[1:]


def run(*words):
    lines = subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout.splitlines()
    return {tuple(line.split(" | ")[:2]): float(line.split(" | ")[2]) for line in lines}


def median(results, key):
    return measure.median([each[key] for each in results])


machine = measure.Machine()
threads = measure.alternate(RUNS, {n: lambda n=n: run(str(n), *tables) for n in (1, 2)})
growth = [run("1", "growth") for _ in range(RUNS)]
print("| table | | 1 thread, ms | 2 threads, ms | as fast |\n|---|---|---:|---:|---:|")
for case, what in [key for key in threads[1][0] if not key[1].startswith("limit")]:
    one, two = median(threads[1], (case, what)), median(threads[2], (case, what))
    print(f"| {case} | {what} | {one:.2f} | {two:.2f} | {one / two:.2f}x |")
sizes = sorted({int(rows) for rows, _ in growth[0]})
print("\n16,384 rows of 64 numbers, anywhere in tables of so many rows, touched by 65,536 lookups; ms, one thread:\n")
print("| | " + " | ".join(f"{rows:,}" for rows in sizes) + " |\n|---|" + "---:|" * len(sizes))
for what in dict.fromkeys(what for _, what in growth[0]):
    print(f"| {what} | " + " | ".join(f"{median(growth, (str(rows), what)):.2f}" for rows in sizes) + " |")
print(f"\nMedians of {RUNS} alternating runs. {machine.verdict()}")
