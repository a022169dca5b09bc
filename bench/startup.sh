#!/usr/bin/env bash
# Usage: bench/startup.sh. What `okibi ls` on a small file takes beyond a program that does nothing. BUILD names another
# build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/bench}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target okibi_program >/dev/null
exec python3 bench/startup.py "$build/okibi" tests/golden/checkpoint/torch-2.15/state_dict.pth
