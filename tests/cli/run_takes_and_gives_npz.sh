# okibi run: the arrays of an .npz are arguments, and tensors go into one, as NumPy writes and reads them; what cannot be
# is told in one line.
. "$(dirname "$0")/common.inc"

cat >model.py <<'PY'  # PyTorch wants to see its source
from typing import Dict, List, Tuple
import numpy
import torch
class Net(torch.nn.Module):
    def forward(self, x, scale: float, n: int = 3):
        return x * scale + n
    @torch.jit.export
    def by_key(self, x, X) -> Dict[str, torch.Tensor]:
        return {"sum": x + X, "sub/difference": x - X, "half": x.half()}
    @torch.jit.export
    def both(self, x, X) -> Tuple[torch.Tensor, torch.Tensor]:
        return x, X.t()
    @torch.jit.export
    def many(self, n: int) -> List[torch.Tensor]:
        return [torch.full([i], i) for i in range(n)]
    @torch.jit.export
    def number(self) -> Dict[str, float]:
        return {"loss": 0.5}
    @torch.jit.export
    def outside(self) -> Dict[str, torch.Tensor]:
        return {"../x": torch.ones(1)}
torch.jit.script(Net()).save("net.pt")

x, X = numpy.float32([[1, 2, 3], [4, 5, 6]]), numpy.float32([[6, 5, 4], [3, 2, 1]])
numpy.save("x.npy", x)
numpy.save("seven.npy", 7)
numpy.savez("named.npz", n=7, scale=0.5, x=x)
numpy.savez("rest.npz", scale=0.5)
numpy.savez("in_order.npz", x, 2, 7)
numpy.savez_compressed("packed.npz", x=numpy.asfortranarray(x), X=X.astype(">f4"))
numpy.savez("twelve.npz", *range(12))
numpy.savez("mixed.npz", x, scale=0.5)
numpy.savez("unknown.npz", y=x)
numpy.savez("empty.npz")
numpy.savez("objects.npz", x=numpy.array([{}, 1], dtype=object))
numpy.savez("records.npz", x=numpy.zeros(2, dtype=[("a", "i4"), ("b", "f4")]))
numpy.savez("text.npz", x=numpy.array(["a", "b"]))
numpy.savez("real.npz", x=x, scale=0.5, n=0.5)
numpy.savez("large.npz", x=x, scale=0.5, n=numpy.uint64(2**63))
numpy.savez_compressed("bomb.npz", x=numpy.zeros(100_000_000, dtype="uint8"))
with open("named.npz", "rb") as whole, open("cut.npz", "wb") as cut:
    cut.write(whole.read()[:-40])

import zipfile
good = zipfile.ZipFile("named.npz").read("x.npy")
other = zipfile.ZipFile("packed.npz").read("X.npy")
def made(name, *records):
    with zipfile.ZipFile(name, "w") as z:
        for record, content in records:
            z.writestr(record, content)
made("climbs.npz", ("../x.npy", good))
made("other.npz", ("x.npy", good), ("readme.txt", ""))
made("backwards.npz", ("arr_1.npy", other), ("arr_0.npy", good))
made("gap.npz", ("arr_0.npy", good), ("arr_2.npy", good))
PY
/usr/bin/python3 model.py

run() { "$OKIBI" run net.pt "$@"; }
run --input named.npz --output named.npy
run --input x.npy --input 0.5 --input seven.npy --output alone.npy
run --input x.npy --input rest.npz --output rest.npy
run --input in_order.npz --output in_order.npy
run --input in_order.npz --input empty.npz --output single.npz
run --method both --input packed.npz --output both.npz
run --method both --input backwards.npz --output backwards_out.npz
run --method by_key --input packed.npz --output by_key.npz
run --method many --input 12 --output many.npz
run --method many --input 0 --output none.npz
/usr/bin/python3 - <<'PY'
import numpy
x, X = numpy.float32([[1, 2, 3], [4, 5, 6]]), numpy.float32([[6, 5, 4], [3, 2, 1]])
def same(found, expected):
    assert found.dtype == expected.dtype and found.shape == expected.shape and (found == expected).all(), (found, expected)
def holds(file, **expected):
    with numpy.load(file) as found:
        assert list(found) == list(expected), (file, list(found))
        for name in expected:
            same(found[name], expected[name])
for file in ["named.npy", "alone.npy"]:
    same(numpy.load(file), x / 2 + 7)
same(numpy.load("rest.npy"), x / 2 + 3)
same(numpy.load("in_order.npy"), x * 2 + 7)
holds("single.npz", arr_0=x * 2 + 7)
for file in ["both.npz", "backwards_out.npz"]:
    holds(file, arr_0=x, arr_1=X.T)
holds("by_key.npz", **{"sum": x + X, "sub/difference": x - X, "half": x.astype("float16")})
holds("many.npz", **{f"arr_{i}": numpy.full(i, i) for i in range(12)})
holds("none.npz")
PY
run --input named.npz --bench --json >bench.json
/usr/bin/python3 -c 'import json; assert json.load(open("bench.json"))["calls"] >= 5'

# Names that do not fit.
fails_with 2 "input 1, mixed.npz: the arrays are named neither as the parameters are nor arr_0, arr_1, …: expected x, scale, n, found scale, arr_0. Save them by numpy.savez(file, x=…, scale=…, n=…), or all of them without names." run --input mixed.npz
fails_with 2 "expected x, scale, n, found y" run --input unknown.npz
fails_with 2 "expected x, X, found arr_0, arr_2" run --method both --input gap.npz
fails_with 2 "the method has no parameters" run --method number --input named.npz
fails_with 2 "more arguments than it has" run --input twelve.npz
fails_with 2 "input 2, named.npz: the argument x is given a second time" run --input x.npy --input named.npz
fails_with 2 "input 3, rest.npz: the argument scale is given a second time" run --input x.npy --input rest.npz --input rest.npz
fails_with 2 "input 2: an argument without a name comes after those that have names" run --input rest.npz --input x.npy
fails_with 2 "input 2, in_order.npz: an argument without a name" run --input rest.npz --input in_order.npz
fails_with 2 "gives no scale" run --input x.npy --input empty.npz
fails_with 2 "missing.npz" run --input missing.npz

# Arrays that are no arguments.
fails_with 2 "input 1, objects.npz, record x.npy: a NumPy array (.npy) of this dtype holds no numbers for a tensor: found '|O'" run --input objects.npz
fails_with 2 "of records is no tensor" run --input records.npz
fails_with 2 "found '<U1'" run --input text.npz
fails_with 2 "the argument n of forward is of another type" run --input real.npz
fails_with 2 "the argument n of forward is of another type" run --input large.npz

# Files that are none, or hostile.
cp x.npy no_archive.npz
fails_with 2 "no_archive.npz: the end record of a zip archive is missing" run --input no_archive.npz
fails_with 2 "cut.npz" run --input cut.npz
fails_with 2 "bomb.npz, record x.npy, offset 0: the deflated records would inflate to more than" run --input bomb.npz
fails_with 2 "a record's name climbs out of its folder" run --input climbs.npz
fails_with 2 "found readme.txt" run --input other.npz

# Results that are no arrays leave no file.
fails_with 2 "found loss is of type float. Write it as .pt." run --method number --output number.npz
fails_with 2 "record ../x.npy: the name climbs out of its folder" run --method outside --output outside.npz
fails_with 2 "Write it as .npz" run --method both --input packed.npz --output both.npy
for file in number.npz outside.npz both.npy; do [ ! -e "$file" ] || die "$file was left behind"; done
