#!/usr/bin/env bash
# From a fresh clone to a trained model: installs what is missing (asking first; -y does not ask), builds, and runs the
# main job on the applications to Berkeley's graduate school in 1973.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/packages.sh

# shellcheck disable=SC2086
install_packages "$(wants_yes "$@")" $build_packages

echo "Building (a few minutes the first time) …"
mkdir -p build
cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
cmake --build --preset release
PATH="$PWD/build/release:$PATH"

run() {
  printf '\n$ %s\n' "$*" >&2
  "$@"
}

run okibi train examples/admissions/berkeley.csv --target admitted --categorical gender:8,department:8 \
  --hidden 64,32 --epochs 30 --batch-size 256 --optimizer adam --lr 0.003 --seed 0 \
  --checkpoint runs/admissions/last.pth --model runs/admissions/model.pth
run okibi train examples/admissions/berkeley.csv --resume runs/admissions/last.pth --epochs 40
run okibi ls runs/admissions/model.pth
run okibi show runs/admissions/last.pth | sed -n 1,40p
run okibi predict runs/admissions/model.pth examples/admissions/berkeley.csv | sed -n 1,6p

cat <<'NEXT'

The program is build/release/okibi; `okibi --help` lists its verbs. PyTorch reads what it wrote:
  python3 -c "import torch; print(torch.load('runs/admissions/model.pth', weights_only=True).keys())"
The whole test suite: ./test.sh
NEXT
