#!/usr/bin/env bash
# Usage: bench/s3.sh PYTHON [load|save], where PYTHON has PyTorch 2.15, boto3 and s3torchconnector. A state_dict of 1 GiB to and from
# object storage beside Amazon's connector, boto3 and a bare client, all against versitygw on this machine, directly and over
# a slow link, as Markdown tables. Needs Go (tests/s3/versitygw.sh) and 6 GB in memory: what the disk does is nobody's merit.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?"usage: bench/s3.sh PYTHON (a Python that has PyTorch 2.15, boto3 and s3torchconnector)"}
build=${BUILD:-build/bench}

cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DOKIBI_BENCH=ON >/dev/null
cmake --build "$build" --target s3_bench okibi_s3 okibi_program >/dev/null
g++ -O2 -std=c++20 bench/peers/bare_s3.cpp -o "$build/bare_s3" -lcurl -pthread
g++ -O2 -std=c++20 bench/peers/slow_link.cpp -o "$build/slow_link" -pthread
export TMPDIR=${TMPDIR:-/dev/shm}
exec python3 bench/s3.py "$build" "$python" ${2:+"$2"}
