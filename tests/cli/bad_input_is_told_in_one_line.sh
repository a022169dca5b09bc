# Bad input: a sentence that names file, line, column or key; exit status 2; nothing overwritten.
. "$(dirname "$0")/common.inc"
train --epochs 1 --checkpoint last.pth --model model.pth >/dev/null 2>&1
cp last.pth last.bak; cp model.pth model.bak
wrong() { "$OKIBI" train "$@" --checkpoint last.pth --model model.pth; }

fails_with 2 "genre" wrong "$CSV" --target admitted --categorical genre:8
grep -q "gender" err.txt || die "a missing column should name those there are: $(cat err.txt)"
fails_with 2 "line 2" wrong "$CSV" --target admitted --continuous department
grep -q "department" err.txt || die "names the column: $(cat err.txt)"
: >empty.csv
fails_with 2 "empty.csv" wrong empty.csv --target admitted --categorical gender:8
printf 'gender,admitted\nmale,1\nfemale\n' >ragged.csv
fails_with 2 "line 3" wrong ragged.csv --target admitted --categorical gender:8
fails_with 2 "no-such.csv" wrong no-such.csv --target admitted --categorical gender:8
printf 'gender,department\nmale,A\nother,B\n' >unseen.csv
fails_with 2 "other" "$OKIBI" predict model.pth unseen.csv
grep -q "unseen.csv" err.txt && grep -q "line 3" err.txt && grep -q "gender" err.txt || die "unseen category: $(cat err.txt)"

head -c 1000 model.pth >cut.pth
fails_with 2 "cut.pth" "$OKIBI" predict cut.pth "$CSV"
fails_with 2 "cut.pth" "$OKIBI" ls cut.pth
head -c 3000 /dev/urandom >garbled.pth
fails_with 2 "garbled.pth" "$OKIBI" show garbled.pth
python3 - <<'PY'
import zipfile
with zipfile.ZipFile("evil.pth", "w") as z:
    z.writestr("evil/data.pkl", b"cos\nsystem\n(S'touch evil-ran'\ntR.")
    z.writestr("evil/version", "3\n")
PY
fails_with 2 "os.system" wrong "$CSV" --resume evil.pth
fails_with 2 "os.system" "$OKIBI" predict evil.pth "$CSV"
[ ! -e evil-ran ] || die "the file was obeyed"

printf 'kind,admitted\na,1\nb,0\n' >other.csv
"$OKIBI" train other.csv --target admitted --categorical kind:2 --epochs 1 --checkpoint other.pth >/dev/null 2>&1
fails_with 2 "" "$OKIBI" train "$CSV" --resume other.pth --epochs 5 --checkpoint last.pth
fails_with 2 "hidden" "$OKIBI" train "$CSV" --resume last.pth --hidden 8 --epochs 5
fails_with 2 "seed" "$OKIBI" train "$CSV" --resume last.pth --seed 5 --epochs 5
fails_with 2 "" "$OKIBI" predict last.pth
fails_with 2 "verb" "$OKIBI" frobnicate
fails_with 1 "no.such" "$OKIBI" ls model.pth 'no.such.*'
fails_with 2 "optimizer_state_dict" "$OKIBI" show last.pth nothing.here

cmp -s last.pth last.bak && cmp -s model.pth model.bak || die "something was overwritten"

# Options may stand before the file; a training that diverges is no success, and keeps what was there.
"$OKIBI" train --target admitted --categorical gender:8 --epochs 1 "$CSV" >/dev/null 2>err.txt || die "options first: $(cat err.txt)"
grep -q "nothing will be saved" err.txt || die "says that nothing is saved: $(cat err.txt)"
fails_with 2 "diverged" "$OKIBI" train "$CSV" --target admitted --categorical gender:8 --optimizer sgd --lr 1e30 --epochs 3 --checkpoint last.pth --model model.pth
cmp -s model.pth model.bak || die "a diverged training replaced the model"
cp last.bak last.pth

# A stranger's checkpoint chooses no files outside its own folder.
mkdir theirs mine
"$OKIBI" train "$CSV" --target admitted --categorical gender:8 --epochs 1 --checkpoint theirs/last.pth --model mine/model.pth >/dev/null 2>&1
cp mine/model.pth mine/model.bak
fails_with 2 "outside its own folder" "$OKIBI" train "$CSV" --resume theirs/last.pth --epochs 2
cmp -s mine/model.pth mine/model.bak || die "written outside"
"$OKIBI" train "$CSV" --resume theirs/last.pth --epochs 2 --model mine/model.pth >/dev/null 2>err.txt || die "named again: $(cat err.txt)"
