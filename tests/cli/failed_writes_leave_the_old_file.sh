# A full disk, a folder that cannot be written, a failing fsync and a kill at the rename each leave the previous
# checkpoint whole, and are told in one line.
. "$(dirname "$0")/common.inc"
train --epochs 1 --checkpoint last.pth --model model.pth >/dev/null 2>&1
cp last.pth before.pth
intact() { cmp -s before.pth last.pth || die "$1: the checkpoint changed"; "$OKIBI" ls last.pth >/dev/null || die "$1: unreadable"; }

# A full disk, as a limit on the size of files.
(ulimit -f 8; fails_with 2 "last.pth" "$OKIBI" train "$CSV" --resume last.pth --epochs 2 --model model.pth)
intact "file size limit"

if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=256k none small 2>/dev/null; then
  cp last.pth small/last.pth
  head -c 250000 /dev/zero >small/filler 2>/dev/null || true
  fails_with 2 "No space left" "$OKIBI" train "$CSV" --resume small/last.pth --epochs 2 --checkpoint small/last.pth --model model.pth
  cmp -s before.pth small/last.pth || die "full disk: the checkpoint changed"
  umount small
else
  echo "SKIPPED: a small file system needs root and mount" >&2
  [ -z "${CI:-}" ] || [ "$(id -u)" != 0 ] || die "in CI a small file system must be mounted"
fi

# System calls that fail, injected one at a time.
inject() {
  strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:$2" env ASAN_OPTIONS=detect_leaks=0 \
    "$OKIBI" train "$CSV" --resume last.pth --epochs 2 >/dev/null 2>err.txt && return 0 || return $?
}
status=0; inject fsync error=EIO || status=$?
[ "$status" = 2 ] && grep -q "last.pth" err.txt || die "a failing fsync: $status $(cat err.txt)"
intact "failing fsync"
for call in rename renameat renameat2; do
  status=0; inject $call signal=KILL || status=$?
  cmp -s before.pth last.pth || [ "$status" = 0 ] || { "$OKIBI" ls last.pth >/dev/null || die "killed at $call: unreadable"; }
  cp before.pth last.pth
done
for call in rename renameat renameat2; do
  status=0; inject $call error=EIO || status=$?
  if [ "$status" != 0 ]; then intact "failing $call"; hit=1; fi
  cp before.pth last.pth
done
[ "${hit:-}" ] || die "no rename was ever made to fail"

# A folder that cannot be made or written: told before training begins.
touch file
fails_with 2 "file" "$OKIBI" train "$CSV" --resume last.pth --epochs 50 --checkpoint file/last.pth
intact "folder that is a file"
fails_with 2 "/proc" "$OKIBI" train "$CSV" --resume last.pth --epochs 50 --checkpoint /proc/nowhere/last.pth
