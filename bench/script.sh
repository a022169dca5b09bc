#!/usr/bin/env bash
# Usage: bench/script.sh PYTHON [MODEL …], where PYTHON has PyTorch 2.15, torchvision, transformers, silero-vad, onnx and onnxruntime.
# TorchScript programs on one thread, one input at a time, in okibi beside torch.jit, torch.jit.optimize_for_inference and
# onnxruntime, as a Markdown table. RUNS says how often each is run in a process of its own. BUILD names another build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?"usage: bench/script.sh PYTHON [MODEL …] (a Python that has PyTorch 2.15, torchvision and onnxruntime)"}
shift
build=${BUILD:-build/bench}

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target okibi okibi_program >/dev/null
export OMP_NUM_THREADS=1
exec python3 bench/script.py "$build" "$python" "$@"
