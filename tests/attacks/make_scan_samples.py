"""Writes files that hide what they would run, each in a way that some scanner of pickles has fallen for, and honest ones
beside them. The same bytes in every run; nothing here is run by scanning them. Usage: make_scan_samples.py FOLDER

samples() gives for each file its name, its bytes (or a dict of them: a folder), the verdicts that scan may give, and a
global that it must name ("" for none)."""
import io
import pathlib
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib

from forge import Entry, archive, checkpoint, dict_of, end_record, get, good_entries, good_pickle, name, number, pickled, put, storage, tensor, text

bad = ("unsafe",)
closed = ("unsafe", "malformed")
fine = ("safe", "known")

legacy_magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"


def call(module, attribute, argument="true"):
    return name(module, attribute) + text(argument) + b"\x85R"


def short(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


def stack_global(module, attribute):
    return short(module) + short(attribute) + b"\x93"


payload = pickled(call("os", "system"))
payload0 = b"cos\nsystem\n(S'true'\ntR."
torch_file = checkpoint(good_pickle)

# Names whose calling runs code, by one road or another: for each, some list of bad names has lacked it.
runs_code = """
os.system posix.system nt.system subprocess.Popen subprocess.check_output commands.getoutput pty.spawn platform.popen
builtins.eval builtins.exec builtins.compile builtins.open builtins.__import__ builtins.getattr builtins.globals
builtins.apply __builtin__.eval __builtin__.file
importlib.import_module runpy._run_code runpy.run_path pkgutil.resolve_name pydoc.locate pydoc.pipepager
pip.main pip._internal.main ensurepip._run_pip venv.create
_pickle.Unpickler pickle.loads pickle._loads marshal.loads shelve.open joblib.load dill.loads cloudpickle.loads
codecs.decode types.CodeType types.FunctionType ctypes.CDLL ctypes.memmove _ctypes.PyObj_FromPtr
logging.FileHandler logging.config.listen shutil.rmtree shutil.copy tempfile.NamedTemporaryFile pathlib.Path.unlink
socket.create_connection urllib.request.urlopen http.client.HTTPConnection requests.get aiohttp.ClientSession
webbrowser.open smtplib.SMTP ssl.get_server_certificate
operator.attrgetter operator.methodcaller _operator.attrgetter functools.partial functools.reduce itertools.starmap
bdb.Bdb.run profile.run cProfile.runctx timeit.timeit trace.Trace.runctx doctest.debug_script code.InteractiveInterpreter.runcode
asyncio.unix_events._UnixSubprocessTransport._start idlelib.pyshell.ModifiedInterpreter.runcode idlelib.run.Executive.runcode
lib2to3.pgen2.pgen.ParserGenerator.make_label distutils.file_util.write_file uuid._get_command_stdout _osx_support._read_output
numpy.load numpy.f2py.crackfortran.myeval numpy.f2py.crackfortran.getlincoef numpy.testing._private.utils.runstring numpy.distutils.exec_command.exec_command
torch.load torch.hub.load torch.serialization.load torch.storage._load_from_bytes torch.jit.load torch.compile
torch.jit.unsupported_tensor_ops.execWrapper torch.utils._config_module.load_config torch.utils._config_module.ConfigModule.load_config
torch.utils.collect_env.run torch.utils.bottleneck.__main__.run_cprofile torch.utils.data.datapipes.utils.decoder.basichandlers
torch._dynamo.guards.GuardBuilder.get torch._inductor.codecache.compile_file torch.distributed.run.main
torch.fx.experimental.symbolic_shapes.ShapeEnv.evaluate_guards_expression torch.fx.graph_module.reduce_graph_module
torch.cuda.memory._set_allocator_settings torch.classes.load_library torch.ops.load_library torch.utils.cpp_extension.load_inline
torch.nn.Module.apply torch.nn.modules.module.Module.apply torch.nn.modules.container.Sequential.__class__ torch.nn.modules.linear.init
torch.nn.modules.linear.math torch.nn.functional.torch.load torch.optim.lr_scheduler.LambdaLR.load_state_dict torch._utils.importlib.import_module
collections.OrderedDict.fromkeys collections.namedtuple collections._sys.modules torch.Tensor.apply_ torch.Size.__class__ os os.path
""".split()


def name_samples():
    for full in runs_code:
        module, _, attribute = full.rpartition(".")
        module, attribute = (module, attribute) if module else (attribute, "system")
        # As Python would find it: from a module that can be imported, the rest by its dots.
        yield f"name-{full}.pth", checkpoint(pickled(call(module, attribute))), bad, ""
    for module, attribute in [("torch.nn", "Module.apply"), ("torch", "os.system"), ("collections", "OrderedDict.fromkeys"),
                              ("torch._utils", "_rebuild_tensor_v2.__globals__"), ("torch", "FloatStorage.from_file")]:
        yield f"dotted-{module}-{attribute}.pth", checkpoint(b"\x80\x04" + stack_global(module, attribute) + b")R."), bad, f"{module}.{attribute}"


def opcode_samples():
    evil = "os.system"
    for label, body, named in [
        ("inst", b"(" + text("true") + b"ios\nsystem\n.", evil),
        ("inst-old", b"(S'true'\nios\nsystem\n.", evil),
        ("obj", b"\x80\x02(" + name("os", "system") + text("true") + b"o.", evil),
        ("newobj", pickled(name("os", "system") + b")\x81"), evil),
        ("newobj-ex", b"\x80\x04" + name("os", "system") + b")}\x92.", evil),
        ("build", pickled(name("torch", "device") + name("os", "system") + b"b"), evil),
        ("only-named", pickled(b"N" + name("os", "system") + b"0"), evil),
        ("duplicated", pickled(name("os", "system") + b"20" + text("true") + b"\x85R"), evil),
        ("in-a-default-factory", pickled(name("collections", "defaultdict") + name("os", "system") + b"\x85R"), evil),
        ("stack-global", b"\x80\x04" + stack_global("os", "system") + text("true") + b"\x85R.", evil),
        ("stack-global-from-memo", b"\x80\x04" + short("os") + b"\x94" + short("system") + b"\x94" + b"00" + b"h\0h\1\x93" + text("true") + b"\x85R.", evil),
        ("stack-global-from-far-memo", b"\x80\x04" + text("os") + put(2**31) + b"0" + text("system") + put(7) + b"0" + get(2**31) + get(7) + b"\x93)R.", evil),
        ("stack-global-from-text-memo", b"Vos\np1\n0Vsystem\np2\n0g1\ng2\n\x93)R.", evil),
        ("stack-global-escaped", b"\x80\x04V\\u006f\\u0073\nS'sys\\x74em'\n\x93)R.", evil),
        ("stack-global-old-strings", b"\x80\x04U\2osT\6\0\0\0system\x93)R.", evil),
        ("stack-global-behind-a-mark", b"\x80\x04" + short("os") + b"(1" + short("system") + b"\x93)R.", evil),
        ("stack-global-from-a-list", b"\x80\x04" + short("os") + b"](" + short("no") + b"e0" + short("system") + b"\x93)R.", evil),
        ("stack-global-duplicated", b"\x80\x04" + short("posix") + b"2\x93)R.", "posix.posix"),
        ("stack-global-made-up", b"\x80\x04" + b"cbuiltins\nstr\n" + short("os") + b"\x85R" + short("system") + b"\x93)R.", ""),
        ("memo-overwritten", b"\x80\x04" + short("collections") + b"q\0" + short("os") + b"q\0" + b"00h\0" + short("system") + b"\x93)R.", evil),
        ("memoized-anew", b"\x80\x04" + short("torch") + b"\x94" + short("os") + b"q\0" + b"00h\0" + short("system") + b"\x93)R.", evil),
        ("getattr", pickled(name("builtins", "getattr") + name("torch", "Size") + text("__class__") + b"\x86R"), "builtins.getattr"),
        ("python2-name", pickled(call("__builtin__", "eval")), "builtins.eval"),
        ("python2-name-in-protocol-4", b"\x80\x04" + call("__builtin__", "set") + b".", "__builtin__.set"),
        ("extension-1", pickled(b"\x82\x01)R"), ""), ("extension-2", pickled(b"\x83\x01\x02)R"), ""), ("extension-4", pickled(b"\x84\1\2\3\4)R"), ""),
        ("protocol-changes", b"\x80\x02\x80\x04" + stack_global("os", "system") + b")R.", evil),
        ("no-protocol", call("os", "system") + b".", evil),
        ("protocol-0", payload0, evil),
        ("protocol-200", b"\x80\xc8" + call("os", "system") + b".", evil),
        ("frame-lies", b"\x80\x04\x95" + struct.pack("<Q", 2**40) + stack_global("os", "system") + b")R.", evil),
        ("name-with-newline-escape", b"\x80\x04" + short("os\n") + short("system") + b"\x93)R.", ""),
        ("name-of-bytes", b"\x80\x04C\2osC\6system\x93)R.", ""),
        ("carriage-returns", b"cos\r\nsystem\r\n)R.", ""),
        ("in-bytes", pickled(b"C" + bytes([len(payload)]) + payload), evil),
        ("in-latin-1-text", pickled(name("_codecs", "encode") + text(payload.decode("latin-1")) + text("latin1") + b"\x86R"), evil),
        ("in-a-bytearray", b"\x80\x05\x96" + struct.pack("<Q", len(payload)) + payload + b".", evil),
    ]:
        yield f"opcode-{label}.pkl", body, closed, named
        yield f"opcode-{label}.pth", checkpoint(body), closed, named


def broken_samples():
    """What was run has run before the stream breaks."""
    for label, rest in [("cut", b""), ("no-opcode", b"\xff\xff."), ("underflow", b"000000RRR."), ("memo-missing", b"j\xff\xff\xff\xff."),
                        ("bad-length", b"\x8e" + struct.pack("<Q", 2**63) + b"."), ("long", b"\x8b\xff\xff\xff\xff."), ("text", b" and so on"),
                        ("frame", b"\x95" + struct.pack("<Q", 2**62)), ("invalid-bytes", b"X\4\0\0\0\xff\xff\xff\xff.")]:
        yield f"broken-{label}.pkl", b"\x80\x02" + call("os", "system") + rest, closed, "os.system"
        yield f"broken-{label}.pth", checkpoint(b"\x80\x02" + call("os", "system") + rest), closed, "os.system"
    yield "broken-before.pkl", b"\x80\x02000RR" + call("os", "system") + b".", closed, "os.system"
    yield "broken-global.pkl", b"\x80\x02cos\nsyst", closed, ""
    yield "broken-protocol-0.pkl", payload0[:-1] + b"and so on", closed, "os.system"
    for label, more in [("pickle", payload), ("pickle-protocol-0", payload0), ("pickle-after-zeros", bytes(9) + payload), ("zip", checkpoint(payload))]:
        yield f"after-stop-{label}.pkl", good_pickle + more, closed, "" if "zeros" in label else "os.system"
        yield f"after-stop-{label}.pth", checkpoint(good_pickle + more), closed, "" if "zeros" in label else "os.system"
    yield "after-many-stops.pkl", good_pickle * 5000 + payload, bad, "os.system"


def zip_samples():
    evil, v = Entry("a/data.pkl", payload), Entry("a/version", b"3\n")
    both = dict(central={}, local={})
    yield "zip-plain.pth", checkpoint(payload), bad, "os.system"
    yield "zip-deflated.pth", archive([Entry("a/data.pkl", payload, method=8), v]), bad, "os.system"
    yield "zip-wrong-crc.pth", archive([Entry("a/data.pkl", payload, crc=1), v]), bad, "os.system"
    yield "zip-crc-0.pth", archive([Entry("a/data.pkl", payload, crc=0), v]), bad, "os.system"
    for flag in (0x1, 0x20, 0x40, 0x2000):
        yield f"zip-flag-{flag:#x}.pth", archive([Entry("a/data.pkl", payload, flags=flag), v]), bad, "os.system"
        yield f"zip-flag-{flag:#x}-in-directory.pth", archive([Entry("a/data.pkl", payload, central=dict(flags=flag)), v]), bad, "os.system"
        yield f"zip-flag-{flag:#x}-in-header.pth", archive([Entry("a/data.pkl", payload, local=dict(flags=flag)), v]), bad, "os.system"
    yield "zip-names-differ.pth", archive([Entry("a/data.pkl", payload, local=dict(name=b"a/data.txt")), v]), bad, "os.system"
    yield "zip-name-in-directory-differs.pth", archive([Entry("a/data.pkl", payload, central=dict(name=b"a/data.txt")), v]), bad, "os.system"
    yield "zip-sizes-differ.pth", archive([Entry("a/data.pkl", payload, local=dict(stored=2, size=2)), v]), bad, "os.system"
    yield "zip-size-0-in-directory.pth", archive([Entry("a/data.pkl", payload, central=dict(stored=0, size=0)), v]), bad, "os.system"
    yield "zip-deflated-sizes-lie.pth", archive([Entry("a/data.pkl", payload, method=8, local=dict(size=1), central=dict(size=1)), v]), closed, ""
    yield "zip-methods-differ.pth", archive([Entry("a/data.pkl", payload, central=dict(method=8)), v]), bad, "os.system"
    yield "zip-method-99.pth", archive([Entry("a/data.pkl", payload, local=dict(method=99), central=dict(method=99)), v]), bad, "os.system"
    yield "zip-twice.pth", archive(good_entries() + [evil]), bad, "os.system"
    yield "zip-twice-evil-first.pth", archive([evil] + good_entries()), bad, "os.system"
    yield "zip-twice-by-case.pth", archive(good_entries() + [Entry("a/DATA.PKL", payload)]), bad, "os.system"
    yield "zip-not-in-directory.pth", archive(good_entries(), between=archive([evil])[:-100]), closed, ""
    yield "zip-hidden-in-hole.pth", archive(good_entries(), between=archive([evil])), bad, "os.system"
    yield "zip-no-end.pth", checkpoint(payload)[:-22], bad, "os.system"
    yield "zip-cut.pth", checkpoint(payload)[:-140], closed, ""
    yield "zip-count-lies.pth", archive([v, evil], end=dict(count=1)), bad, "os.system"
    yield "zip-comment-holds-zip.pth", archive(good_entries())[:-2] + struct.pack("<H", len(checkpoint(payload))) + checkpoint(payload), bad, "os.system"
    yield "zip-junk-in-front.pth", b"#!/bin/sh\n" + checkpoint(payload), bad, "os.system"
    yield "zip-junk-behind.pth", checkpoint(payload) + b"junk", bad, "os.system"
    yield "zip-pickle-in-front.pth", payload + torch_file, bad, "os.system"
    yield "zip-pickle-behind.pth", torch_file + payload, closed, ""
    yield "zip-behind-zip.pth", checkpoint(payload) + torch_file, bad, "os.system"
    yield "zip-before-zip.pth", torch_file + checkpoint(payload), bad, "os.system"
    yield "zip-begins-pk78.pth", b"PK\7\8" + checkpoint(payload), bad, "os.system"
    yield "zip-begins-pk00.pth", b"PK00" + checkpoint(payload), bad, "os.system"
    yield "zip-begins-pk56.pth", b"PK\5\6" + bytes(18) + checkpoint(payload), bad, "os.system"
    yield "zip-pk78-and-pickle.pth", b"PK\7\8" + payload, closed, ""
    yield "zip-in-zip.pth", checkpoint(good_pickle, more=[Entry("a/inner.bin", checkpoint(payload))]), bad, "os.system"
    yield "zip-in-zip-deflated.pth", checkpoint(good_pickle, more=[Entry("a/inner", checkpoint(payload), method=8)]), bad, "os.system"
    deep = payload
    for _ in range(5):
        deep = archive([Entry("a/b", deep)])
    yield "zip-five-deep.pth", deep, bad, "os.system"
    for _ in range(30):
        deep = archive([Entry("a/b", deep)])
    yield "zip-35-deep.pth", deep, closed, ""
    for where in ("a/data/evil", "a/data/0", "a/evil", "a/extra/evil.json", "a/version.txt", "a/.data/evil", "a/x.pkl", "a/code/x.py"):
        for label, evil_bytes in (("", payload), ("-protocol-0", payload0), ("-cut", payload0[:-1])):
            yield f"member-{where.replace('/', '-')}{label}.pth", checkpoint(good_pickle, more=[Entry(where, evil_bytes)]), closed, "os.system"
    yield "member-7z.pth", checkpoint(good_pickle, more=[Entry("a/x.7z", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40))]), closed, ""
    yield "member-machine-code.pth", checkpoint(good_pickle, more=[Entry("a/x.so", b"\x7fELF\2\1\1" + bytes(60))]), bad, ""
    yield "member-unknown-bytes.pth", checkpoint(good_pickle, more=[Entry("a/x", bytes(range(255, 0, -1)))]), closed, ""
    yield "bomb.pth", checkpoint(good_pickle, more=[Entry(f"a/{i}", bytes(40_000_000), method=8) for i in range(12)]), closed, ""
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("model/data.pkl", payload)
        yield "zipfile.zip", file.getvalue(), bad, "os.system"


def other_samples():
    yield "wrong-extension.jpg", payload, bad, "os.system"
    yield "wrong-extension.safetensors", payload, bad, "os.system"
    yield "wrong-extension-zip.txt", checkpoint(payload), bad, "os.system"
    yield "wrong-extension-text.json", payload0, bad, "os.system"
    yield "container.7z", b"7z\xbc\xaf\x27\x1c\0\4" + zlib.compress(payload), closed, ""
    yield "container.gz", b"\x1f\x8b\x08" + bytes(7) + zlib.compress(payload), closed, ""
    yield "container-zlib.pkl", zlib.compress(payload), closed, ""
    yield "empty.pth", b"", closed, ""
    yield "text.pth", b"there is nothing to see here\n", closed, ""
    yield "page.pth", b"<!DOCTYPE html><html></html>", closed, ""
    # Streams of before 1.6: five pickles; PyTorch has run the first before it looks at the magic number in it.
    rest = pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    keys = pickle.dumps([], 2)
    yield "legacy.pt", legacy_magic + rest + payload + keys, bad, "os.system"
    yield "legacy-magic-runs.pt", payload + rest + good_pickle + keys, bad, "os.system"
    yield "legacy-other-magic.pt", pickle.dumps(0x1950a86a20f9469cfc6d, 2) + rest + payload + keys, bad, "os.system"
    yield "legacy-magic-popped.pt", b"\x80\x02" + call("os", "system") + b"0" + legacy_magic[2:] + rest + good_pickle + keys, bad, "os.system"
    yield "legacy-version.pt", legacy_magic + payload + payload + good_pickle + keys, bad, "os.system"
    yield "legacy-keys.pt", legacy_magic + rest + good_pickle + payload, bad, "os.system"
    yield "legacy-behind.pt", legacy_magic + rest + good_pickle + keys + payload, closed, ""
    one = pickled(dict_of([("w", storage("0", 1))]))
    yield "legacy-storage-too-long.pt", legacy_magic + rest + one + pickle.dumps(["0"], 2) + struct.pack("<q", 1) + bytes(4) + payload, closed, ""
    yield "legacy-source.pt", legacy_magic + rest + pickled(b"(" + text("module") + name("evil_models", "Net") + text("a.py") + text("import os") + b"tQ)R") + keys, bad, "evil_models.Net"
    # NumPy
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    npy = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + payload
    yield "objects.npy", npy, bad, "os.system"
    yield "objects-2.npy", b"\x93NUMPY\2\0" + struct.pack("<I", len(header)) + header + payload, bad, "os.system"
    yield "objects.npz", archive([Entry("arr_0.npy", npy), Entry("arr_1.npy", b"\x93NUMPY\1\0\2\0{}")]), bad, "os.system"
    yield "objects-in-a-field.npy", npy.replace(b"'|O'", b"[('x','O')]").replace(struct.pack("<H", len(header)), struct.pack("<H", len(header) + 7), 1), bad, "os.system"
    # tar
    def tar(members):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as out:
            for member, data in members:
                info = tarfile.TarInfo(member)
                info.size = len(data)
                out.addfile(info, io.BytesIO(data))
        return file.getvalue()
    zero = pickle.dumps(0, 2)
    yield "tar-pickle.pt", tar([("sys_info", good_pickle), ("pickle", payload), ("tensors", zero), ("storages", zero)]), bad, "os.system"
    yield "tar-tensors.pt", tar([("sys_info", good_pickle), ("pickle", good_pickle), ("tensors", payload), ("storages", zero)]), bad, "os.system"
    yield "tar-storages.pt", tar([("sys_info", good_pickle), ("pickle", good_pickle), ("tensors", zero), ("storages", zero + payload)]), bad, "os.system"
    yield "tar-other.pt", tar([("anything", payload0)]), bad, "os.system"
    yield "tar-zip-member.pt", tar([("anything", checkpoint(payload))]), bad, "os.system"
    yield "tar-behind.pt", tar([("pickle", good_pickle)]) + payload, closed, ""
    yield "tar-and-zip.pt", tar([("pickle", payload)]) + torch_file, bad, "os.system"
    # TorchScript, torch.package, .pt2
    script = [Entry("a/constants.pkl", pickled(b")")), Entry("a/code/__torch__.py", b"class Net(Module):\n  pass\n", method=8), Entry("a/version", b"3\n")]
    yield "script-data.pt", archive([Entry("a/data.pkl", payload)] + script), bad, "os.system"
    yield "script-constants.pt", archive([Entry("a/data.pkl", good_pickle), Entry("a/constants.pkl", payload)] + script[1:]), bad, "os.system"
    yield "script-debug.pt", archive([Entry("a/data.pkl", good_pickle), Entry("a/code/__torch__.py.debug_pkl", payload, method=8)] + script), bad, "os.system"
    yield "package.pt", archive([Entry("a/.data/extern_modules", b"torch\n"), Entry("a/.data/version", b"6\n"), Entry("a/net.py", b"import os\n")]), bad, ""
    config = b'{"config": {"w": {"path_name": "opaque_obj_0", "use_pickle": true}}}'
    pt2 = [Entry("a/archive_format", b"pt2"), Entry("a/data/constants/model_constants_config.json", config), Entry("a/.data/version", b"6\n")]
    yield "opaque.pt2", archive(pt2 + [Entry("a/data/constants/opaque_obj_0", payload)]), bad, "os.system"
    yield "sample-inputs.pt2", archive(pt2 + [Entry("a/data/sample_inputs/model.pt", checkpoint(payload))]), bad, "os.system"
    yield "pickled-weight.pt2", archive(pt2 + [Entry("a/data/weights/weight_0", checkpoint(payload))]), bad, "os.system"
    # safetensors: the loader accounts for every byte
    def safetensors(header, data):
        return struct.pack("<Q", len(header)) + header + data
    yield "hole.safetensors", safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}', bytes(10)), closed, ""
    yield "behind.safetensors", safetensors(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', bytes(1) + payload), closed, ""
    # folders
    dcp = pickled(name("torch.distributed.checkpoint.metadata", "Metadata") + b")\x81")
    yield "dcp-metadata", {".metadata": payload, "__0_0.distcp": torch_file}, bad, "os.system"
    yield "dcp-second-part", {".metadata": dcp, "__0_0.distcp": torch_file + checkpoint(payload) + torch_file}, bad, "os.system"
    yield "dcp-between-parts", {".metadata": dcp, "__0_0.distcp": torch_file + payload + torch_file}, bad, "os.system"
    yield "shard", {"pytorch_model.bin.index.json": b'{"weight_map": {"w": "x.bin"}}', "x.bin": checkpoint(payload)}, bad, "os.system"


def honest_samples():
    yield "good.pth", torch_file, fine, ""
    yield "good-tensor.pth", checkpoint(pickled(dict_of([("w", tensor([3], [1]))])), [bytes(12)]), fine, "torch._utils._rebuild_tensor_v2"
    yield "good-storage-is-a-pickle.pth", checkpoint(pickled(dict_of([("w", tensor([len(payload)], [1], of=storage("0", len(payload), "ByteStorage")))])), [payload]), fine, ""
    yield "good.pkl", good_pickle, fine, ""
    yield "good-protocol-0.pkl", pickle.dumps({"a": [1, 2.5, "x"]}, 0), fine, ""
    yield "good-protocol-5.pkl", pickle.dumps({"a": [1, 2.5, b"x", {1, 2}]}, 5), fine, ""
    yield "good-two.pkl", good_pickle * 2, fine, ""
    yield "good-legacy.pt", legacy_magic + pickle.dumps(1001, 2) + pickle.dumps({}, 2) + pickled(storage("7", 2)) + pickle.dumps(["7"], 2) + struct.pack("<q", 2) + payload[:8], fine, "torch.FloatStorage"
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
    npy = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + payload[:8]
    yield "good.npy", npy, fine, ""
    yield "good.npz", archive([Entry("arr_0.npy", npy)]), fine, ""
    yield "good.json", b'{"architectures": ["Net"]}', fine, ""
    dcp = pickled(name("torch.distributed.checkpoint.metadata", "Metadata") + b")\x81")
    yield "good-dcp", {".metadata": dcp, "__0_0.distcp": torch_file * 3}, ("known",), "torch.distributed.checkpoint.metadata.Metadata"
    script = [Entry("a/data.pkl", pickled(name("__torch__", "Net") + b")\x81")), Entry("a/constants.pkl", pickled(b")")),
              Entry("a/code/__torch__.py", b"class Net(Module):\n  __parameters__ = []\n", method=8), Entry("a/version", b"3\n")]
    yield "good-script.pt", archive(script), ("known",), "__torch__.Net"
    yield "good-model.pth", checkpoint(pickled(name("torch.nn.modules.linear", "Linear") + b")\x81")), ("known",), "torch.nn.modules.linear.Linear"


def samples():
    for make in (name_samples, opcode_samples, broken_samples, zip_samples, other_samples, honest_samples):
        yield from make()


def write(folder):
    """Writes them all. [(path, verdicts, named)]"""
    written = []
    for file_name, data, verdicts, named in samples():
        path = pathlib.Path(folder) / file_name
        if path.exists():
            raise ValueError(f"two samples are named {file_name}")
        if isinstance(data, dict):
            path.mkdir()
            for part, content in data.items():
                (path / part).write_bytes(content)
        else:
            path.write_bytes(data)
        written.append((path, verdicts, named))
    return written


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    write(sys.argv[1])
