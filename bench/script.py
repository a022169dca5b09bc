"""See script.sh."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import measure

RUNS = int(os.environ.get("RUNS", 3))
build, python = sys.argv[1:3]
models = sys.argv[3:] or ["resnet50", "mobilenet_v2", "bert_base"]
peers = pathlib.Path(__file__).parent / "peers" / "script.py"
process = pathlib.Path(__file__).parent / "peers" / "script_process.py"


def printed(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_by_okibi(program, inputs):
    return [f"{build}/okibi", "run", program, *(word for one in inputs for word in ("--input", one)), "--json"]


def okibi(folder, name, *options):
    measured = printed(*run_by_okibi(folder / f"{name}.pt", sorted(folder.glob(f"{name}-*.npy"))), "--bench", *options)
    return measured | {"ready_ms": measured["load_ms"] + measured.get("prepare_ms", 0)}


def started(command):
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return 1000 * (time.perf_counter() - begun)


# Of whole processes, with one call each.
def starts(program, inputs):
    commands = {"okibi": run_by_okibi(program, inputs), "torch.jit": [python, process, "once", program, *inputs]}
    results = measure.alternate(RUNS, {kind: lambda command=command: started(command) for kind, command in commands.items()})
    return {kind: measure.median(passed) for kind, passed in results.items()}


# The model that the package of this name carries.
def silero():
    where = "import pathlib, silero_vad; print(pathlib.Path(silero_vad.__file__).parent / 'data' / 'silero_vad.jit')"
    return subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.split()[-1]


print("| one thread, batch 1 | okibi, ms | torch.jit, ms | optimize_for_inference | onnxruntime | okibi is, to torch.jit | to onnxruntime "
      "|\n|---|---:|---:|---:|---:|---:|---:|")
machine = measure.Machine()
first_calls = []
first_results = {"silero-vad": starts(silero(), [json.dumps([[0.0] * 512]), "16000"])}
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for name in models:
        subprocess.run([python, peers, "make", folder, name], check=True, capture_output=True)
        results = measure.alternate(RUNS, {"okibi": lambda: okibi(folder, name),
                                           "prepared": lambda: okibi(folder, name, "--prepare"),
                                           **{kind: lambda kind=kind: printed(python, peers, kind, folder, name)
                                              for kind in ("jit", "optimized", "onnxruntime")}})
        first_results[name] = starts(folder / f"{name}.pt", sorted(folder.glob(f"{name}-*.npy")))
        later = {kind: measure.median([run["median_ms"] for run in runs]) for kind, runs in results.items()}
        first_calls.append((name, {kind: {what: measure.median([run[what] for run in runs]) for what in ("ready_ms", "first_ms", "median_ms")}
                                   for kind, runs in results.items()}))
        print(f"| {name} | {later['okibi']:.1f} | {later['jit']:.1f} | {later['optimized']:.1f} | {later['onnxruntime']:.1f} | "
              f"{later['jit'] / later['okibi']:.2f}x as fast | {later['onnxruntime'] / later['okibi']:.2f}x |", flush=True)
print("\n| until it is ready, and its first call | ready after, ms | first call, ms | of a later one |\n|---|---:|---:|---:|")
for name, kinds in first_calls:
    for kind, label in (("prepared", "okibi, prepared"), ("okibi", "okibi"), ("onnxruntime", "onnxruntime"), ("jit", "torch.jit")):
        one = kinds[kind]
        print(f"| {name}: {label} | {one['ready_ms']:.0f} | {one['first_ms']:.1f} | {one['first_ms'] / one['median_ms']:.2f}x |")
print("\n| from the start of the process to the end of its first call | okibi run, ms | torch.jit, ms | okibi is |\n|---|---:|---:|---:|")
for name, passed in first_results.items():
    print(f"| {name} | {passed['okibi']:.0f} | {passed['torch.jit']:.0f} | {passed['torch.jit'] / passed['okibi']:.1f}x as fast |")
print(f"\nMedians of {RUNS} alternating runs, each in a process of its own. {machine.verdict()}")
