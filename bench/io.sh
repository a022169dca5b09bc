#!/usr/bin/env bash
# Usage: bench/io.sh PYTHON [FOLDER], where PYTHON has PyTorch 2.15 and safetensors. Loading and saving a state_dict of
# 2 GiB, and one of 100,000 small tensors, beside PyTorch and beside bare reads and writes, as a Markdown table. Needs
# 7 GB in FOLDER, which had better be in memory (default: /dev/shm/okibi-bench), and as much memory besides. BUILD names
# another build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?"usage: bench/io.sh PYTHON [FOLDER] (a Python that has PyTorch 2.15 and safetensors)"}
folder=${2:-/dev/shm/okibi-bench}
build=${BUILD:-build/bench}

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target io_bench okibi_program >/dev/null
g++ -O2 -std=c++20 bench/peers/bare_io.cpp -o "$build/bare_io" -lisal -pthread

mkdir -p "$folder"
"$python" bench/peers/torch_io.py "$folder" </dev/null  # makes the files, where they are missing
cp "$build"/libokibi_checkpoint.so "$build/stripped.so"
strip "$build/stripped.so"
exec python3 bench/io.py "$folder" "$build" "$python"
