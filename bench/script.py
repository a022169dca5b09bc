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


def printed(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def command_for(folder, name):
    inputs = [word for path in sorted(folder.glob(f"{name}-*.npy")) for word in ("--input", path)]
    return [f"{build}/okibi", "run", folder / f"{name}.pt", *inputs, "--json"]


def okibi(folder, name):
    return printed(*command_for(folder, name), "--bench")


def started(command):
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return 1000 * (time.perf_counter() - begun)


# The model that the package of this name carries.
def silero():
    where = "import pathlib, silero_vad; print(pathlib.Path(silero_vad.__file__).parent / 'data' / 'silero_vad.jit')"
    path = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True).stdout.split()[-1]
    return [f"{build}/okibi", "run", path, "--input", json.dumps([[0.0] * 512]), "--input", "16000", "--json"]


print("| one thread, batch 1 | okibi, ms | torch.jit, ms | optimize_for_inference | onnxruntime | okibi is, to torch.jit | to onnxruntime "
      "| first call, ms: okibi | torch.jit | onnxruntime |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
machine = measure.Machine()
starts = {"silero-vad": measure.median([started(silero()) for _ in range(10)])}
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for name in models:
        subprocess.run([python, peers, "make", folder, name], check=True, capture_output=True)
        results = measure.alternate(RUNS, {"okibi": lambda: okibi(folder, name),
                                           **{kind: lambda kind=kind: printed(python, peers, kind, folder, name)
                                              for kind in ("jit", "optimized", "onnxruntime")}})
        starts[name] = measure.median([started(command_for(folder, name)) for _ in range(10)])
        later = {kind: measure.median([run["median_ms"] for run in runs]) for kind, runs in results.items()}
        first = {kind: measure.median([run["first_ms"] for run in runs]) for kind, runs in results.items()}
        print(f"| {name} | {later['okibi']:.1f} | {later['jit']:.1f} | {later['optimized']:.1f} | {later['onnxruntime']:.1f} | "
              f"{later['jit'] / later['okibi']:.2f}x as fast | {later['onnxruntime'] / later['okibi']:.2f}x | {first['okibi']:.1f} | "
              f"{first['jit']:.1f} | {first['onnxruntime']:.1f} |", flush=True)
print("\nFrom the start of the process to the result of its first call, `okibi run`, ms: " +
      ", ".join(f"{name} {passed:.0f}" for name, passed in starts.items()))
print(f"\nMedians of {RUNS} alternating runs, each in a process of its own. {machine.verdict()}")
