# okibi save-script: a trained model and a whole model become programs that PyTorch and okibi run alike.
. "$(dirname "$0")/common.inc"
grep -q "Example" <<<"$("$OKIBI" save-script --help)" || die "save-script --help has no example"
cat >rows.csv <<'CSV'
job,city,age,income,buys
baker,"Köln, West",33,1000,yes
smith,Bonn,51,2500,no
baker,Bonn,28,1800,yes
miller,"Köln, West",64,900,no
CSV
"$OKIBI" train rows.csv --target buys --categorical job,city --continuous age,income --hidden 8 --dropout 0.3 \
  --epochs 3 --model runs/model.pth --checkpoint runs/last.pth >/dev/null
"$OKIBI" predict runs/model.pth rows.csv --json >predictions.json

"$OKIBI" save-script runs/model.pth scripted.pt | grep -q "the program __torch__.TabularModel" || die "no report"
"$OKIBI" save-script runs/last.pth of_checkpoint.pt --json | grep -q '"parameters": 6' || die "no report as JSON"

/usr/bin/python3 - <<'PY'
import csv, json, torch
files = {"encoder.json": ""}
model = torch.jit.load("scripted.pt", _extra_files=files)
encoder = json.loads(files["encoder.json"])
assert not model.training and encoder["output"] == "logit of positive"
rows = list(csv.DictReader(open("rows.csv", encoding="utf-8")))
categorical = torch.tensor([[c["categories"].index(row[c["name"]]) for c in encoder["categorical"]] for row in rows])
continuous = torch.tensor([[(float(row[c["name"]]) - c["mean"]) / c["scale"] for c in encoder["continuous"]] for row in rows])
found = torch.sigmoid(model(categorical, continuous))
expected = torch.tensor([json.loads(line)["probability"] for line in open("predictions.json")])
torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
torch.save(categorical, "categorical.pt"), torch.save(continuous, "continuous.pt")
torch.save(model(categorical, continuous).detach(), "expected.pt")
model.train()
torch.manual_seed(0)
model(categorical, continuous).sum().backward()
assert all(p.grad is not None for p in model.parameters())
torch.save(torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).eval(), "whole.pt")
class Own(torch.nn.Module): pass
torch.save(Own(), "own.pt")
torch.save({"a": torch.ones(2)}, "dict.pth")
PY
"$OKIBI" run scripted.pt --input categorical.pt --input continuous.pt --output y.pt
"$OKIBI" diff y.pt expected.pt --rtol 1e-5 --atol 1e-6 || die "okibi and PyTorch differ"
"$OKIBI" save-script whole.pt whole_scripted.pt
/usr/bin/python3 - <<'PY'
import torch
x = torch.randn(4, 2)
torch.testing.assert_close(torch.jit.load("whole_scripted.pt")(x), torch.load("whole.pt")(x))
PY
fails_with 2 'Own' "$OKIBI" save-script own.pt x.pt
fails_with 2 'dict.pth' "$OKIBI" save-script dict.pth x.pt
fails_with 2 'none.pth' "$OKIBI" save-script none.pth x.pt
[ ! -e x.pt ] || die "a file was left for a model that could not be written"
