"""Programs of torch.jit as golden files: the archive, what PyTorch finds in it, and what it gives.

    python3 tests/golden/script_golden.py FOLDER …    # what PyTorch finds in the *.pt there, beside them as .json
"""

import json
import pathlib
import sys
import tempfile
import zipfile

import torch

FOLDER = pathlib.Path(__file__).parent / "script"


def nodes_of(block):
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from nodes_of(inner)
        if node.kind() == "prim::fork" or node.hasAttribute("Subgraph"):
            yield from nodes_of(node.g("Subgraph"))


def operator_of(node):
    schema = node.schema()
    return node.kind() if schema == "(no schema)" else schema[:schema.index("(")]


def describe(path):
    """Of every function that PyTorch makes of the archive's code: its schema, and its operators in order."""
    unit = torch._C.CompilationUnit()
    torch._C.import_ir_module(unit, str(path), None, {}, False)
    found = {}
    for function in unit.get_functions():
        operators = [operator_of(node) for node in nodes_of(function.graph)]
        found[function.qualified_name] = {"schema": str(function.schema), "operators": operators}
    return found


def write_description(path):
    path.with_suffix(".json").write_text(json.dumps(describe(path), indent=0) + "\n")


def run(path, calls):
    module, found = torch.jit.load(path), []
    for method, *inputs in calls:
        output = getattr(module, method)(*inputs)
        found.append({"method": method, "inputs": inputs, "output": output})
    return found


def plain(value):
    """Without the classes of NamedTuples, which only this script knows, and without what lies beside the tensors in memory."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, list):
        return list(map(plain, value))
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def rewrite(source, path):
    """The same archive without what tells where this script lies, and the same bytes in every run."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            if name.endswith(".debug_pkl"):
                continue
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if "/code/" in name else zipfile.ZIP_STORED
            new.writestr(info, b"0" * 40 if name.endswith("/serialization_id") else old.read(name))  # made of what is left out, too


def make(programs, runs, extra_files={}):
    """<name>.pt, <name>.json and, where there are runs (a method and its inputs, one after the other), <name>.pth: of programs that
    functions make, each from the same seed."""
    FOLDER.mkdir(exist_ok=True)
    for name, make_program in programs.items():
        path = FOLDER / f"{name}.pt"
        torch.manual_seed(0)
        program = make_program()
        with tempfile.TemporaryDirectory() as folder:
            program.save(f"{folder}/{name}.pt", _extra_files=extra_files.get(name, {}))
            rewrite(f"{folder}/{name}.pt", path)
        write_description(path)
        if calls := runs.get(name):
            with torch.no_grad():
                torch.save(plain(run(path, calls)), path.with_suffix(".pth"))


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        for described in pathlib.Path(folder).glob("*.pt"):
            write_description(described)
