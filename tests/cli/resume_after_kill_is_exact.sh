# Killed by SIGKILL at random moments, mid-epoch and mid-write too, and resumed: the same bits in both files as an
# uninterrupted run, with one thread and with two.
. "$(dirname "$0")/common.inc"

options="--epochs 12 --checkpoint-every 50 --seed 7 --dropout 0.1"

# Trains to the end, however often it is killed on the way; counts the kills.
train_under_fire() {
  rm -f last.pth model.pth
  while [ ! -f model.pth ]; do
    local status=0 limit
    limit=$(python3 -c "import random; print(random.uniform(0.01, $whole))")
    if [ -f last.pth ]; then
      timeout -s KILL "$limit" "$OKIBI" train "$CSV" --resume last.pth >/dev/null 2>err.txt || status=$?
    else
      timeout -s KILL "$limit" "$OKIBI" train "$CSV" --target admitted --categorical gender:8,department:8 --lr 0.003 \
        $options --threads $threads --checkpoint last.pth --model model.pth >/dev/null 2>err.txt || status=$?
    fi
    if [ "$status" = 137 ]; then kills=$((kills + 1))
    elif [ "$status" != 0 ]; then die "ended with $status: $(cat err.txt)"; fi
  done
}

for threads in 1 2; do
  begin=$(date +%s.%N)
  # shellcheck disable=SC2086
  train $options --threads $threads --checkpoint whole.pth --model whole-model.pth >/dev/null 2>&1
  whole=$(python3 -c "import time; print(time.time() - $begin)")
  kills=0
  for round in $(seq 1 40); do
    train_under_fire
    "$BUILD/same_bits" whole.pth last.pth model_state_dict optimizer_state_dict epoch step rng_state ||
      die "the resumed checkpoint differs ($threads threads)"
    "$BUILD/same_bits" whole-model.pth model.pth model_state_dict metrics || die "the resumed model differs ($threads threads)"
    [ "$kills" -lt 8 ] || break
  done
  [ "$kills" -ge 8 ] || die "only $kills kills hit; the test shows nothing"
  ls -A | grep -F .okibi && die "temporary files were left behind by a run that ended well"
  echo "$threads thread(s): $kills kills in $round trainings"
done
