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

for target in again.pth half.pth model.safetensors stream.pth; do
  options=()
  [ $target = half.pth ] && options=(--dtype bf16)
  [ $target = stream.pth ] && options=(--to torch-legacy)
  taken=$(peak "$OKIBI" convert big.pth $target "${options[@]}")
  [ "$taken" -le $most ] || die "converting 1500 MiB to $target took $taken MiB"
  echo "$target: $taken MiB"
  rm $target
done
