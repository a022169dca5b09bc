#!/usr/bin/env bash
# Installs a build into a folder of its own and uses it from a project outside. Usage: test.sh ROOT BUILD
set -euo pipefail
root=$1 build=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake --install "$build" --prefix "$folder/prefix" >/dev/null
cmake -S "$root/tests/package" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$folder/prefix" >/dev/null
cmake --build "$folder/build"
cd "$folder"
build/trains
[ "$(build/loads)" = "[22, 8]" ]
libraries=$(ldd build/loads)
grep -q libokibi_checkpoint <<<"$libraries"
if grep -E 'openblas|libhwy|libgomp|libcurl|libokibi\.so' <<<"$libraries"; then
  echo "okibi_checkpoint must not bring these along"
  exit 1
fi
# `| grep -q` would end the writer by SIGPIPE now and then, which pipefail takes for a failure.
grep -q '^weight  float32  \[22, 8\]' <<<"$(prefix/bin/okibi ls job.pth)"
grep -q -- --resume <<<"$(prefix/bin/okibi train --help)"
# The library of object storage is found where it was installed: nobody listens at port 1, but the question was asked.
no_store=(AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b)
refusal=$(env "${no_store[@]}" prefix/bin/okibi ls s3://bucket/key 2>&1 || true)
grep -q "127.0.0.1" <<<"$refusal" || { echo "$refusal"; exit 1; }
