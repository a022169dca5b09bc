# okibi script: classes, signatures, operators and whether each is supported; as text and as JSON. What is no program is
# told in one line, with the verb that reads it.
. "$(dirname "$0")/common.inc"
GOLDEN=$ROOT/tests/golden
grep -q "Example" <<<"$("$OKIBI" script --help)" || die "script --help has no example"

"$OKIBI" script "$GOLDEN/script/torture.pt" >out.txt
grep -q '^class __torch__.Torture(Module)$' out.txt || die "class: $(cat out.txt)"
grep -q '^  steps: Tensor  (buffer)$' out.txt || die "buffer: $(cat out.txt)"
grep -q '^  def forward(x: Tensor, scale: float=1.) -> Tensor$' out.txt || die "signature: $(cat out.txt)"
grep -q '^def __torch__.helper(x: Tensor, k: int=2, flag: bool=True) -> Tensor$' out.txt || die "function: $(cat out.txt)"
grep -q '^aten::linear .* yes ' out.txt || die "operators: $(cat out.txt)"
grep -q '^[0-9]* operators, [0-9]* of them not supported$' out.txt || die "sum: $(cat out.txt)"

"$OKIBI" script "$GOLDEN/script/tabular.pt" --json >out.json
python3 - <<'PY'
import json
d = json.load(open("out.json"))
assert d["okibi_version"] and d["format"] == "torchscript" and d["format_version"] == 3, d
assert d["root"] == "__torch__.Tabular", d["root"]
(root,) = [c for c in d["classes"] if c["name"] == d["root"]]
assert root["kind"] == "Module" and root["methods"][0]["parameters"][0] == {"name": "categories", "type": "Tensor"}, root
assert {"name": "training", "role": "attribute", "type": "bool"} in root["attributes"], root
assert any(o["name"] == "aten::embedding" and o["supported"] and o["first"].startswith("code/") for o in d["operators"])
assert d["extra_files"] == [{"name": "labels.txt", "nbytes": 7}], d["extra_files"]
PY

fails_with 2 "no-such" "$OKIBI" script no-such.pt
fails_with 2 "of the format pt2. \`okibi ls\`" "$OKIBI" script "$GOLDEN/pt2/net.pt2"
fails_with 2 "of the format torch-legacy" "$OKIBI" script "$GOLDEN/old/legacy_views.pth"
train --epochs 1 --seed 1 --checkpoint a.pth >/dev/null 2>&1
fails_with 2 "a.pth: this is no TorchScript program, but of the format torch-zip" "$OKIBI" script a.pth
fails_with 2 "text file" "$OKIBI" script "$CSV"
head -c 5000 "$GOLDEN/script/torture.pt" >cut.pt
fails_with 2 "cut.pt" "$OKIBI" script cut.pt

# An enum among the attributes once kept all verbs from reading the file.
"$OKIBI" ls "$GOLDEN/script/torture.pt" >out.txt
grep -q '^inner.lin.weight ' out.txt || die "ls: $(cat out.txt)"

python3 - <<'PY'
import zipfile
def made(name, version, code):
    with zipfile.ZipFile(name, "w") as z:
        z.writestr("a/version", version)
        z.writestr("a/data.pkl", b"\x80\x02c__torch__\nA\n)\x81}b.")
        z.writestr("a/constants.pkl", b"\x80\x02).")
        z.writestr("a/code/__torch__.py", code)
made("mistake.pt", "3\n", "class A(Module):\n  def f(self) -> int:\n    return )\n")
made("future.pt", "11\n", "")
made("colour.pt", "3\n", "class A(Module):\n  __annotations__[\"\\033[31mred\"] = int\n")
PY
fails_with 2 "mistake.pt, record code/__torch__.py, line 3, column 12" "$OKIBI" script mistake.pt
fails_with 2 "expected 1 to 10" "$OKIBI" script future.pt
"$OKIBI" script colour.pt >out.txt
grep -q $'\033' out.txt && die "the file coloured the terminal"
grep -q 'red: int' out.txt || die "attribute: $(cat out.txt)"
