"""See script.sh."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import measure

RUNS = int(os.environ.get("RUNS", 3))
build, python = sys.argv[1:3]
models = sys.argv[3:] or ["resnet50", "mobilenet_v2", "bert_base"]
peers = pathlib.Path(__file__).parent / "peers" / "script.py"


def printed(*command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def okibi(folder, name):
    inputs = [word for path in sorted(folder.glob(f"{name}-*.npy")) for word in ("--input", path)]
    return printed(f"{build}/okibi", "run", folder / f"{name}.pt", *inputs, "--bench", "--json")


print("| one thread, batch 1 | okibi, ms | torch.jit, ms | optimize_for_inference | onnxruntime | okibi is, to torch.jit | to onnxruntime "
      "| first call, ms: okibi | torch.jit | onnxruntime |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
machine = measure.Machine()
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for name in models:
        subprocess.run([python, peers, "make", folder, name], check=True, capture_output=True)
        results = measure.alternate(RUNS, {"okibi": lambda: okibi(folder, name),
                                           **{kind: lambda kind=kind: printed(python, peers, kind, folder, name)
                                              for kind in ("jit", "optimized", "onnxruntime")}})
        later = {kind: measure.median([run["median_ms"] for run in runs]) for kind, runs in results.items()}
        first = {kind: measure.median([run["first_ms"] for run in runs]) for kind, runs in results.items()}
        print(f"| {name} | {later['okibi']:.1f} | {later['jit']:.1f} | {later['optimized']:.1f} | {later['onnxruntime']:.1f} | "
              f"{later['jit'] / later['okibi']:.2f}x as fast | {later['onnxruntime'] / later['okibi']:.2f}x | {first['okibi']:.1f} | "
              f"{first['jit']:.1f} | {first['onnxruntime']:.1f} |", flush=True)
print(f"\nMedians of {RUNS} alternating runs, each in a process of its own. {machine.verdict()}")
