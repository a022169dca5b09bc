#!/usr/bin/env python3
"""Makes tests/golden/pickle: pickles by CPython's C pickler, and what each says.

    python3 tests/golden/make_pickle_golden.py        (CPython 3.11; no other package)

For each case, <case>.<protocol>.pkl for the protocols it can be said in, and <case>.txt, the description that
tests/pickle/describe.h gives of the graph. The protocol-2 files are also what encode() must write, byte for byte.
"""
import collections
import copyreg
import io
import pathlib
import pickle
import struct
import sys
import types

FOLDER = pathlib.Path(__file__).parent / "pickle"
ALL = range(6)


# ------------------------------------------------------------------------------------------- classes to be pickled

def module(name):
    made = sys.modules.setdefault(name, types.ModuleType(name))
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(module(parent), child, made)
    return made


def placed(module_name, thing, qualname=None):
    thing.__module__ = module_name
    thing.__qualname__ = qualname or thing.__name__
    owner = module(module_name)
    for part in thing.__qualname__.split(".")[:-1]:
        owner = getattr(owner, part)
    setattr(owner, thing.__name__, thing)
    return thing


class Plain: pass
class Slots:
    __slots__ = ("x",)
class Items(list): pass
class Table(dict): pass
class Keywords:
    def __new__(cls, a, *, b): return super().__new__(cls)
    def __getnewargs_ex__(self): return (1,), {"b": 2}
class Inner: pass
class Innermost: pass
class FloatStorage: pass


def _rebuild_tensor_v2(*arguments): pass


for one in (Plain, Slots, Items, Table, Keywords):
    placed("golden", one)
placed("golden", Inner, "Plain.Inner")
placed("golden", Innermost, "Plain.Inner.Innermost")
placed("torch", FloatStorage)
placed("torch._utils", _rebuild_tensor_v2)


class Storage:
    """Is written as a persistent id, as torch.save writes storages."""
    def __init__(self, key, numel): self.id = (FloatStorage, key, numel)


class Tensor:
    def __init__(self, storage, *size): self.storage, self.size = storage, size
    def __reduce_ex__(self, protocol):
        return _rebuild_tensor_v2, (self.storage, 0, self.size, self.size[1:] + (1,), False, collections.OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, thing):
        if isinstance(thing, Storage):
            return ("storage", thing.id[0], thing.id[1], "cpu", thing.id[2])


# ----------------------------------------------------------------------------------------------------- description

class Describer:
    def __init__(self): self.labels, self.alive = {}, []

    def label(self, thing):
        """'#3' for what was described before, else None, and the thing gets a number."""
        if id(thing) in self.labels:
            return f"#{self.labels[id(thing)]}"
        self.labels[id(thing)] = len(self.labels)
        self.alive.append(thing)

    def many(self, things): return ",".join(self.one(thing) for thing in things)

    def pairs(self, items): return ",".join(f"{self.one(k)}:{self.one(v)}" for k, v in items)

    def one(self, thing):
        if thing is None or isinstance(thing, bool): return str(thing)
        if type(thing) is int: return self.integer(thing)
        if type(thing) is float: return "f:" + struct.pack(">d", thing).hex()
        if type(thing) is str: return "s:" + thing.encode("utf-8", "surrogatepass").hex()
        if type(thing) is bytes: return "b:" + thing.hex()
        if type(thing) is bytearray: return "B:" + thing.hex()
        if isinstance(thing, (type, types.FunctionType, types.BuiltinFunctionType)):
            return f"<{thing.__module__} {thing.__qualname__}>"
        if isinstance(thing, Storage): return f"pid({self.one(Pickler(io.BytesIO()).persistent_id(thing))})"
        if thing == () and type(thing) is tuple: return "()"
        known = self.label(thing)
        return known or f"#{self.labels[id(thing)]}=" + self.compound(thing)

    def integer(self, value):
        if -2**63 <= value < 2**63: return str(value)
        size = 1
        while not -(1 << 8 * size - 1) <= value < 1 << 8 * size - 1: size += 1
        return "L:" + value.to_bytes(size, "little", signed=True).hex()

    def compound(self, thing):
        if type(thing) is tuple: return f"({self.many(thing)})"
        if type(thing) is list: return f"[{self.many(thing)}]"
        if type(thing) is dict: return f"{{{self.pairs(thing.items())}}}"
        if type(thing) in (set, frozenset): return f"{type(thing).__name__}{{{self.many(thing)}}}"
        return self.object(thing)

    def object(self, thing):
        made = copyreg.dispatch_table.get(type(thing), lambda it: it.__reduce_ex__(2))(thing)
        call, arguments, state, appended, items = (made + (None,) * 3)[:5]
        appended, items = list(appended or ()), list(items or ())
        self.alive.append(made)
        if call is copyreg.__newobj__:
            text = f"newobj({self.one(arguments[0])},{self.one(self.keep(arguments[1:]))})"
        elif call is copyreg.__newobj_ex__:
            text = f"newobj_ex({self.many(arguments)})"
        else:
            text = f"reduce({self.one(call)},{self.one(arguments)})"
        if appended: text += f"[{self.many(appended)}]"
        if items: text += f"{{{self.pairs(items)}}}"
        if state is not None: text += f"state({self.one(state)})"
        return text

    def keep(self, thing):
        self.alive.append(thing)
        return thing


# ----------------------------------------------------------------------------------------------------------- cases

def with_attributes(thing, **attributes):
    for name, value in attributes.items(): setattr(thing, name, value)
    return thing


def recursive():
    a_list, a_dict, a_tuple, long_tuple = [], {}, ([],), (1, 2, 3, [])
    a_list.append(a_list)
    a_dict["self"] = a_dict
    a_tuple[0].append(a_tuple)
    long_tuple[3].append(long_tuple)
    two = ([], [])
    for each in two: each.append(two)
    thing = Plain()
    thing.me, thing.tuple = thing, (thing,)
    in_set = Plain()
    in_set.set = {in_set}
    a_set = {in_set}
    in_set.other = a_set
    return [a_list, a_dict, a_tuple, long_tuple, two, thing, a_set]


def shared():
    a, text, data, empty = [1], "shared text", b"shared bytes", ()
    return [a, a, (a, text), {text: a}, data, data, text, empty, empty, {"latin": b"\xff" * 3}]


def state_dict(count):
    result = collections.OrderedDict()
    storage = Storage("0", 6)
    for i in range(count):
        result[f"layers.{i}.weight"] = Tensor(Storage(str(i + 1), 12), 3, 4)
        result[f"layers.{i}.tied"] = Tensor(storage, 6)
    result._metadata = collections.OrderedDict([("", {"version": 1}), ("layers", {"version": 2})])
    return result


INTEGERS = [sign * value for shift in (0, 7, 8, 15, 16, 31, 32, 47, 55, 56, 62, 63, 64, 71, 72, 100, 2031, 2032, 2040)
            for value in ((1 << shift) - 1, 1 << shift, (1 << shift) + 1) for sign in (1, -1)]

CASES = [
    ("scalars", [None, True, False] + INTEGERS, ALL),
    ("floats", [0.0, -0.0, 1.5, -1e-300, 1.7976931348623157e308, 5e-324, 0.1, float("inf"), float("-inf")], ALL),
    ("nan", float("nan"), range(1, 6)),
    ("texts", ["", "a", "plain", "é", "日本語", "\U0001f525", "\ud800", "\udc00\ud800", "back\\slash\\u0041\\\\u0042",
               "two\nlines\r\0\x1a", "'\"", "x" * 300], ALL),
    ("bytes", [b"", b"a", b"ab", bytes(range(256)), bytes(range(256)) * 2, b"line\n"], ALL),
    ("byte_arrays", [bytearray(), bytearray(b"ab"), bytearray(range(256))], ALL),
    ("tuples", [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((), ((),), (((),),)), tuple(range(10))], ALL),
    ("lists", [[], [1], [1, 2], [[]], [[[[]]]]], ALL),
    ("long_lists", [[None] * n for n in (999, 1000, 1001, 2000, 2001)], (1, 2, 4)),
    ("dicts", [{}, {1: 2}, {"a": {}, "b": {3: None}}], ALL),
    ("long_dicts", [dict.fromkeys(range(n)) for n in (999, 1000, 1001, 2000)], (1, 2, 4)),
    ("sets", [set(), {1}, frozenset(), frozenset([2]), {"a"}, {frozenset([1]), (2,)}], ALL),
    ("long_sets", [set(range(1001)), frozenset(range(1001))], (2, 4)),
    ("shared", shared(), ALL),
    ("recursive", recursive(), range(2, 6)),
    ("ordered", [collections.OrderedDict(), collections.OrderedDict(a=1), collections.OrderedDict(a=1, b=2),
                 with_attributes(collections.OrderedDict(k=1), _metadata={"": 1})], ALL),
    ("long_ordered", [collections.OrderedDict.fromkeys(range(n)) for n in (1000, 1001, 1002, 2001)], (2, 4)),
    ("dict_like", [collections.Counter("aab"), collections.defaultdict(list, {1: [2]}), Table(a=1)], range(2, 6)),
    ("objects", [Plain(), with_attributes(Plain(), a=1, b=[2]), with_attributes(Slots(), x=1), Items(), Items([1]),
                 with_attributes(Items([1, 2]), name="n"), 1 + 2j, range(3)], range(2, 6)),
    ("long_objects", [Items(range(n)) for n in (1000, 1001, 1002)], (2, 4)),
    ("keywords", [Keywords(1, b=2)], (4, 5)),
    ("globals", [collections.OrderedDict, int, str, range, set, bytes, len, ValueError, KeyError, zip, map, Plain,
                 Plain, collections.OrderedDict, FloatStorage, copyreg.__newobj__], ALL),
    ("nested_class", [Innermost, Inner, Inner, Inner(), Innermost()], range(2, 6)),
    ("nested_classes", [Inner, Innermost, {"a": Innermost}], range(2, 6)),
    ("many_strings", [f"text {i}" for i in range(300)] * 2, ALL),
    ("state_dict", state_dict(60), range(1, 6)),
    ("empty_state_dict", state_dict(0), range(1, 6)),
]


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, thing, protocols in CASES:
        (FOLDER / f"{name}.txt").write_text(Describer().one(thing) + "\n")
        for protocol in protocols:
            file = io.BytesIO()
            Pickler(file, protocol).dump(thing)
            (FOLDER / f"{name}.{protocol}.pkl").write_bytes(file.getvalue())


main()
