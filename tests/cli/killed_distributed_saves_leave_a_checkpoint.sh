# Killed by SIGKILL at random moments while a distributed checkpoint is put in place of another, between its parts and its
# .metadata too: the folder holds the old one or the new one, whole, and the next saving works.
. "$(dirname "$0")/common.inc"

python3 "$ROOT/tests/cli/big_checkpoint.py" old.pth 32
python3 "$ROOT/tests/cli/big_checkpoint.py" new.pth 48
convert() { "$OKIBI" convert "$1" kept --to dcp >/dev/null 2>err.txt; }
convert old.pth || die "cannot save: $(cat err.txt)"
begin=$(date +%s.%N)
"$OKIBI" convert new.pth other --to dcp >/dev/null
whole=$(python3 -c "import time; print(time.time() - $begin)")

kills=0 old=0 new=0
for round in $(seq 1 60); do
  status=0
  timeout -s KILL "$(python3 -c "import random; print(random.uniform(0.01, $whole))")" \
    "$OKIBI" convert new.pth kept --to dcp >/dev/null 2>err.txt || status=$?
  if [ "$status" = 137 ]; then kills=$((kills + 1))
  elif [ "$status" != 0 ]; then die "ended with $status: $(cat err.txt)"; fi
  if "$BUILD/same_bits" old.pth kept weight >same.txt; then old=$((old + 1))
  elif "$BUILD/same_bits" new.pth kept weight >same.txt; then new=$((new + 1)); convert old.pth || die "cannot save again: $(cat err.txt)"
  else die "after a kill the folder holds neither checkpoint: $(cat same.txt)"; fi
  [ "$kills" -lt 15 ] || break
done
[ "$kills" -ge 8 ] || die "only $kills kills hit; the test shows nothing"
echo "$kills kills: the old checkpoint $old times, the new one $new times"
