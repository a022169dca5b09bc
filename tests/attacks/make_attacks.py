"""Writes the hostile checkpoints that README.md describes. The same bytes in every run; nothing here is run by loading
them. Usage: make_attacks.py FOLDER"""
import pathlib
import struct
import sys

import dcp_attacks
import dcp_part_attacks
import layout_attacks
import old_attacks
import pt2_attacks
import safetensors_attacks
from forge import (Entry, archive, central_header, checkpoint, colliding_names, deflated, dict_of, end_record, get, good_entries, good_pickle,
                   local_header, name, number, numbers, pickled, put, storage, tensor, text, with_tensor, write, zip64_end)

exhibits = {**old_attacks.exhibits, **safetensors_attacks.exhibits, **pt2_attacks.exhibits, **layout_attacks.exhibits,
            **dcp_attacks.exhibits, **dcp_part_attacks.exhibits}
mega = 1 << 20
mega_text = text("t" * 200_000)
good = archive(good_entries())


def exhibit(file_name):
    def add(make):
        if file_name in exhibits:
            raise ValueError(f"two exhibits are named {file_name}")
        exhibits[file_name] = make
    return add


def bytes_of(file_name, data):
    exhibits[file_name] = lambda: data() if callable(data) else data


# ------------------------------------------------------------------------------------------------------------------- zip

bytes_of("zip-empty.pth", b"")
bytes_of("zip-no-end-record.pth", good[:-22])
bytes_of("zip-end-record-cut.pth", good[:-5])
bytes_of("zip-two-end-records.pth", good + good[-22:])
bytes_of("zip-end-record-in-comment.pth", lambda: good[:-2] + struct.pack("<H", 22) + good[-22:])
bytes_of("zip-comment-runs-out.pth", lambda: good[:-2] + b"\xff\xff")
bytes_of("zip-count-too-large.pth", lambda: archive(good_entries(), end=dict(count=9999)))
bytes_of("zip-count-too-small.pth", lambda: archive(good_entries(), end=dict(count=1)))
bytes_of("zip-directory-beyond-end.pth", lambda: archive(good_entries(), end=dict(offset=0xfffffff0)))
bytes_of("zip-zip64-count-2e60.pth", lambda: archive(good_entries(), zip64=dict(count=2**60), end=dict(count=0xffff)))
bytes_of("zip-zip64-size-wraps.pth", lambda: archive(good_entries(), zip64=dict(size=2**64 - 8, offset=16), end=dict(offset=0xffffffff)))
bytes_of("zip-zip64-locator-far.pth", lambda: archive(good_entries(), zip64=dict(locator_at=2**63), end=dict(offset=0xffffffff)))
bytes_of("zip-zip64-disagrees.pth", lambda: archive(good_entries(), zip64=dict(count=1)))
bytes_of("zip-spanned.pth", lambda: archive(good_entries(), end=dict(disk=1)))
bytes_of("zip-local-header-beyond-end.pth", lambda: archive([Entry("a/data.pkl", good_pickle, central=dict(offset=0x7fffffff)), Entry("a/version", b"3\n")]))
bytes_of("zip-local-header-in-directory.pth", lambda: archive([Entry("a/data.pkl", good_pickle), Entry("a/version", b"3\n", central=dict(offset=len(good) - 80))]))
bytes_of("zip-shared-data.pth", lambda: archive([Entry("a/data.pkl", good_pickle), Entry("a/version", b"3\n"), Entry("a/data/0", good_pickle, central=dict(offset=0))]))
bytes_of("zip-names-differ.pth", lambda: archive([Entry("a/data.pkl", good_pickle, local=dict(name=b"a/evil.pkl")), Entry("a/version", b"3\n")]))
bytes_of("zip-sizes-differ.pth", lambda: archive([Entry("a/data.pkl", good_pickle, local=dict(stored=3, size=3)), Entry("a/version", b"3\n")]))
bytes_of("zip-methods-differ.pth", lambda: archive([Entry("a/data.pkl", good_pickle, local=dict(method=8)), Entry("a/version", b"3\n")]))
bytes_of("zip-twice.pth", lambda: archive(good_entries() + [Entry("a/data.pkl", good_pickle)]))
bytes_of("zip-twice-by-case.pth", lambda: archive(good_entries() + [Entry("a/DATA.pkl", good_pickle)]))
for label, path in [("climbs", b"a/../../data"), ("absolute", b"/a/data"), ("backslash", b"a\\data"), ("nul", b"a/da\0ta"),
                    ("double-slash", b"a//data"), ("other-root", b"b/data"), ("newline", b"a/x\nokibi: all is well"),
                    ("escape", b"a/\x1b[2J\x1b]0;owned\x07"), ("empty", b"")]:
    bytes_of(f"zip-name-{label}.pth", lambda path=path: archive(good_entries() + [Entry(path, b"x")]))
bytes_of("zip-name-65535.pth", lambda: archive(good_entries() + [Entry(b"a/" + b"n" * 65533, b"x")]))
bytes_of("zip-name-runs-out.pth", lambda: archive(good_entries() + [Entry("a/x", b"x", central=dict(name_size=60000))]))
bytes_of("zip-extra-runs-out.pth", lambda: archive(good_entries() + [Entry("a/x", b"x", local=dict(extra=b"FB\xff\x7fzz"), central=dict(extra=b"FB\xff\x7fzz"))]))
bytes_of("zip-encrypted.pth", lambda: archive([Entry("a/data.pkl", good_pickle, flags=1), Entry("a/version", b"3\n")]))
bytes_of("zip-method-99.pth", lambda: archive([Entry("a/data.pkl", good_pickle, local=dict(method=99), central=dict(method=99)), Entry("a/version", b"3\n")]))
bytes_of("zip-wrong-crc.pth", lambda: archive([Entry("a/data.pkl", good_pickle, crc=0x12345678), Entry("a/version", b"3\n")]))
bytes_of("zip-symbolic-link.pth", lambda: archive([Entry("a/data.pkl", b"/etc/passwd", central=dict(made=0x0300, attributes=0xa1ff << 16)), Entry("a/version", b"3\n")]))
bytes_of("zip-bytes-in-front.pth", lambda: b"MZ" + good)
bytes_of("zip-bytes-behind.pth", lambda: good + b"more")
bytes_of("zip-hole.pth", lambda: archive(good_entries(), between=b"hidden between records"))
bytes_of("zip-inside-a-pickle.pth", lambda: good_pickle + good)


bytes_of("zip-flags-differ.pth", lambda: archive([Entry("a/data.pkl", good_pickle, local=dict(flags=1)), Entry("a/version", b"3\n")]))
bytes_of("zip-masked-headers.pth", lambda: archive([Entry("a/data.pkl", good_pickle, flags=1 << 13), Entry("a/version", b"3\n")]))
bytes_of("zip-patched-data.pth", lambda: archive([Entry("a/data.pkl", good_pickle, flags=1 << 5), Entry("a/version", b"3\n")]))
bytes_of("zip-descriptor-lies.pth", lambda: archive([Entry("a/data.pkl", good_pickle, flags=8, local=dict(crc=0, stored=0, size=0)), Entry("a/version", b"3\n")],
                                                    between=struct.pack("<4sIII", b"PK\7\x08", 1, 2, 3)))
bytes_of("zip-descriptor-missing.pth", lambda: archive([Entry("a/version", b"3\n"), Entry("a/data.pkl", good_pickle, flags=8, local=dict(crc=0, stored=0, size=0))]))
bytes_of("zip-crc-0.pth", lambda: archive([Entry("a/data.pkl", good_pickle, crc=0), Entry("a/version", b"3\n")]))
bytes_of("zip-twice-by-unicode.pth", lambda: archive(good_entries() + [Entry("a/caf\u00e9", b"x", flags=1 << 11), Entry("a/cafe\u0301", b"x", flags=1 << 11)]))
bytes_of("zip-name-dot-slash.pth", lambda: archive(good_entries() + [Entry(b"a/./data.pkl", b"x")]))
bytes_of("zip-nested-root.pth", lambda: archive([Entry("a/b/data.pkl", good_pickle), Entry("a/b/version", b"3\n")]))
bytes_of("zip-inside-a-tar.pth", lambda: old_attacks.member("pickle", good_pickle) + good)
bytes_of("zip-around-a-tar.pth", lambda: archive(good_entries() + [Entry("a/extra", old_attacks.tar())]))
bytes_of("zip-deflated-pickle-bomb.pth", lambda: archive([Entry("a/data.pkl", pickled(b"N" + b"0N" * 5_000_000), method=8), Entry("a/version", b"3\n")]))

bytes_of("zip-deflated-storage-bomb.pth", lambda: archive(
    [Entry("a/data.pkl", pickled(tensor([50_000_000], [1], of=storage(numel=50_000_000)))), Entry("a/data/0", bytes(200_000_000), method=8),
     Entry("a/version", b"3\n")]))
bytes_of("zip-deflated-storages-bomb.pth", lambda: archive(
    [Entry("a/data.pkl", pickled(b"(" + b"".join(tensor([1_000_000], [1], of=storage(key=str(i), numel=1_000_000)) for i in range(50)) + b"t"))] +
    [Entry(f"a/data/{i}", bytes(4_000_000), method=8) for i in range(50)] + [Entry("a/version", b"3\n")]))


@exhibit("zip-deflate-size-lies.pth")
def _():
    lie = dict(size=2**31)
    return archive([Entry("a/data.pkl", good_pickle, method=8, local=lie, central=lie), Entry("a/version", b"3\n")])


@exhibit("zip-deflate-garbage.pth")
def _():
    broken = Entry("a/data.pkl", good_pickle, method=8)
    broken.data = b"\xff" * len(broken.data)
    return archive([broken, Entry("a/version", b"3\n")])


@exhibit("zip-deflate-bomb.pth")
def _():
    bomb = dict(stored=70_000, size=4_000_000_000, crc=0)
    entry = Entry("a/data.pkl", b"\0" * 70_000_000, method=8)
    bomb["stored"] = len(entry.data)
    entry.local.update(bomb), entry.central.update(bomb)
    return archive([entry, Entry("a/version", b"3\n")])


@exhibit("zip-many-tiny-records.pth")
def _():
    return archive(good_entries() + [Entry(f"a/{i}") for i in range(20_000)], zip64=dict(), end=dict(count=0xffff))


@exhibit("zip-quoted-overlap.pth")  # Fifield's: each record's data begins with the next one's header
def _():
    body, offsets, entries = b"", [], good_entries()
    for entry in entries:
        offsets.append(len(body))
        body += local_header(entry.local) + entry.data
    inner = local_header(Entry("a/data/1", b"kernel").local) + b"kernel"
    outer = Entry("a/data/0", inner)
    offsets += [len(body), len(body) + 30 + len("a/data/0")]
    entries += [outer, Entry("a/data/1", b"kernel")]
    body += local_header(outer.local) + inner
    directory = b"".join(central_header(e.central, at) for e, at in zip(entries, offsets))
    return body + directory + end_record(len(entries), len(directory), len(body))


for label, version in [("negative", b"-3\n"), ("huge", b"9" * 400), ("words", b"three\n"), ("empty", b""), ("2", b"2\n")]:
    bytes_of(f"zip-version-{label}.pth", lambda version=version: checkpoint(good_pickle, version=version))
bytes_of("zip-byteorder-garbage.pth", lambda: checkpoint(good_pickle, more=[Entry("a/byteorder", b"middle")]))
bytes_of("zip-alignment-garbage.pth", lambda: checkpoint(good_pickle, more=[Entry("a/.format_version", b"\xff" * 9), Entry("a/.storage_alignment", b"0")]))
bytes_of("zip-no-pickle.pth", lambda: archive([Entry("a/version", b"3\n")]))

# ---------------------------------------------------------------------------------------------------------------- pickle

for label, body in [
    ("empty", b""), ("no-stop", good_pickle[:-1]), ("bytes-after-stop", good_pickle + b"more"), ("protocol-255", b"\x80\xffN."),
    ("stack-underflow", b"\x80\x020."), ("mark-missing", b"\x80\x02t."), ("mark-underflow", b"\x80\x02(t0t."),
    ("memo-missing", pickled(get(7))), ("memo-2e32", pickled(b"N" + put(2**32 - 1) + get(2**32 - 1))),
    ("memo-negative", pickled(b"Np-1\ng-1\n")),
    ("long-negative-size", pickled(b"\x8b\xff\xff\xff\xff")), ("long-2e31", pickled(b"\x8b\xff\xff\xff\x7f1234")),
    ("text-4gib", pickled(b"X\xff\xff\xff\xffhi")), ("bytes-2e63", b"\x80\x04\x8e" + struct.pack("<Q", 2**63) + b"hi."),
    ("frame-lies", b"\x80\x04\x95" + struct.pack("<Q", 2**60) + b"N."), ("frame-crosses", b"\x80\x04\x95" + struct.pack("<Q", 2) + b"X\1\0\0\0a."),
    ("global-line-open", b"\x80\x02cos\nsystem"), ("global-newline-name", pickled(name("os", "sys\x1b[31mtem") + b")R")),
    ("surrogates", pickled(text("\ud800\udfff"))), ("bad-utf8", pickled(text(b"\xff\xfe\x80"))),
    ("unhashable-key", pickled(b"}(]Nu")), ("odd-items", pickled(b"}(NNNu")), ("items-on-list", pickled(b"](NNu")),
    ("append-on-int", pickled(b"K\1(NNe")), ("reduce-int", pickled(b"K\1)R")), ("build-on-list", pickled(b"]}b")),
    ("persistent-int", pickled(b"K\1Q")), ("persistent-short", pickled(b"(" + text("storage") + b"tQ")),
    ("extension-code", pickled(b"\x82\1")), ("next-buffer", b"\x80\x05\x97."), ("opcode-unknown", pickled(b"\xfe")),
    ("os-system", pickled(name("os", "system") + text("touch owned") + b"\x85R")),
    ("eval-in-hooks", pickled(name("builtins", "eval") + text("1") + b"\x85R")),
    ("bytearray-1tib", pickled(name("builtins", "bytearray") + number(2**40) + b"\x85R")),
    ("size-2e62", pickled(name("torch", "Size") + numbers([2**62] * 3) + b"\x85R")),
    ("int-text-of-100-kb", pickled(b"I" + b"7" * 100_000 + b"\n")), ("long-text-of-100-kb", pickled(b"L" + b"7" * 100_000 + b"L\n")),
    ("set-of-itself", pickled(b"\x8f" + put(0) + b"(" + get(0) + b"\x90")), ("list-of-itself", pickled(b"]" + put(0) + get(0) + b"a")),
    ("key-of-itself", pickled(b"}" + put(0) + get(0) + b"\x85K\1s")),
]:
    bytes_of(f"pickle-{label}.pth", lambda body=body: checkpoint(body))
bytes_of("pickle-every-opcode.pth", lambda: checkpoint(bytes(range(256))))


for label, body in [  # each opcode with an argument, cut within it
    ("protocol", b"\x80"), ("frame", b"\x95\5\0"), ("int", b"I1"), ("int-1", b"K"), ("int-2", b"M\1"), ("int-4", b"J\1\0"),
    ("long", b"L1"), ("long-1", b"\x8a\x05ab"), ("float", b"F1."), ("float-8", b"G\0\0"), ("string", b"S'ab"), ("string-1", b"U\x05ab"),
    ("unicode", b"Vab"), ("unicode-1", b"\x8c\x05ab"), ("bytes-1", b"C\x05ab"), ("bytes-4", b"B\x05\0\0\0ab"), ("bytearray-8", b"\x96\x05\0\0"),
    ("global", b"cos"), ("instance", b"(ios\n"), ("get-1", b"h"), ("get-4", b"j\0\0"), ("put-1", b"Nq"), ("put-4", b"Nr\0\0"),
    ("persistent", b"Pab"), ("extension-2", b"\x83\1"),
]:
    bytes_of(f"pickle-cut-in-{label}.pth", lambda body=body: checkpoint((b"" if body == b"\x80" else b"\x80\x02") + body))


def laughs(make, levels=60):
    """Each level holds the one below twice: two to the power of `levels` leaves."""
    return b"(" + make(text("ha")) + b"".join(put(i) + make(get(i) + get(i)) for i in range(levels)) + b"t"


bytes_of("pickle-laughs-list.pth", lambda: checkpoint(pickled(laughs(lambda items: b"](" + items + b"e"))))
bytes_of("pickle-laughs-tuple.pth", lambda: checkpoint(pickled(laughs(lambda items: b"(" + items + b"t"))))
bytes_of("pickle-laughs-key.pth", lambda: checkpoint(pickled(b"}" + laughs(lambda items: b"(" + items + b"t") + b"K\1s")))
bytes_of("pickle-laughs-two-keys.pth", lambda: checkpoint(pickled(
    b"}" + laughs(lambda items: b"(" + items + b"t") + b"K\1s" + laughs(lambda items: b"(" + items + b"t") + b"K\2s")))
bytes_of("pickle-laughs-dict.pth", lambda: checkpoint(pickled(b"".join(
    [b"(}"] + [put(i) + dict_of([("a", get(i)), ("b", get(i))]) for i in range(60)] + [b"t"]))))
bytes_of("pickle-laughs-tensors.pth", lambda: checkpoint(
    pickled(b"(](" + tensor([3], [1]) + b"e" + b"".join(put(i) + b"](" + get(i) * 2 + b"e" for i in range(60)) + b"t"), [bytes(12)]))
bytes_of("pickle-deep-list.pth", lambda: checkpoint(pickled(b"]" * 100_000 + b"a" * 99_999)))
bytes_of("pickle-deep-tuple.pth", lambda: checkpoint(pickled(b")" + b"\x85" * 100_000)))
bytes_of("pickle-deep-dict.pth", lambda: checkpoint(pickled(b"}" + b"K\1}" * 100_000 + b"s" * 100_000)))
bytes_of("pickle-deep-key.pth", lambda: checkpoint(pickled(b"})" + b"\x85" * 100_000 + b"K\1s")))
bytes_of("pickle-deep-reduce.pth", lambda: checkpoint(pickled(
    b"(" + name("collections", "OrderedDict") + put(0) + b")R" + b"".join(
        put(1) + get(0) + b")R" + text("k") + get(1) + b"s" for _ in range(20_000)) + b"t")))
bytes_of("pickle-hash-flood.pth", lambda: checkpoint(pickled(  # hash(n) == n % (2^61 - 1) in CPython
    b"}(" + b"".join(number((2**61 - 1) * i) + b"N" for i in range(1, 20_000)) + b"u")))
bytes_of("pickle-equal-keys.pth", lambda: checkpoint(pickled(b"}(" + b"K\1NG?\xf0\0\0\0\0\0\0N\x88N" * 20_000 + b"u")))
bytes_of("pickle-many-globals.pth", lambda: checkpoint(pickled(b"(" + b"".join(name("evil", f"name{i}") for i in range(30_000)) + b"t")))
bytes_of("pickle-long-1-mb.pth", lambda: checkpoint(pickled(b"\x8b" + struct.pack("<I", mega) + b"\x7f" * mega)))
bytes_of("pickle-long-key-many-tensors.pth", lambda: checkpoint(
    pickled(b"}" + text("k" * 100_000) + b"](" + tensor([3], [1]) + put(0) + get(0) * 3_000 + b"es"), [bytes(12)]))
bytes_of("pickle-deep-tensors.pth", lambda: checkpoint(
    pickled(b"(" + tensor([3], [1]) + put(0) + b"](" * 900 + get(0) * 20_000 + b"e" * 900 + b"t"), [bytes(12)]))
bytes_of("pickle-wide-dict.pth", lambda: checkpoint(pickled(dict_of([(f"key{i}", b"N") for i in range(50_000)]))))
bytes_of("pickle-indented.pth", lambda: checkpoint(pickled(b"](" * 190 + b"N" * 100_000 + b"e" * 190)))
bytes_of("pickle-text-often.pth", lambda: checkpoint(pickled(b"](" + mega_text + put(0) + get(0) * 10_000 + b"e")))
bytes_of("pickle-location-often.pth", lambda: checkpoint(pickled(
    b"](" + b"(" + text("storage") + name("torch", "FloatStorage") + text("0") + mega_text + number(3) + b"t" + put(0) + b"Q" +
    (get(0) + b"Q") * 10_000 + b"e"), [bytes(12)]))
bytes_of("pickle-escape-in-keys.pth", lambda: checkpoint(pickled(dict_of(
    [("\x1b[2Jclear\nokibi: all is well", tensor([3], [1])), ("\x9b31m\u202egnp.exe", number(1))])), [bytes(12)]))


def often(once, callable_name, arguments, times=20_000):
    """A call that is written once, and made `times` times for 11 bytes each."""
    return checkpoint(pickled(b"(" + name(*callable_name) + put(0) + arguments + put(1) + (get(0) + get(1) + once) * times + b"t"))


bytes_of("pickle-encode-often.pth", lambda: often(b"R", ("_codecs", "encode"), mega_text + text("latin1") + b"\x86"))
bytes_of("pickle-bytearray-often.pth", lambda: often(b"R", ("builtins", "bytearray"), b"B" + struct.pack("<I", 200_000) + bytes(200_000) + b"\x85"))
bytes_of("pickle-set-often.pth", lambda: often(b"R", ("builtins", "set"), b"](" + b"".join(number(i) for i in range(20_000)) + b"e\x85"))
bytes_of("pickle-frozenset-often.pth", lambda: often(b"R", ("builtins", "frozenset"), b"](" + b"".join(number(i) for i in range(20_000)) + b"e\x85"))
bytes_of("pickle-arguments-often.pth", lambda: often(b"R", ("torch._tensor", "_rebuild_from_type_v2"), b"(" + b"N" * 20_000 + b"t"))
bytes_of("pickle-counter-often.pth", lambda: often(b"R", ("collections", "Counter"), b"}(" + b"".join(number(i) + b"N" for i in range(20_000)) + b"u\x85"))
bytes_of("pickle-long-class-name-often.pth", lambda: often(b"R", ("m", "C" * 200_000), b")"))
bytes_of("pickle-name-often.pth", lambda: checkpoint(pickled(  # each has its own characters in a graph
    b"](" + text("m" * 200_000) + put(0) + text("C") + put(1) + (get(0) + get(1) + b"\x93") * 20_000 + b"e")))
bytes_of("pickle-keys-collide.pth", lambda: checkpoint(
    pickled(dict_of([(key, get(0) if i else tensor([3], [1]) + put(0)) for i, key in enumerate(colliding_names(9_000))])), [bytes(12)]))
bytes_of("pickle-device-often.pth", lambda: often(b"R", ("torch", "device"), text("c" * 200_000) + b"\x85"))
bytes_of("pickle-tensor-often.pth", lambda: checkpoint(pickled(
    b"(" + name("torch._utils", "_rebuild_tensor_v2") + put(0) + b"(" + storage() + number(0) + numbers([1] * 64) + numbers([1] * 64) +
    b"\x89" + name("collections", "OrderedDict") + b")Rt" + put(1) + (get(0) + get(1) + b"R") * 10_000 + b"t"), [bytes(12)]))
bytes_of("pickle-state-often.pth", lambda: checkpoint(pickled(
    b"(" + name("collections", "OrderedDict") + put(0) + b"}(" + b"".join(text(f"k{i}") + b"N" for i in range(10_000)) + b"u" + put(1) +
    (get(0) + b")R" + get(1) + b"b") * 10_000 + b"t")))


@exhibit("pickle-postponed-lists.pth")
def _():
    """Lists that contain the tuple they lie in are filled last; calls that consume a list look whether it is one of them."""
    ring = b"]" + put(1) + get(1) + b"\x85" + put(2) + b"a0" + get(2)  # a tuple of a list of the tuple
    calls = (get(0) + get(9) + b"R") * 40_000
    return checkpoint(pickled(b"(" + name("collections", "OrderedDict") + put(0) + b"]\x85" + put(9) + ring * 20_000 + calls + b"t"))


@exhibit("pickle-one-list-consumed-often.pth")
def _():
    """One list of pairs, made into a dict again and again: little is said, much is made."""
    pairs = b"](" + b"".join(number(i) + number(i) + b"\x86" for i in range(20_000)) + b"e\x85"
    return checkpoint(pickled(b"(" + name("collections", "OrderedDict") + put(0) + pairs + put(1) +
                              (get(0) + get(1) + b"R") * 20_000 + b"t"))


# ---------------------------------------------------------------------------------------------------------------- tensor

bytes_of("tensor-numel-overflows.pth", lambda: with_tensor([3], [1], of=storage(numel=2**63 - 1)))
bytes_of("tensor-numel-65-bit.pth", lambda: with_tensor([3], [1], of=storage(numel=2**70)))
bytes_of("tensor-numel-negative.pth", lambda: with_tensor([3], [1], of=storage(numel=-3)))
bytes_of("tensor-numel-larger-than-record.pth", lambda: with_tensor([2**30], [1], of=storage(numel=2**30)))
bytes_of("tensor-no-record.pth", lambda: with_tensor([3], [1], of=storage(key="7")))
for label, sizes, strides, offset in [
    ("sizes-overflow", [2**40, 2**40], [0, 0], 0), ("size-negative", [-1], [1], 0), ("size-65-bit", [2**64 + 3], [1], 0),
    ("stride-negative", [3], [-1], 2), ("stride-overflows", [3], [2**62], 0), ("offset-negative", [3], [1], -1),
    ("offset-overflows", [3], [1], 2**63 - 1), ("one-past-end", [4], [1], 0), ("dims-mismatch", [3], [1, 1], 0),
    ("dims-5000", [1] * 5000, [1] * 5000, 0), ("empty-of-huge", [0, 2**62, 2**62], [1, 1, 1], 0), ("empty-offset", [0], [1], 2**40),
    ("expanded-2e60", [2**60], [0], 0), ("expanded-dims-60", [2] * 60, [0] * 60, 0), ("expanded-dims-22", [7] * 22, [0] * 22, 0),
]:
    bytes_of(f"tensor-{label}.pth", lambda g=(sizes, strides, offset): with_tensor(*g))
for label, key in [("climbs", "../version"), ("dots", "0/../0"), ("int", number(0)), ("bytes", b"C\x010"), ("newline", "0\nokibi: fine"), ("empty", "")]:
    bytes_of(f"tensor-key-{label}.pth", lambda key=key: with_tensor([3], [1], of=storage(key=key)))
bytes_of("tensor-key-two-dtypes.pth", lambda: checkpoint(pickled(b"(" + tensor([3], [1]) + tensor([1], [1], of=storage(numel=1, kind="DoubleStorage")) + b"t"), [bytes(12)]))
bytes_of("tensor-class-unknown.pth", lambda: with_tensor([3], [1], of=storage(kind="QuantumStorage")))
bytes_of("tensor-location-odd.pth", lambda: with_tensor([3], [1], of=storage(location="cuda:99999999999999999999")))
bytes_of("tensor-grad-of-ints.pth", lambda: with_tensor([3], [1], of=storage(kind="IntStorage"), requires_grad=True))
bytes_of("tensor-v3-dtype-unknown.pth", lambda: checkpoint(pickled(
    name("torch._utils", "_rebuild_tensor_v3") + b"(" + storage(kind="UntypedStorage", numel=12) + number(0) + numbers([3]) + numbers([1]) +
    b"\x89" + name("collections", "OrderedDict") + b")R" + name("torch", "float7") + b"}" + b"tR"), [bytes(12)]))
bytes_of("tensor-meta-2e62.pth", lambda: checkpoint(pickled(
    name("torch._utils", "_rebuild_meta_tensor_no_storage") + b"(" + name("torch", "float32") + numbers([2**60]) + numbers([1]) + b"\x89tR")))
bytes_of("tensor-parameter-of-text.pth", lambda: checkpoint(pickled(
    name("torch._utils", "_rebuild_parameter") + b"(" + text("no tensor") + b"\x88" + name("collections", "OrderedDict") + b")RtR")))
bytes_of("tensor-deflated-and-read-often.pth", lambda: archive(
    [Entry("a/data.pkl", pickled(b"(" + b"".join(tensor([1], [1], i, of=storage(numel=4_000_000)) for i in range(1000)) + b"t")),
     Entry("a/data/0", bytes(16_000_000), method=8), Entry("a/version", b"3\n")]))


def sparse(indices, size, index_storage, values=2):
    hooks = name("torch.serialization", "_get_layout") + text("torch.sparse_coo") + b"\x85R"
    return (name("torch._utils", "_rebuild_sparse_tensor") + b"(" + hooks + b"(" + tensor([1, indices], [indices, 1], of=index_storage) +
            tensor([values], [1], of=storage(key="1", numel=values)) + numbers(size) + b"\x88ttR")


for label, index, size, values in [("index-beyond", 9, [3], 2), ("index-negative", -1, [3], 2), ("size-negative", 0, [-3], 2),
                                   ("fewer-values", 0, [3], 1), ("size-2e62", 0, [2**62], 2)]:
    bytes_of(f"tensor-sparse-{label}.pth", lambda i=index, s=size, v=values: checkpoint(
        pickled(sparse(2, s, storage(numel=2, kind="LongStorage"), v)), [struct.pack("<qq", 0, i), bytes(4 * v)]))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file_name, make in sorted(exhibits.items()):
        write(folder / file_name, make())


if __name__ == "__main__":
    main()
