"""The exhibits that are programs of torch.export (.pt2). make_attacks.py writes them."""
import json
import random

from forge import Entry, archive, checkpoint, name, number, pickled, storage, tensor, text

exhibits = {}


def sizes(values):
    return [{"as_int": value} for value in values]


def entry(path="weight_0", shape=(3,), strides=(1,), offset=0, dtype=7, use_pickle=False, **meta):
    told = {"dtype": dtype, "sizes": sizes(shape), "requires_grad": False, "device": {"type": "cpu", "index": None},
            "strides": sizes(strides), "storage_offset": {"as_int": offset}, "layout": 7, **meta}
    return {"path_name": path, "is_param": True, "use_pickle": use_pickle, "tensor_meta": told}


def opaque(path):
    return {"path_name": path, "is_param": False, "use_pickle": True, "tensor_meta": None}


def program(weights, constants=None, records=None, config=None, more=()):
    """`weights`: {name: entry}. `records`: what lies in data/weights. `config`: bytes instead of that of the weights."""
    config = json.dumps({"config": weights}).encode() if config is None else config
    records = {"weight_0": bytes(12)} if records is None else records
    entries = [Entry("a/archive_format", b"pt2"), Entry("a/models/model.json", b"{}"),
               Entry("a/data/weights/model_weights_config.json", config),
               Entry("a/data/constants/model_constants_config.json", json.dumps({"config": constants or {}}).encode())]
    entries += [Entry(f"a/data/weights/{path}", data) for path, data in records.items()]
    return archive(entries + [Entry("a/byteorder", b"little"), Entry("a/.data/version", b"3\n")] + list(more))


def one(**told):
    return program({"weight": entry(**told)})


def one_pickle(data, times=1, method=0):
    return program({f"weight{i}" if i else "weight": entry(use_pickle=True) for i in range(times)}, records={},
                   more=[Entry("a/data/weights/weight_0", data, method=method)])


saved = checkpoint(pickled(tensor([3], [1])), [bytes(12)])
evil = pickled(name("os", "system") + text("touch owned") + b"\x85R")
zeros = archive([Entry("b/data.pkl", pickled(tensor([1_000_000], [1], of=storage(numel=1_000_000)))), Entry("b/data/0", bytes(4_000_000), method=8),
                 Entry("b/version", b"3\n")])
sparse_archive = archive([Entry("b/data.pkl", pickled(tensor([3], [1], of=storage(numel=25_000)))), Entry("b/data/0", random.Random(0).randbytes(10_000) + bytes(90_000), method=8), Entry("b/version", b"3\n")])
inner_bomb = archive([Entry("b/data.pkl", pickled(b"]" + b"N0" * 5_000_000), method=8), Entry("b/version", b"3\n")])
for label, make in {
    "good": one,
    "sizes-lie": lambda: one(shape=[4]),
    "sizes-overflow": lambda: one(shape=[2**40, 2**40], strides=[0, 0]),
    "size-2e62": lambda: one(shape=[2**62]),
    "size-2e64": lambda: one(shape=[2**64]),
    "size-negative": lambda: one(shape=[-3]),
    "size-expression": lambda: program({"weight": {**entry(), "tensor_meta": {**entry()["tensor_meta"], "sizes": [{"as_expr": {"expr_str": "s0"}}]}}}),
    "dims-5000": lambda: one(shape=[1] * 5000, strides=[1] * 5000),
    "dims-differ": lambda: one(strides=[1, 1]),
    "stride-overflows": lambda: one(strides=[2**62]),
    "offset-overflows": lambda: one(offset=2**63 - 1),
    "one-past-end": lambda: one(offset=1),
    "expanded-2e60": lambda: one(shape=[2**60], strides=[0]),
    "dtype-lies": lambda: one(dtype=8),
    "dtype-99": lambda: one(dtype=99),
    "dtype-text": lambda: one(dtype="float32"),
    "two-dtypes": lambda: program({"a": entry(), "b": entry(shape=[1], dtype=8)}),
    "layout-csr": lambda: one(layout=2),
    "path-climbs": lambda: one(path="../../../../etc/passwd"),
    "path-absolute": lambda: one(path="/etc/passwd"),
    "path-other-record": lambda: one(path="../../byteorder"),
    "path-is-config": lambda: one(path="model_weights_config.json", dtype=1, shape=[3]),
    "weight-missing": lambda: program({"weight": entry()}, records={}),
    "weight-empty-2e60": lambda: program({"weight": entry(shape=[2**60])}, records={"weight_0": b""}),
    "opaque-unsafe": lambda: program({"weight": entry()}, {"secret": opaque("opaque_obj_0")}, more=[Entry("a/data/constants/opaque_obj_0", evil)]),
    "sample-inputs-unsafe": lambda: program({"weight": entry()}, more=[Entry("a/data/sample_inputs/model.pt", checkpoint(evil))]),
    "pickle-unsafe": lambda: one_pickle(checkpoint(evil)),
    "pickle-bare": lambda: one_pickle(evil),
    "pickle-number": lambda: one_pickle(checkpoint(pickled(number(1)))),
    "pickle-one-past-end": lambda: one_pickle(checkpoint(pickled(tensor([4], [1])), [bytes(12)])),
    "pickle-of-pt2": lambda: one_pickle(one()),
    "pickle-deflated": lambda: one_pickle(saved, method=8),
    "pickle-often": lambda: one_pickle(checkpoint(pickled(b"N0" * 100_000 + tensor([3], [1])), [bytes(12)]), 20_000),
    "pickle-deflated-often": lambda: one_pickle(checkpoint(pickled(tensor([3], [1])), [bytes(12)], more=[Entry("a/pad", bytes(1_000_000))]), 2_000, 8),
    "pickle-bomb": lambda: one_pickle(inner_bomb),
    "pickle-bomb-deflated": lambda: one_pickle(archive([Entry("b/x", bytes(200_000_000), method=8)]), method=8),
    "pickle-deflated-twice": lambda: one_pickle(sparse_archive, method=8),
    "pickles-of-zeros": lambda: program({f"weight{i}": entry(use_pickle=True, path=f"weight_{i}") for i in range(50)}, records={},
                                        more=[Entry(f"a/data/weights/weight_{i}", zeros) for i in range(50)]),
    "names-20000": lambda: program({f"w{i}": entry() for i in range(20_000)}),
    "name-twice": lambda: program({}, config=b'{"config": {"w": ' + json.dumps(entry()).encode() + b', "w": ' + json.dumps(entry()).encode() + b"}}"),
    "name-escape": lambda: program({"\x1b[2Jclear\nokibi: all is well": entry()}),
    "config-deep": lambda: program({}, config=b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "config-list": lambda: program({}, config=b"[1]"),
    "config-no-json": lambda: program({}, config=b"\xff\xfe"),
    "config-bomb": lambda: archive([Entry("a/archive_format", b"pt2"), Entry("a/models/model.json", b"{}"),
                                    Entry("a/data/weights/model_weights_config.json", b'{"x": "' + b" " * 100_000_000 + b'"}', method=8)]),
    "no-config": lambda: archive([Entry("a/archive_format", b"pt2"), Entry("a/models/model.json", b"{}")]),
    "no-program": lambda: archive([Entry("a/archive_format", b"pt2"), Entry("a/data/aotinductor/model/x.so", b"\x7fELF")]),
    "programs-5000": lambda: archive([Entry("a/archive_format", b"pt2")] + [Entry(f"a/models/m{i}.json", b"{}") for i in range(5000)]),
}.items():
    exhibits[f"pt2-{label}.pt2"] = make
