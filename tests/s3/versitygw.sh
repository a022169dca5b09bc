#!/usr/bin/env bash
# Builds versitygw, the S3 server that the tests are run against, and prints the path of its program. Built once: kept in
# ~/.cache/okibi. Go verifies what it downloads (the sums of the module's go.sum, and Go's checksum database).
#
# It needs Go 1.21 or newer, which fetches by itself the Go that the module asks for. Debian 12's own is older, so on a
# Debian with nothing else this says loudly that it skips (exit status 77), and fails where $CI is set.
set -euo pipefail

version=v1.8.0
folder=${XDG_CACHE_HOME:-$HOME/.cache}/okibi/versitygw-$version
program=$folder/versitygw

no_server() {
  {
    echo "=========================================================================================="
    echo "S3 TESTS SKIPPED: $1"
    echo "Install Go 1.21 or newer (https://go.dev/dl, or golang-go of bookworm-backports) and try again."
    echo "=========================================================================================="
  } >&2
  [ -z "${CI:-}" ] || exit 1
  exit 77
}

go_program() {
  local candidate
  for candidate in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.2[1-9]/bin/go; do
    [ -x "$candidate" ] && new_enough "$candidate" && echo "$candidate" && return
  done
  return 1
}

new_enough() {
  local found
  found=$("$1" env GOVERSION 2>/dev/null) || return 1
  [[ $found =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 21 ]
}

build() {
  local go
  go=$(go_program) || no_server "there is no Go that could build versitygw, the server they need"
  echo "building versitygw $version, once (a few minutes of two cores)" >&2
  mkdir -p "$folder"
  local scratch
  scratch=$(mktemp -d "$folder/building.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$scratch'" EXIT
  # Outside any module, with no settings of the caller's that would change what is built.
  (cd "$scratch" && env -u GOOS -u GOARCH -u GOWORK GOTOOLCHAIN=auto GOFLAGS=-p=2 GOBIN="$scratch" CGO_ENABLED=0 \
    nice -n 10 "$go" install -trimpath -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$version") >&2
  mv "$scratch/versitygw" "$program"  # in one step: another run never sees half a program
}

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9  # two test runs build it once
[ -x "$program" ] || build
echo "$program"
