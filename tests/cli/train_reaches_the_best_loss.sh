# The mean log loss over all rows, in eval mode, comes within 0.002 of what any model of these two features can reach.
. "$(dirname "$0")/common.inc"
train --hidden 64,32 --epochs 30 --batch-size 256 --optimizer adam --seed 0 --checkpoint runs/a/last.pth --model runs/a/model.pth --json >lines.json 2>log.txt
python3 - <<'PY'
import json
lines = [json.loads(line) for line in open("lines.json")]
assert [line["epoch"] for line in lines] == list(range(1, 31))
# From the 12 cells' own rates, counted anew.
import collections, csv, math, os
rows = list(csv.DictReader(open(os.environ["ROOT"] + "/examples/admissions/berkeley.csv")))
assert len(rows) == 4526
cells = collections.defaultdict(list)
for row in rows:
    cells[row["gender"], row["department"]].append(int(row["admitted"]))
best = -sum(len(c) * (p * math.log(p) + (1 - p) * math.log(1 - p)) for c in cells.values() for p in [sum(c) / len(c)]) / len(rows)
assert abs(best - 0.570844) < 1e-6, best
assert best <= lines[-1]["loss"] <= best + 0.002, (best, lines[-1]["loss"])
print("best possible", best, "reached", lines[-1]["loss"])
PY
[ "$(wc -l <log.txt)" = 1 ] || die "with --json, only the first line belongs on stderr: $(cat log.txt)"

# Going on to 40 epochs takes the saved options.
"$OKIBI" train "$CSV" --resume runs/a/last.pth --epochs 40 >out.txt 2>err.txt
grep -q '^epoch  40/40' out.txt || die "did not go on to 40: $(cat out.txt err.txt)"

"$OKIBI" ls runs/a/model.pth >out.txt
grep -q '^model_state_dict.mlp.0.weight  *float32  \[64, 16\]' out.txt || die "ls"
"$OKIBI" show runs/a/last.pth >out.txt
grep -q 'epoch: 40' out.txt || die "show"
"$OKIBI" show runs/a/last.pth options.hidden >out.txt
grep -q '64' out.txt || die "show PATH"
"$OKIBI" show runs/a/last.pth --json | python3 -c "import json,sys; d=json.load(sys.stdin); assert d['object']['epoch']==40 and d['okibi_version']"
"$OKIBI" ls runs/a/model.pth --json --hash | python3 -c "import json,sys; d=json.load(sys.stdin); assert sum('weight' in t['name'] or 'bias' in t['name'] for t in d['tensors'])==8 and len(d['tensors'][0]['sha256'])==64 and d['total_nbytes']==d['unique_nbytes']"
[ "$("$OKIBI" predict runs/a/model.pth "$CSV" | wc -l)" = 4527 ] || die "predict"
