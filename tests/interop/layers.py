"""Every layer with its options, made here and there, from files and back. A part of interop_test.py; the cases stand in
tests/nn/layer_cases.h."""
import re
import sys
import types
import warnings
from collections import OrderedDict

import torch
from torch import nn

from common import driver, load, run, whole


# fastai's class by its semantics, under its name: whole models find it there.
class EmbeddingDropout(nn.Module):
    def __init__(self, emb, embed_p):
        super().__init__()
        self.emb, self.embed_p = emb, embed_p

    def forward(self, words):
        table = self.emb.weight
        if self.training and self.embed_p != 0:
            kept = torch.empty(table.shape[0], 1).bernoulli_(1 - self.embed_p).div_(1 - self.embed_p)
            table = table * kept
        return nn.functional.embedding(words, table, self.emb.padding_idx)


EmbeddingDropout.__module__ = "fastai.text.models.awdlstm"
for name in ["fastai", "fastai.text", "fastai.text.models", "fastai.text.models.awdlstm"]:
    sys.modules[name] = types.ModuleType(name)
sys.modules["fastai.text.models.awdlstm"].EmbeddingDropout = EmbeddingDropout


class LayerTests:
    def test_layers_and_their_gradients(self):
        folder = self.folder / "layers"
        folder.mkdir()
        run(driver, "layers", folder)
        cases = load(folder / "cases.pth")
        self.assertGreater(len(cases), 50)
        theirs = {}
        for index, case in enumerate(cases):
            with self.subTest(case["python"], index=index):
                torch.manual_seed(index)
                try:
                    theirs[index] = eval(case["python"], {"nn": nn, "torch": torch, "OrderedDict": OrderedDict,
                                                          "EmbeddingDropout": EmbeddingDropout})
                except (AttributeError, TypeError):  # this PyTorch is older than the layer
                    self.assertRegex(case["python"], "RMSNorm|bias=False")
                    if "RMSNorm" not in case["python"]:
                        self.compare_script(case, folder / f"{index}.script.pt")
                    continue
                theirs[index].train(case["training"])
                torch.save(theirs[index], folder / f"{index}.py.pt")
                self.compare_layer(case, theirs[index], torch.load(folder / f"{index}.pt", **whole))
                self.compare_script(case, folder / f"{index}.script.pt")
        run(driver, "layers-of-python", folder)
        for index, again in enumerate(load(folder / "again.pth")):
            with self.subTest(cases[index]["python"], index=index, way="from Python"):
                self.assertEqual(again is None, index not in theirs or cases[index]["did"] is None)
                if again is not None:
                    self.assertEqual(again["repr"], cases[index]["repr"])
                    self.same(again["did"], cases[index]["did"])

    # What PyTorch prints since 2.12 and did not before.
    def printed_by(self, module, text):
        if "mode=mean" in repr(module):
            text = text.replace("mode='mean'", "mode=mean")
        if " x " not in repr(module):
            text = self.one_by_one(text)
        return text if re.search(r"Norm\w*\(.*bias=", repr(module)) else re.sub(r"(Norm.*), bias=(True|False)", r"\1", text)

    # "(0-1): 2 x Linear(…)" as PyTorch prints it before 2.0: each child of the list by itself. A block ends at its own
    # indentation.
    def one_by_one(self, text):
        block = re.compile(r"^( *)\((\d+)-(\d+)\): \d+ x (.*(?:\n\1 .*)*(?:\n\1\))?)", re.M)
        while found := block.search(text):
            indent, first, last, child = found.groups()
            each = [f"{indent}({index}): {child}" for index in range(int(first), int(last) + 1)]
            text = text[:found.start()] + "\n".join(each) + text[found.end():]
        return text

    # Dropout of what is transposed draws for elements as they lie in memory, which older versions (1.13) did not.
    def draws_otherwise(self, case):
        x = torch.ones(3, 4)
        torch.manual_seed(0)
        transposed = nn.functional.dropout(x.t())
        torch.manual_seed(0)
        if torch.equal(transposed, nn.functional.dropout(x).t()):
            return False
        is_transposed = any(not x.is_contiguous() for x in case["inputs"])
        return "ropout" in case["python"] and (is_transposed or re.search("Transformer.*dropout=0.3.*batch_first", case["python"]) is not None)

    def compare_layer(self, case, made, read):
        """`made` by Python's constructor, `read` from okibi's file of the C++ one."""
        for module in (made, read):
            self.assertEqual(repr(module), self.printed_by(module, case["repr"]))
            self.assertEqual(module.training, case["training"])
            self.same(dict(module.state_dict()), dict(case["state_dict"]))
            self.assertEqual({name: fact["version"] for name, fact in module.state_dict()._metadata.items()}, case["versions"])
        base = set(nn.Module().__dict__)
        for ours, theirs in zip(read.modules(), made.modules()):
            self.assertIs(type(ours), type(theirs))
            for name in set(theirs.__dict__) - base:
                a, b = getattr(ours, name), getattr(theirs, name)
                if name in ("_flat_weights", "_flat_weight_refs"):  # the very parameters
                    held = [x if isinstance(x, torch.Tensor) else x() for x in a]
                    self.assertEqual([id(x) for x in held], [id(x) for x in ours.parameters()])
                    continue
                self.assertEqual((a, type(a)), (b, type(b)), name)
        if case["did"] is not None and not self.draws_otherwise(case):
            for module in (made, read):
                self.compare_what_it_did(case["did"], self.run_layer(module, case["inputs"], case["call"]))

    def test_layers_that_were_traced(self):
        folder = self.folder / "traces"
        folder.mkdir()
        run(driver, "traces", folder)
        cases = load(folder / "traces.pth")
        self.assertGreater(len(cases), 50)
        for index, case in enumerate(cases):
            with self.subTest(case["python"], index=index):
                # Without a batch, with weights for one batch size, and with a number that depends on it.
                is_bound = case["inputs"][0].dim() < 3 and "Conv1d" in case["python"] or \
                    case["inputs"][0].dim() < 4 and "reflect" in case["python"] or \
                    re.search(r"BCEWithLogitsLoss\(weight|batchmean", case["python"])
                self.assertEqual("problem" in case, bool(is_bound), case.get("problem"))
                if "RMSNorm" in case["python"] and not hasattr(nn, "RMSNorm"):
                    continue
                traced = torch.jit.load(str(folder / f"{index}.trace.pt"))
                self.compare_what_it_did(case["output"], self.joined(traced(*case["inputs"])).detach())
                if not is_bound:
                    self.compare_what_it_did(case["output_of_more"], self.joined(traced(*case["more"])).detach())

    def compare_script(self, case, path):
        """The layer as a program, which okibi wrote: what it does in PyTorch, and did in okibi."""
        script = torch.jit.load(str(path))
        self.assertEqual(script.training, case["training"])
        self.same(dict(script.state_dict()), dict(case["state_dict"]))
        self.assertEqual([p.requires_grad for p in script.parameters()],
                         [name in case["trained"] for name, _ in script.named_parameters()])
        if case["did"] is None:
            return
        self.compare_what_it_did(case["did"]["output"], case["script_gave"])
        if not self.draws_otherwise(case):
            self.compare_what_it_did(case["did"], self.run_layer(script, case["inputs"], case["call"]))

    # All tensors of a result, in order, joined to one row; a single one as it is.
    def joined(self, result):
        def gather(result):
            return [result.flatten()] if isinstance(result, torch.Tensor) else [x for part in result or () for x in gather(part)]
        return result if isinstance(result, torch.Tensor) else torch.cat(gather(result))

    def run_layer(self, module, inputs, call=""):
        inputs = [x.clone().requires_grad_() if x.dtype.is_floating_point else x for x in inputs]
        torch.manual_seed(1)
        # Twice removed, so that a layer that works in place does not change a leaf.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call = eval(call) if call else lambda module, *inputs: module(*inputs)
            out = self.joined(call(module, *[x.clone() for x in inputs]))
        if out.requires_grad:
            values = (torch.arange(out.numel(), dtype=torch.float64) * 7 + 3) % 11 - 5
            values = values / 3 + 0.5
            out.backward((values + torch.where(values < 0, -0.2, 0.2)).view(out.shape).to(out.dtype))
        return {"output": out.detach(), "of_inputs": [x.grad for x in inputs],
                "of_parameters": {name: x.grad for name, x in module.named_parameters()},
                "buffers": dict(module.named_buffers())}

    def compare_what_it_did(self, ours, theirs, where=""):
        self.assertIs(type(ours), type(theirs), where)
        if isinstance(ours, dict):
            self.assertEqual(list(ours), list(theirs), where)
            ours, theirs = list(ours.values()), list(theirs.values())
        if isinstance(ours, list):
            self.assertEqual(len(ours), len(theirs), where)
            for index, (a, b) in enumerate(zip(ours, theirs)):
                self.compare_what_it_did(a, b, f"{where}.{index}")
        elif ours is not None:
            self.assertEqual((ours.dtype, ours.shape), (theirs.dtype, theirs.shape), where)
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=2e-6, equal_nan=True)
