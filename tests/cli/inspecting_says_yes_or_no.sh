# scan, stats, diff and verify: exit status 0 for yes, 1 for no, 2 when it cannot be done; JSON that parses.
. "$(dirname "$0")/common.inc"
train --epochs 1 --seed 1 --checkpoint a.pth --model model.pth >/dev/null 2>&1
train --epochs 2 --seed 1 --checkpoint b.pth >/dev/null 2>&1
json() { python3 -c "import json,sys; d=json.load(sys.stdin); assert d['okibi_version']; assert $1, d"; }
exits_with() { local status=$1 got=0; shift; "$@" >out.txt 2>err.txt || got=$?; [ "$got" = "$status" ] || die "$* ended with $got: $(cat out.txt err.txt)"; }

for verb in scan stats diff verify; do
  grep -q "Example" <<<"$("$OKIBI" $verb --help)" || die "$verb --help has no example"
  fails_with 2 "no-such" "$OKIBI" $verb no-such.pth no-such.pth
done

exits_with 0 "$OKIBI" stats a.pth '*.weight'
grep -q '^model_state_dict.mlp.0.weight  *float32  \[64, 16\]  *-0' out.txt || die "stats: $(cat out.txt)"
"$OKIBI" stats a.pth --json | json "all(t['min'] <= t['mean'] <= t['max'] for t in d['tensors'] if t['numel'])"
exits_with 1 "$OKIBI" stats a.pth 'no.such.*'

exits_with 0 "$OKIBI" diff a.pth a.pth
exits_with 1 "$OKIBI" diff a.pth b.pth
grep -q '^~  model_state_dict.mlp.0.weight ' out.txt && grep -q '^~  epoch  *1  *2$' out.txt || die "diff: $(cat out.txt)"
"$OKIBI" diff a.pth b.pth --json >out.json || true
json "not d['same'] and d['changed'][0]['max_abs'] > 0" <out.json

exits_with 0 "$OKIBI" verify a.pth
"$OKIBI" verify a.pth --json | json "d['ok'] and d['problems'] == [] and d['checksums'] == 'all'"
"$OKIBI" convert a.pth weights.safetensors --part model_state_dict >out.txt
exits_with 0 "$OKIBI" verify weights.safetensors
grep -q "^ok.* no checksums" out.txt || die "verify: $(cat out.txt)"
"$OKIBI" verify weights.safetensors --json | json "d['ok'] and d['checksums'] == 'none' and d['unchecked_bytes'] > 0"
head -c $(($(stat -c %s a.pth) - 3000)) a.pth >cut.pth
exits_with 1 "$OKIBI" verify cut.pth --rescue rest.pth
grep -q "tensors are whole" out.txt || die "verify: $(cat out.txt)"
exits_with 0 "$OKIBI" verify rest.pth
fails_with 2 "get back what is whole with \`okibi verify cut.pth --rescue NEW.pth\`" "$OKIBI" ls cut.pth
head -c 3000 weights.safetensors >cut.safetensors
fails_with 2 "okibi verify cut.safetensors --rescue NEW.pth" "$OKIBI" show cut.safetensors
exits_with 1 "$OKIBI" verify cut.safetensors --rescue some.pth
exits_with 0 "$OKIBI" verify some.pth
cp "$ROOT/tests/golden/pt2/net.pt2" whole.pt2
head -c 3000 whole.pt2 >cut.pt2
exits_with 2 "$OKIBI" ls cut.pt2
grep -q -- "--rescue" err.txt && die "a cut .pt2 cannot be rescued: $(cat err.txt)"
cp cut.pth before.pth
cp -r "$ROOT/tests/golden/safetensors/sharded" parts && rm parts/model-00002-of-00003.safetensors
fails_with 2 "okibi verify parts/model.safetensors.index.json --rescue NEW.pth" "$OKIBI" ls parts
exits_with 1 "$OKIBI" verify parts/model.safetensors.index.json --rescue others.pth
"$OKIBI" ls others.pth >/dev/null || die "what is in the other files was not rescued"
fails_with 2 "there is a file of this name already" "$OKIBI" verify cut.pth --rescue cut.pth
cmp -s cut.pth before.pth || die "verify --rescue replaced its own source"
exits_with 1 "$OKIBI" diff rest.pth a.pth
grep -q '^~ *model' out.txt && die "a rescued tensor is not as it was: $(cat out.txt)"
"$OKIBI" verify cut.pth --json >out.json || true
json "not d['ok'] and d['problems'][0]['problem'] and d['recoverable']['tensors']" <out.json

exits_with 0 "$OKIBI" convert "$ROOT/tests/golden/pt2/net.pt2" net.safetensors
grep -q "tensors of state_dict" out.txt || die "convert of a program: $(cat out.txt)"
"$OKIBI" convert "$ROOT/tests/golden/pt2/net.pt2" net.safetensors --part '' --json | json "d['part'] == ''"
fails_with 2 "does not say which format" "$OKIBI" convert a.pth a.safetensor
fails_with 2 "never written in shards" "$OKIBI" convert a.pth b.pth --shard-size 1MB
[ ! -e a.safetensor ] || die "convert wrote a file of a misspelt name"

exits_with 0 "$OKIBI" scan a.pth
exits_with 0 "$OKIBI" scan a.pth --strict
"$OKIBI" scan a.pth --json | json "d['verdict'] == 'safe' and d['globals'][0]['judgement'] == 'tensor'"
exits_with 1 "$OKIBI" scan cut.pth
printf 'cos\nsystem\n(S"touch ran"\ntR.' >evil.pkl
exits_with 1 "$OKIBI" scan evil.pkl
grep -q "^unsafe  *os.system" out.txt || die "scan: $(cat out.txt)"
[ ! -e ran ] || die "the file was obeyed"
