"""okibi and the real PyTorch, file by file and number by number. One process for the whole suite, since importing torch
takes seconds. Usage: interop_test.py BUILD ROOT [unittest arguments]"""
import copy
import csv as csv_module
import json
import pathlib
import random
import re
import sys
import tempfile
import unittest
from collections import OrderedDict

import torch
from torch import nn
try:
    import torchvision  # which makes its operators known
except ImportError:
    torchvision = None

import embeddings
import layers
import optimizers
from common import build, driver, load, okibi, root, run, whole

def python_of(page):
    """The Python that a page of docs shows: what users copy is what is tested."""
    text = (root / page).read_text()
    return text.split("```python\n")[1].split("```")[0]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gender, self.job = nn.Embedding(2, 8), nn.Embedding(22, 8)
        self.mlp = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, g, j, x):
        return self.mlp(torch.cat([self.gender(g), self.job(j), x], 1)).squeeze(1)


def batches(count, size, seed):
    generator = torch.Generator().manual_seed(seed)
    return [{"g": torch.randint(2, (size,), generator=generator), "j": torch.randint(22, (size,), generator=generator),
             "x": torch.randn(size, 4, generator=generator),
             "y": torch.randint(2, (size,), generator=generator).float()} for _ in range(count)]


def train(net, optimizer, data):
    losses = []
    for batch in data:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(net(batch["g"], batch["j"], batch["x"]), batch["y"])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


class Interop(layers.LayerTests, optimizers.OptimizerTests, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def same(self, a, b, where="", tolerance=0.0):
        self.assertEqual(type(a), type(b), where)
        if isinstance(a, torch.Tensor):
            self.assertEqual((a.dtype, a.shape, a.stride(), a.requires_grad), (b.dtype, b.shape, b.stride(), b.requires_grad), where)
            if tolerance and a.numel():
                self.assertLessEqual((a.double() - b.double()).abs().max().item(), tolerance, where)
            elif a.layout == torch.strided:
                self.assertTrue(torch.equal(a.contiguous().view(torch.uint8) if a.dtype == torch.bfloat16 and a.dim() else a,
                                            b.contiguous().view(torch.uint8) if b.dtype == torch.bfloat16 and b.dim() else b)
                                or bool(((a != a) == (b != b)).all()), where)
        elif isinstance(a, dict):
            self.assertEqual(list(a), list(b), where)
            for key in a:
                self.same(a[key], b[key], f"{where}.{key}", tolerance)
        elif isinstance(a, (list, tuple)):
            self.assertEqual(len(a), len(b), where)
            for i, (x, y) in enumerate(zip(a, b)):
                self.same(x, y, f"{where}.{i}", tolerance)
        elif isinstance(a, float) and tolerance:
            self.assertAlmostEqual(a, b, delta=tolerance, msg=where)
        else:
            self.assertEqual(a, b, where)

    # ---- every operator of the table, by its schema

    def test_operators_and_their_gradients(self):
        run(driver, "op-samples", self.folder / "ops.pth")
        compared = 0
        for sample in torch.load(self.folder / "ops.pth", **whole):  # a complex number is made by a call
            with self.subTest(sample["schema"]):
                compared += self.compare_operator(sample)
        self.assertGreater(compared, 2900)

    # Than PyTorch 1.13, or grown since: channel_shuffle has no derivative there.
    newer_operators = ["rms_norm", "scaled_dot_product_attention", "aminmax", "_native_multi_head_attention",
                       "_transformer_encoder_layer_fwd", "_scaled_dot_product_attention_math", "_safe_softmax", "_pad_enum",
                       "_native_batch_norm_legit", "_native_batch_norm_legit_no_training", "channel_shuffle", "nonzero_static"]
    newer_overloads = ["aten::squeeze.dims", "aten::all.dims", "aten::any.dims"]
    vectors_of = {"linalg_svd": (0, 2), "svd": (0, 2), "linalg_eigh": (1,)}  # whose signs each LAPACK chooses
    never_on_cpus = ["_conv_depthwise2d", "conv_depthwise3d"]

    def is_new(self, name, values):
        """Whether PyTorch 1.13 has no such overload, refuses such arguments, or gave something else then."""
        if torch.__version__ >= "2":
            return False
        return (name in self.newer_overloads or (name == "aten::sort.stable" and values[1] is None)
                or (name == "aten::pad_sequence" and values[3] != "right")
                or (name == "aten::index.Tensor" and any(at is not None and at.dtype == torch.int32 for at in values[1]))
                or (name.startswith("aten::where.Scalar") and any(isinstance(value, bool) for value in values))
                or (name.startswith("aten::bitwise_") and name.endswith(".Scalar"))
                or (name == "aten::_unique2" and (not values[2] or values[0].isnan().any())))

    def compare_operator(self, sample):
        """Whether there was something to compare."""
        name, schema = sample["schema"].split("(")[0], sample["schema"]
        namespace, name_in_it = name.split("::")
        packet, _, overload = name_in_it.partition(".")
        if (namespace == "torchvision" and torchvision is None) or packet in self.never_on_cpus:
            return False
        operators = getattr(torch.ops, namespace)
        leaves = []

        def leaf(value, place):
            may_be = place in sample["leaf_places"] and sample["gradient"] is not None
            if may_be and isinstance(value, torch.Tensor) and value.dtype.is_floating_point:
                value = value.detach().clone().requires_grad_()
                leaves.append(value)
            return value

        arguments = schema[schema.index("(") + 1:schema.rindex(") ->")].replace("(a)", "").replace("(a -> *)", "")
        words = [word.strip() for word in re.split(r",(?![^\[]*\])", arguments)]
        keyword_from = words.index("*") if "*" in words else len(words)
        names = [word.split("=")[0].split()[-1] for word in words if word != "*"]
        values = [[leaf(item, i) for item in value] if isinstance(value, list) else leaf(value, i)
                  for i, value in enumerate(sample["arguments"])]
        values = [torch.contiguous_format if "MemoryFormat " in word and value == 0 else value
                  for word, value in zip([word for word in words if word != "*"], values)]
        if packet in self.newer_operators and torch.__version__.startswith("1.") or self.is_new(name, values):
            return False
        operator = getattr(getattr(operators, packet), overload or "default")
        known = {argument.name for argument in operator._schema.arguments}
        otherwise = {"padding_side": "right"}  # than None
        for newer in [name for name, value in zip(names, values) if name not in known and value == otherwise.get(name)]:
            values.pop(names.index(newer))
            keyword_from -= names.index(newer) < keyword_from
            names.remove(newer)
        result = operator(*values[:keyword_from], **dict(zip(names[keyword_from:], values[keyword_from:])))
        results = [each for each in result if each is not None] if isinstance(result, (tuple, list)) else [result]
        if packet == "embedding_bag":  # what else it gives is between PyTorch and its backward
            results, sample["outputs"] = results[:1], sample["outputs"][:1]
        self.assertEqual(len(results), len(sample["outputs"]))
        for i, (each, ours) in enumerate(zip(results, sample["outputs"])):
            tolerance = 1e-6 if each.dtype in (torch.float32, torch.complex64) else 1e-12
            self.assertEqual(each.dtype, ours.dtype)
            self.assertEqual(each.shape, ours.shape)
            if i in self.vectors_of.get(packet, ()):
                each, ours = each.abs(), ours.abs()
            torch.testing.assert_close(ours, each.detach(), rtol=tolerance, atol=tolerance, equal_nan=True)
        if sample["gradient"] is None or packet in self.vectors_of:
            return True
        floating = [each for each in results if each.dtype.is_floating_point]
        if sample["first_alone"]:
            result = results[0]
        elif isinstance(result, (tuple, list)):
            result = torch.cat([each.flatten() for each in floating])
        tolerance = 1e-6 if result.dtype == torch.float32 else 1e-12
        result.backward(sample["gradient"])
        # PyTorch up to 2.13 divides by the count of another row there.
        if name == "aten::embedding_bag.padding_idx" and sample["arguments"][3] and torch.__version__ < "2.14":
            return True
        self.assertEqual(len(leaves), len(sample["gradients"]))
        for ours, theirs in zip(sample["gradients"], leaves):
            theirs = torch.zeros_like(theirs) if theirs.grad is None else theirs.grad
            torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True)
        return True

    def test_embeddings_with_every_option(self):
        cases = embeddings.cases()
        torch.save(cases, self.folder / "embeddings.pth")
        run(driver, "embeddings", self.folder / "embeddings.pth", self.folder / "embedded.pth")
        found = load(self.folder / "embedded.pth")
        self.assertEqual(len(found), len(cases))
        for case, given in zip(cases, found):
            with self.subTest(case["kind"], **case["options"], dtype=case["weight"].dtype, ids=case["ids"].tolist()):
                embeddings.compare(self, case, given)

    # ---- random numbers

    def test_initial_weights_permutations_and_dropout_are_bit_equal(self):
        run(driver, "initial-weights", self.folder / "initial.pth")
        ours = load(self.folder / "initial.pth")
        torch.manual_seed(0)
        theirs = {"model_state_dict": Net().state_dict(), "randperm": torch.randperm(1000),
                  "dropout": nn.functional.dropout(torch.ones(1000), 0.3), "randn": torch.randn(100)}
        self.same(ours, theirs)

    # ---- training goes on, in both directions

    def checkpoint_of(self, net, optimizer, name):
        path = self.folder / name
        torch.save({"epoch": 7, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "loss": 0.5}, path)
        return path

    def test_what_pytorch_saved_is_continued_here_and_back(self):
        torch.manual_seed(1)
        net, data = Net(), batches(40, 64, 2)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.003, weight_decay=0.01)
        train(net, optimizer, data[:20])
        saved = self.checkpoint_of(net, optimizer, "theirs.pth")
        torch.save(data[20:21], self.folder / "one.pth")
        run(driver, "continue-training", saved, self.folder / "one.pth", self.folder / "ours.pth")
        ours = load(self.folder / "ours.pth")
        self.assertEqual(ours["epoch"], 7)
        losses = train(net, optimizer, data[20:21])
        self.same(ours["model_state_dict"], net.state_dict(), tolerance=1e-6)
        self.same(ours["optimizer_state_dict"]["state"], optimizer.state_dict()["state"], tolerance=1e-6)
        self.assertAlmostEqual(ours["loss"][0], losses[0], delta=1e-6)

        again = Net()
        again_optimizer = torch.optim.Adam(again.parameters())
        again.load_state_dict(ours["model_state_dict"])
        again_optimizer.load_state_dict(ours["optimizer_state_dict"])
        self.assertEqual(again_optimizer.param_groups[0]["lr"], 0.003)
        torch.save(data[21:22], self.folder / "one.pth")
        run(driver, "continue-training", self.folder / "ours.pth", self.folder / "one.pth", self.folder / "next.pth")
        train(again, again_optimizer, data[21:22])
        self.same(load(self.folder / "next.pth")["model_state_dict"], again.state_dict(), tolerance=1e-6)

    def test_loss_curves_agree_over_the_first_hundred_steps(self):
        torch.manual_seed(5)
        net, data = Net(), batches(100, 64, 6)
        optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
        saved = self.checkpoint_of(net, optimizer, "start.pth")
        torch.save(data, self.folder / "hundred.pth")
        run(driver, "continue-training", saved, self.folder / "hundred.pth", self.folder / "hundred-ours.pth")
        for step, (ours, theirs) in enumerate(zip(load(self.folder / "hundred-ours.pth")["loss"], train(net, optimizer, data))):
            self.assertLessEqual(abs(ours - theirs) / theirs, 1e-4, f"step {step}")

    def admissions(self):
        lines = [line.split(",") for line in (root / "examples/admissions/berkeley.csv").read_text().split()[1:]]
        ids = torch.tensor([[["female", "male"].index(gender), "ABCDEF".index(department)] for gender, department, _ in lines])
        return ids, torch.empty(len(lines), 0), torch.tensor([float(admitted) for *_, admitted in lines])

    def test_the_training_loop_is_pytorchs_from_the_same_seed(self):
        run(driver, "admissions-losses", root / "examples/admissions/berkeley.csv", self.folder / "losses.pth")
        ours = load(self.folder / "losses.pth")
        spaces = {}
        exec(python_of("docs/training.md").split("saved =")[0], spaces)
        torch.manual_seed(0)
        net = spaces["TabularModel"](**ours["model"])
        optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
        dataset = torch.utils.data.TensorDataset(*self.admissions())
        losses = []
        while len(losses) < 100:
            for categorical, continuous, target in torch.utils.data.DataLoader(dataset, 256, shuffle=True):
                optimizer.zero_grad()
                loss = nn.functional.binary_cross_entropy_with_logits(net(categorical, continuous), target)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
        for step, (a, b) in enumerate(zip(ours["losses"], losses)):
            self.assertLessEqual(abs(a - b) / b, 1e-4, f"step {step}")

    # ---- what `okibi train` wrote

    def test_the_trained_model_and_its_checkpoint(self):
        model, last = self.folder / "runs/model.pth", self.folder / "runs/last.pth"
        csv = root / "examples/admissions/berkeley.csv"
        run(okibi, "train", csv, "--target", "admitted", "--categorical", "gender:8,department:8", "--epochs", 3,
            "--lr", 0.003, "--checkpoint", last, "--model", model)
        predicted = [json.loads(line)["probability"] for line in run(okibi, "predict", model, csv, "--json").splitlines()]
        spaces = {}
        exec(python_of("docs/training.md").replace('"model.pth"', repr(str(model))), spaces)
        ids, continuous, target = self.admissions()
        with torch.no_grad():
            theirs = torch.sigmoid(spaces["model"](ids, continuous))
        self.assertLessEqual((theirs - torch.tensor(predicted)).abs().max().item(), 1e-6)

        checkpoint = load(last)
        net = spaces["model"].train()
        optimizer = torch.optim.Adam(net.parameters())
        net.load_state_dict(checkpoint["model_state_dict"])
        optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
        torch.set_rng_state(checkpoint["rng_state"])
        self.assertEqual(len(optimizer.state), 8)
        # One more step here and there, over the batch that comes next. An epoch of okibi begins as DataLoader's does.
        run(okibi, "train", csv, "--resume", last, "--epochs", 4, "--checkpoint", self.folder / "runs/four.pth")
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(ids, continuous, target), 256, shuffle=True)
        for categorical, x, y in loader:
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(categorical, x), y).backward()
            optimizer.step()
        four = load(self.folder / "runs/four.pth")
        self.same(four["model_state_dict"], net.state_dict(), tolerance=1e-5)
        self.assertTrue(torch.equal(four["rng_state"], torch.get_rng_state()))

    # Columns whose names are hostile to the Python source that stands in the file.
    odd_columns = ["2nd floor", 'a"]; raise SystemExit("b', "it's", "tab\tand\\n", "dotted.name", "größe", "type", "__code__"]

    # formats.md: torch-zip | the model of `okibi train`, and any module that says its forward in Python
    #   (`set_python_forward`) | read, also after PyTorch saved it again; written as a `torch.fx.GraphModule`
    def test_the_trained_model_as_a_module_that_pytorch_runs(self):
        csv, whole, model = self.folder / "odd.csv", self.folder / "runs/whole.pt", self.folder / "runs/odd.pth"
        chooser, letters = random.Random(1), "abc"
        rows = [[chooser.choice(letters) for _ in self.odd_columns] + [chooser.random(), chooser.randint(0, 1)] for _ in range(40)]
        with open(csv, "w", newline="") as file:
            writer = csv_module.writer(file)
            writer.writerows([self.odd_columns + ["x", "y"]] + rows)
        run(okibi, "train", csv, "--target", "y", "--categorical", ",".join(self.odd_columns), "--continuous", "x", "--epochs", 2,
            "--dropout", 0.5, "--whole-model", whole, "--model", model)
        expected = [json.loads(line)["probability"] for line in run(okibi, "predict", model, csv, "--json").splitlines()]
        again = [json.loads(line)["probability"] for line in run(okibi, "predict", whole, csv, "--json").splitlines()]
        self.assertEqual(expected, again)

        module = torch.load(whole, weights_only=False)  # in a Python that has never heard of okibi
        self.assertFalse(module.training)
        ids = torch.tensor([[letters.index(cell) for cell in row[:-2]] for row in rows])
        column = module.encoder["continuous"][0]
        x = torch.tensor([[(row[-2] - float(column["mean"])) / float(column["scale"])] for row in rows], dtype=torch.float32)
        theirs = torch.sigmoid(module(ids, x))
        self.assertLessEqual((theirs - torch.tensor(expected)).abs().max().item(), 1e-6)
        self.assertIn("Embedding(3, ", str(module))

        copy.deepcopy(module).train()(ids, x).sum().backward()
        optimizer = torch.optim.Adam(module.train().parameters())
        module(ids, x).sum().backward()
        optimizer.step()
        torch.save(module.eval(), self.folder / "retrained.pt")
        retrained = [json.loads(line)["probability"] for line in
                     run(okibi, "predict", self.folder / "retrained.pt", csv, "--json").splitlines()]
        self.assertLessEqual((torch.sigmoid(module(ids, x)) - torch.tensor(retrained)).abs().max().item(), 1e-6)

    # ---- any object

    def zoo(self):
        base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
        shared = ["the same list"]
        return {
            "views": [base, base.t(), base[1:3, ::2], base[0], base.expand(2, 4, 6)],
            "dtypes": [torch.ones(3).to(dtype) for dtype in (torch.float64, torch.float16, torch.bfloat16, torch.int8, torch.uint8,
                                                              torch.int16, torch.int32, torch.int64, torch.bool, torch.complex64, torch.complex128)],
            "odd": [torch.tensor(3.5), torch.empty(0), torch.empty(3, 0, 2), torch.ones(2, 2).requires_grad_(), torch.tensor([float("nan"), float("inf")])],
            "scalars": [None, True, False, 0, 255, 256, 65535, 65536, -1, 2**31, -2**31, 2**63, -2**100, 1.5, float("inf"), "text", "ü", "", 2 + 3j],
            "nested": OrderedDict([("a", (1, (2, [3, {"b": (), 5: "int key"}]))), ("shared", [shared, shared])]),
            "module": nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).state_dict(),
            "set": {1, 2, 3}, "size": torch.Size([2, 3]), "dtype": torch.float16, "bytes": bytearray(b"abc"),
        }

    # formats.md: torch-zip | state_dicts with `_metadata`, resume checkpoints, any nesting of dicts, lists, tuples,
    #   sets, scalars, strings, bytes | read; written
    def test_objects_come_back_as_they_were(self):
        zoo = self.zoo()
        torch.save(zoo, self.folder / "zoo.pth")
        run(driver, "resave", self.folder / "zoo.pth", self.folder / "again.pth")
        again = torch.load(self.folder / "again.pth", weights_only=False)
        self.same(zoo, again)
        self.assertEqual(again["module"]._metadata, zoo["module"]._metadata)
        self.assertIs(again["nested"]["shared"][0], again["nested"]["shared"][1])
        storages = {view.storage().data_ptr() for view in again["views"]}
        self.assertEqual(len(storages), 1)

    def test_a_hundred_random_objects(self):
        chooser = random.Random(4)
        objects = [self.random_object(chooser, 4) for _ in range(100)]
        torch.save(objects, self.folder / "random.pth")
        run(driver, "resave", self.folder / "random.pth", self.folder / "random-again.pth")
        self.same(objects, torch.load(self.folder / "random-again.pth", weights_only=False))

    def random_object(self, chooser, depth):
        kind = chooser.randrange(8 if depth else 4)
        if kind == 0:
            return chooser.choice([None, True, 0, -5, 2**40, 2**70, 0.25, "word", "日本", ""])
        if kind <= 3:
            sizes = [chooser.randrange(4) for _ in range(chooser.randrange(5))]
            dtype = chooser.choice([torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool, torch.float16])
            tensor = (torch.rand(sizes) * 3).to(dtype)
            return tensor.transpose(0, -1) if len(sizes) > 1 and chooser.random() < 0.5 else tensor
        items = [self.random_object(chooser, depth - 1) for _ in range(chooser.randrange(4))]
        if kind == 4:
            return tuple(items)
        if kind == 5:
            return OrderedDict((f"key{i}", item) for i, item in enumerate(items))
        return items if kind == 6 else {i if i % 2 else f"k{i}": item for i, item in enumerate(items)}

    # ---- streams of before 1.6, and programs

    # formats.md: torch-legacy | 0.1.10 to 1.5, and today with `_use_new_zipfile_serialization=False` | read; written
    def test_streams_both_ways(self):
        zoo = self.zoo()
        torch.save(zoo, self.folder / "stream.pth", _use_new_zipfile_serialization=False)
        run(driver, "resave", self.folder / "stream.pth", self.folder / "from-stream.pth")
        self.same(zoo, torch.load(self.folder / "from-stream.pth", weights_only=False))
        run(driver, "resave", self.folder / "from-stream.pth", self.folder / "again.stream", "torch-legacy")
        again = torch.load(self.folder / "again.stream", weights_only=False)
        self.same(zoo, again)
        self.assertEqual(again["module"]._metadata, zoo["module"]._metadata)
        self.assertEqual(len({view.storage().data_ptr() for view in again["views"]}), 1)
        module = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)).state_dict()
        torch.save(module, self.folder / "module.stream", _use_new_zipfile_serialization=False)
        run(driver, "resave", self.folder / "module.stream", self.folder / "module-again.stream", "torch-legacy")
        self.same(module, load(self.folder / "module-again.stream"))

    # formats.md: torchscript | its parameters and buffers (`load_state_dict`) | read
    def test_programs_have_their_state_dict(self):
        program = torch.jit.script(nn.Sequential(nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3), nn.Sequential(nn.Flatten(), nn.Linear(3, 2))))
        program.save(str(self.folder / "program.pt"))
        run(driver, "state-dict", self.folder / "program.pt", self.folder / "program.pth")
        ours, theirs = load(self.folder / "program.pth"), program.state_dict(keep_vars=True)
        self.same({name: ours[name] for name in sorted(ours)}, {name: theirs[name].data.requires_grad_(theirs[name].requires_grad) for name in sorted(theirs)})

    # Programs with an operator or an overload that PyTorch 1.13 does not know.
    too_new = ["encoder", "interpolating", "numbers", "transformer"] if torch.__version__.startswith("1.13") else []

    # formats.md: torchscript | `torch.jit.save` (1.2 and later): the module tree with its tensors and attributes |
    #   written, of programs that were loaded
    def test_programs_are_saved_again(self):
        folder, saved = root / "tests/golden/script", 0
        for path in sorted(folder.glob("*.pth")):
            with self.subTest(path.stem):
                try:
                    torch.jit.load(str(folder / f"{path.stem}.pt"))
                except RuntimeError as error:
                    self.assertIn(path.stem, self.too_new, str(error))
                    continue
                run(driver, "save-program-again", folder / f"{path.stem}.pt", self.folder / "again.pt")
                run(driver, "save-program-again", self.folder / "again.pt", self.folder / "thrice.pt")
                self.run_program(torch.jit.load(str(self.folder / "thrice.pt")), torch.load(path, **whole))
                saved += 1
        self.assertGreater(saved, 11)

    def run_program(self, program, runs):
        for one in runs:
            with torch.no_grad():
                output = getattr(program, one["method"])(*copy.deepcopy(one["inputs"]))
            self.compare_values(one["output"], output, one["method"])

    def compare_values(self, ours, theirs, where):
        if isinstance(theirs, torch.Tensor):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6, equal_nan=True, msg=where)
        elif isinstance(theirs, (list, tuple)):
            self.assertEqual(len(ours), len(theirs), where)
            for a, b in zip(ours, theirs):
                self.compare_values(a, b, where)
        elif isinstance(theirs, dict):
            self.assertEqual(set(ours), set(theirs), where)
            for key in theirs:
                self.compare_values(ours[key], theirs[key], where)
        elif theirs == theirs:
            self.assertEqual((ours, type(ours)), (theirs, type(theirs)), where)

    # ---- whole models

    # formats.md: torch-zip | whole models of the layers that okibi has | read as live modules; written such that they
    #   run in PyTorch
    def test_whole_models_both_ways(self):
        run(driver, "save-module", self.folder / "module.pt", self.folder / "module-io.pth")
        expected = load(self.folder / "module-io.pth")
        module = torch.load(self.folder / "module.pt", weights_only=False)
        self.assertIsInstance(module, nn.Sequential)
        self.assertFalse(module.training)
        self.assertLessEqual((module(expected["ids"]) - expected["output"]).abs().max().item(), 1e-6)
        module.train()(expected["ids"]).sum().backward()
        self.assertTrue(all(parameter.grad is not None for parameter in module.parameters()))

        theirs = nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.ReLU(), nn.Linear(2, 2, bias=False)), nn.Sigmoid()).eval()
        x = torch.randn(5, 3)
        torch.save(theirs, self.folder / "theirs.pt")
        torch.save(x, self.folder / "x.pth")
        run(driver, "load-module", self.folder / "theirs.pt", self.folder / "x.pth", self.folder / "y.pth")
        self.assertLessEqual((load(self.folder / "y.pth") - theirs(x)).abs().max().item(), 1e-6)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
