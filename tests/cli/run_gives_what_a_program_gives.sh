# okibi run: a program's results, by files and literals, are those of PyTorch; mistakes are told in one line.
. "$(dirname "$0")/common.inc"
GOLDEN=$ROOT/tests/golden
MODEL=$GOLDEN/script/tabular.pt
grep -q "Example" <<<"$("$OKIBI" run --help)" || die "run --help has no example"

/usr/bin/python3 - "$MODEL" <<'PY'
import sys
import numpy
import torch
torch.manual_seed(1)
model = torch.jit.load(sys.argv[1])
categories, numbers = torch.tensor([[0, 1], [1, 0], [1, 1]]), torch.randn(3, 2)
expected = model(categories, numbers)
numpy.save("categories.npy", categories.numpy())
numpy.save("numbers.npy", numpy.asfortranarray(numbers.numpy()))
numpy.save("expected.npy", expected.detach().numpy())
torch.save(numbers, "numbers.pt")
PY

"$OKIBI" run "$MODEL" --input categories.npy --input numbers.npy --output y.npy
"$OKIBI" run "$MODEL" --input '[[0, 1], [1, 0], [1, 1]]' --input numbers.pt --output y.pt
"$OKIBI" run "$MODEL" --input categories.npy --input numbers.npy --json >y.json
"$OKIBI" run "$MODEL" --input categories.npy --input numbers.npy >y.txt
grep -q '^tensor(\[' y.txt || die "printed: $(cat y.txt)"
/usr/bin/python3 - <<'PY'
import json
import numpy
import torch
expected = numpy.load("expected.npy")
for found in [numpy.load("y.npy"), torch.load("y.pt").numpy(),
              numpy.float32(json.load(open("y.json"))["result"]["$tensor"]["values"]).reshape(expected.shape)]:
    assert found.dtype == expected.dtype and found.shape == expected.shape, (found, expected)
    numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
PY

cat >odd.py <<'PY'  # PyTorch wants to see its source
from typing import Dict, List, Optional, Tuple
import torch
class Odd(torch.nn.Module):
    def forward(self, n: int, x: Optional[torch.Tensor] = None) -> Tuple[Dict[str, torch.Tensor], List[float], Optional[str]]:
        print("counting", n)
        return {"b": torch.full([2], float("nan")), "a": torch.ones(1, 2, dtype=torch.int64) * n}, [float("inf")], None
torch.jit.script(Odd()).save("odd.pt")
PY
/usr/bin/python3 odd.py
"$OKIBI" run odd.pt --input 7 --json >odd.json 2>odd.txt
[ "$(cat odd.txt)" = "counting 7" ] || die "what it prints: $(cat odd.txt)"
/usr/bin/python3 - <<'PY'
import json
nan, inf = {"$float": "nan"}, {"$float": "inf"}
expected = {"$tuple": [{"b": {"$tensor": {"dtype": "float32", "shape": [2], "values": [nan, nan]}},
                        "a": {"$tensor": {"dtype": "int64", "shape": [1, 2], "values": [7, 7]}}}, [inf], None]}
assert json.load(open("odd.json"))["result"] == expected, open("odd.json").read()
PY

"$OKIBI" run "$MODEL" --input categories.npy --input numbers.npy --bench --json >bench.json
/usr/bin/python3 -c 'import json; d = json.load(open("bench.json")); assert d["calls"] >= 5 and 0 < d["least_ms"] <= d["median_ms"] <= d["p90_ms"], d'

fails_with 2 "no method nonsense" "$OKIBI" run "$MODEL" --method nonsense
fails_with 2 "gives no" "$OKIBI" run "$MODEL"
fails_with 2 "neither a file of a known kind nor a literal" "$OKIBI" run "$MODEL" --input '[[1'
fails_with 2 "equal size: expected [1], found [2]" "$OKIBI" run "$MODEL" --input '[[1], [1, 2]]' --input numbers.npy
fails_with 2 "larger than an int is: expected at most 9223372036854775807" "$OKIBI" run "$MODEL" --input 18446744073709551615 --input numbers.npy
fails_with 2 "missing.npy" "$OKIBI" run "$MODEL" --input missing.npy --input numbers.npy
fails_with 2 "written as .npy, .npz or .pt" "$OKIBI" run "$MODEL" --input categories.npy --input numbers.npy --output y.csv
fails_with 2 "no TorchScript program" "$OKIBI" run numbers.pt
printf '\x93NUMPY\x01\0\x20\0' >cut.npy
fails_with 2 "cut.npy" "$OKIBI" run "$MODEL" --input cut.npy --input numbers.npy
