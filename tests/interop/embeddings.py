"""nn.Embedding and nn.EmbeddingBag, every option with every other, against the real PyTorch: interop_test.py hands the
cases to okibi and what okibi gave to compare()."""
import itertools

import torch
from torch import nn

ROWS, DIM = 7, 11  # 11 numbers: eight, and some left over, as norms are added up
is_new = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2]) >= (2, 15)
dtypes = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16, "float16": torch.float16}


def random(generator, *sizes):
    return torch.randn(*sizes, generator=generator, dtype=torch.float64)


def embedding_cases(generator):
    ids = {"some": torch.tensor([3, 0, 6, 3, 3, 1, 0]), "matrix": torch.tensor([[5, 2, 5], [1, 1, 6]]),
           "one": torch.tensor(4), "none": torch.zeros(0, dtype=torch.int64), "empty": torch.zeros(2, 0, dtype=torch.int64),
           "narrow": torch.tensor([6, 6, 2], dtype=torch.int32), "all padding": torch.tensor([3, 3])}
    for (name, indices), padding, norm, by_freq, sparse, dtype in itertools.product(
            ids.items(), (None, 3, -1, 0), ((None, 2.0), (1.0, 2.0), (3.0, 2.0), (0.9, 1.0), (0.5, float("inf")), (1.0, 3.0),
                                           (1.0, 0.5), (1.0, 0.0), (0.0, 2.0), (0.3, -1.0)),
            (False, True), (False, True), dtypes):
        if sparse and padding is not None and name == "one":
            continue  # PyTorch fails there: its mask of one index has no dimension to select in
        if by_freq and sparse or norm[0] is not None and (by_freq or sparse) and name not in ("some", "matrix"):
            continue
        weight = random(generator, ROWS, DIM).to(dtypes[dtype])
        yield {"kind": "embedding", "weight": weight, "ids": indices, "gradient": random(generator, *indices.shape, DIM).to(weight.dtype),
               "options": {"padding_idx": padding, "max_norm": norm[0], "norm_type": norm[1], "scale_grad_by_freq": by_freq,
                           "sparse": sparse}}


def bag_cases(generator):
    ids = torch.tensor([3, 0, 6, 3, 3, 1, 0, 5])
    inputs = {"offsets": (ids, torch.tensor([0, 3, 3, 7])), "mixed": (ids, torch.tensor([0, 8], dtype=torch.int32)),
              "matrix": (ids.view(2, 4), None), "narrow": (ids.int(), torch.tensor([0, 2], dtype=torch.int32)),
              "no entries": (ids[:0], torch.tensor([0, 0])), "one row": (ids[3:5], torch.tensor([0, 1]))}
    for (name, (indices, offsets)), mode, padding, norm, by_freq, sparse, weighted, last, dtype in itertools.product(
            inputs.items(), ("sum", "mean", "max"), (None, 3, -1), (None, 1.0), (False, True), (False, True), (False, True),
            (False, True), dtypes):
        if mode == "max" and (by_freq or sparse) or by_freq and sparse or weighted and mode != "sum" or last and offsets is None:
            continue
        weight = random(generator, ROWS, DIM).to(dtypes[dtype])
        if last:
            offsets = torch.cat([offsets, torch.tensor([indices.numel()], dtype=offsets.dtype)])
        bags = indices.shape[0] if offsets is None else offsets.numel() - last
        weights = random(generator, *indices.shape).to(weight.dtype) if weighted else None
        yield {"kind": "bag", "weight": weight, "ids": indices, "offsets": offsets, "weights": weights,
               "gradient": random(generator, bags, DIM).to(weight.dtype),
               "options": {"mode": mode, "padding_idx": padding, "max_norm": norm, "norm_type": 2.0, "scale_grad_by_freq": by_freq,
                           "sparse": sparse, "include_last_offset": last}}


def cases():
    generator = torch.Generator().manual_seed(0)
    return list(embedding_cases(generator)) + list(bag_cases(generator))


def run(case, dtype):
    """What PyTorch gives in this dtype: output, table afterwards, gradients. The bags' gradient by frequency is made from
    that of single rows, since PyTorch before 2.15 divides by the count of another row."""
    weight = case["weight"].to(dtype)
    options = dict(case["options"])
    if case["kind"] == "embedding":
        layer = nn.Embedding.from_pretrained(weight, freeze=False, **options)
        out = layer(case["ids"])
    else:
        by_freq = options.pop("scale_grad_by_freq")
        layer = nn.EmbeddingBag.from_pretrained(weight, freeze=False, scale_grad_by_freq=by_freq and is_new, **options)
        weights = None if case["weights"] is None else case["weights"].to(dtype).requires_grad_()
        out = layer(case["ids"], case["offsets"], weights)
    out.backward(case["gradient"].to(dtype))
    gradient = layer.weight.grad
    if case["kind"] == "bag" and by_freq and not is_new:
        counts = torch.bincount(case["ids"].flatten().long(), minlength=ROWS).clamp(min=1)
        gradient = gradient / counts.to(dtype)[:, None]
    of_weights = weights.grad if case["kind"] == "bag" and weights is not None else None
    return out.detach(), layer.weight.detach(), gradient, of_weights


def close(ours, theirs, dtype, exact=False):
    if exact:
        return torch.equal(ours, theirs)
    tolerance = {torch.float64: 1e-12, torch.float32: 2e-6, torch.bfloat16: 2e-2, torch.float16: 2e-3}[dtype]
    return torch.allclose(ours.double(), theirs.double(), rtol=tolerance, atol=tolerance, equal_nan=True)


def compare(test, case, found):
    """Half precision is added up in float32 here, and in its own precision there: so float32 is what it is held to."""
    dtype = case["weight"].dtype
    wide = torch.float32 if dtype in (torch.bfloat16, torch.float16) else dtype
    sums_wide = wide is not dtype
    out, table, gradient, of_weights = run(case, wide if sums_wide and case["options"]["max_norm"] is None else dtype) \
        if not (sums_wide and case["kind"] == "bag") else run(case, wide)
    exact_norm = is_new and not sums_wide and case["options"]["norm_type"] != 0.5
    test.assertTrue(close(found["weight"], table, dtype, exact_norm), ("table", found["weight"], table))
    test.assertTrue(close(found["output"], out, dtype, case["kind"] == "embedding" and exact_norm), ("output", found["output"], out))
    test.assertEqual(found["output"].dtype, dtype)
    theirs, ours = gradient, found["gradient"]
    test.assertEqual(isinstance(ours, dict), theirs.is_sparse)
    if theirs.is_sparse:
        test.assertTrue(torch.equal(ours["indices"], theirs._indices()), (ours, theirs))
        if is_new:
            test.assertEqual(ours["coalesced"], theirs.is_coalesced())
        ours, theirs = ours["values"], theirs._values()
    test.assertEqual(ours.dtype, dtype)
    test.assertTrue(close(ours, theirs, dtype), ("gradient", ours, theirs))
    if of_weights is not None:
        test.assertTrue(close(found["of_weights"], of_weights, dtype), ("per_sample_weights", found["of_weights"], of_weights))
