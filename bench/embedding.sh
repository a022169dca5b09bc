#!/usr/bin/env bash
# Usage: bench/embedding.sh PYTHON [THREADS [ROWSxDIM]...], where PYTHON has PyTorch 2.15 and, for its column, fbgemm-gpu-cpu.
# Lookups and training steps of embedding tables: okibi beside bare loops over the same rows, PyTorch and FBGEMM, as a
# Markdown table. Needs some 12 GB of memory. BUILD names another build folder.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?"usage: bench/embedding.sh PYTHON [THREADS [ROWSxDIM]...] (a Python that has PyTorch 2.15)"}
shift
build=${BUILD:-build/bench}

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target embedding_bench >/dev/null

# FBGEMM 1.9 wants a function that PyTorch 2.15 no longer has.
shim=$build/fbgemm_shim.so
[ -e "$shim" ] || echo '#include <cstdlib>
namespace c10 { [[noreturn]] void report_overflow(const char*) { std::abort(); } }' | g++ -shared -fPIC -x c++ -o "$shim" -
export FBGEMM_SHIM=$PWD/$shim
exec python3 bench/embedding.py "$build/embedding_bench" "$python" "${@:-1}"
