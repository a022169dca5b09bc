#!/usr/bin/env bash
# Usage: bench/script_memory.sh PYTHON, where PYTHON has PyTorch. Whether a TorchScript program that is called ten thousand times,
# with inputs of many sizes, takes more and more memory, in okibi and in torch.jit; and how often okibi asks for some. BUILD names
# another build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?"usage: bench/script_memory.sh PYTHON (a Python that has PyTorch)"}
build=${BUILD:-build/bench}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target script_bench >/dev/null
export OMP_NUM_THREADS=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$build/script_bench" "$folder/network.pt"
"$python" bench/peers/script_process.py grow "$folder/network.pt"
