#!/usr/bin/env bash
# Installs what the tests need (asking first; -y does not ask), builds, and runs every test:
#   tsan     the threading tests under ThreadSanitizer
#   dev      everything under AddressSanitizer and UndefinedBehaviorSanitizer, beside Debian's PyTorch
# The release build comes first: the package test installs it.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/packages.sh

# shellcheck disable=SC2086
install_packages "$(wants_yes "$@")" $build_packages $test_packages

build() {
  echo "== building $1"
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1"
}

build release
build tsan
ctest --preset tsan -j "$(nproc)"
build dev
ctest --preset dev -j "$(nproc)"
