# Killed by SIGKILL at random moments, mid-epoch too, and resumed: the same bits in both files as an uninterrupted run,
# with one thread and with two. A kill during a write leaves the checkpoint that was there.
. "$(dirname "$0")/common.inc"

for threads in 1 2; do
  begin=$(date +%s.%N)
  train --epochs 12 --checkpoint-every 50 --threads $threads --seed 7 --dropout 0.1 --checkpoint whole.pth --model whole-model.pth >/dev/null 2>&1
  whole=$(python3 -c "import time; print(time.time() - $begin)")
  rm -f last.pth model.pth
  kills=0
  resume=""
  for attempt in $(seq 1 60); do
    if [ -f last.pth ]; then resume="--resume last.pth"; else resume=""; fi
    if [ -n "$resume" ]; then set -- "$OKIBI" train "$CSV" $resume --epochs 12
    else set -- "$OKIBI" train "$CSV" --target admitted --categorical gender:8,department:8 --lr 0.003 --epochs 12 \
      --checkpoint-every 50 --threads $threads --seed 7 --dropout 0.1 --checkpoint last.pth --model model.pth; fi
    # Any moment of a run, and the last attempts long enough to end.
    limit=$(python3 -c "import random; print(random.uniform(0.01, $whole) if $kills < 12 else 100)")
    status=0
    timeout -s KILL "$limit" "$@" >/dev/null 2>err.txt || status=$?
    [ "$status" = 137 ] && kills=$((kills + 1)) && continue
    [ "$status" = 0 ] || die "attempt $attempt ended with $status: $(cat err.txt)"
    [ -f model.pth ] && break
  done
  [ "$kills" -ge 3 ] || die "only $kills kills hit; the test shows nothing"
  "$BUILD/same_bits" whole.pth last.pth model_state_dict optimizer_state_dict epoch step rng_state || die "resumed checkpoint differs ($threads threads)"
  "$BUILD/same_bits" whole-model.pth model.pth model_state_dict metrics || die "resumed model differs ($threads threads)"
  ls -A | grep -q okibi- && ls -A | grep okibi- | head -3 && die "temporary files were left behind by a run that ended well"
  echo "$threads thread(s): $kills kills"
done
