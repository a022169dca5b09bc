#!/usr/bin/env bash
# Usage: bench/tabular.sh PYTHON, where PYTHON has PyTorch 2.15. Training steps a second of a small tabular model on one
# thread: okibi, libtorch (built here against that PyTorch) and PyTorch, as a Markdown table. BUILD names another build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?"usage: bench/tabular.sh PYTHON (one that has PyTorch 2.15)"}
build=${BUILD:-build/bench}

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target tabular_bench >/dev/null

peer=$build/libtorch_tabular
read -r torch abi < <("$python" -c 'import os, torch; print(os.path.dirname(torch.__file__), int(torch._C._GLIBCXX_USE_CXX11_ABI))')
if [ bench/peers/libtorch_tabular.cpp -nt "$peer" ]; then
  g++ -O2 -std=c++20 -D_GLIBCXX_USE_CXX11_ABI="$abi" -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include" \
    bench/peers/libtorch_tabular.cpp -o "$peer" -L"$torch/lib" -Wl,-rpath,"$torch/lib" -ltorch -ltorch_cpu -lc10
fi

export OMP_NUM_THREADS=1
exec python3 bench/tabular.py okibi="${build@Q}/tabular_bench" libtorch="${peer@Q}" \
  PyTorch="${python@Q} bench/peers/tabular.py"
