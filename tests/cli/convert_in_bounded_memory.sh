# A checkpoint that is much larger than the memory converting may take, to each format.
. "$(dirname "$0")/common.inc"
python3 "$ROOT/tests/cli/big_checkpoint.py" big.pth 1500
grep -q "1.5 GiB" <<<"$("$OKIBI" ls big.pth)" || die "the large checkpoint is not what it should be"

# peak COMMAND…: runs it and prints the most memory that it had, in MiB.
peak() {
  python3 - "$@" <<'PY'
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss // 1024 if status == 0 else 10**9)
PY
}
most=256
grep -q "OKIBI_SANITIZE:STRING=address" "$BUILD/CMakeCache.txt" && most=640  # AddressSanitizer keeps what was freed for a while

# check WHAT COMMAND…: the command stays within that.
check() {
  local what=$1 taken
  shift
  taken=$(peak "$@")
  [ "$taken" -le $most ] || die "$what took $taken MiB for 1500 MiB"
  echo "$what: $taken MiB"
}

for target in again.pth half.pth model.safetensors stream.pth; do
  options=()
  [ $target = half.pth ] && options=(--dtype bf16)
  [ $target = stream.pth ] && options=(--to torch-legacy)
  check "converting to $target" "$OKIBI" convert big.pth $target "${options[@]}"
  rm $target
done

# Of somebody who zipped it again.
python3 "$ROOT/tests/cli/big_checkpoint.py" deflated.pth 1500 deflated
for target in again.pth half.safetensors; do
  check "converting what is deflated to $target" "$OKIBI" convert deflated.pth $target --dtype bf16
done
for verb in stats verify "ls --hash"; do
  check "$verb of what is deflated" "$OKIBI" $verb deflated.pth
done
