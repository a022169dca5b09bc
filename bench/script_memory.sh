#!/usr/bin/env bash
# Usage: bench/script_memory.sh. Whether a TorchScript program that is called ten thousand times, with inputs of many sizes, takes
# more and more memory, and how often it asks for some. BUILD names another build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/bench}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target script_bench >/dev/null
OMP_NUM_THREADS=1 exec "$build/script_bench"
