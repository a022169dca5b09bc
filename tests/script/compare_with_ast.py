"""Every source of every archive must be the same tree to okibi's parser and to Python's own.

    compare_with_ast.py SCRIPT_DRIVER ARCHIVE_OR_FOLDER …
"""

import ast
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

KINDS = ["", "Module", "NamedTuple", "Enum", "Interface", "ModuleInterface"]
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
          ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
          ast.And: "and", ast.Or: "or", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">",
          ast.GtE: ">=", ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not"}
UNARY = {ast.USub: "-", ast.Invert: "~", ast.Not: "not", ast.UAdd: "+"}
LISTS = ["__parameters__", "__buffers__", "__forward_pre_hooks__", "__forward_hooks__"]


def quoted(text):
    # The parser keeps bytes: an octal escape is one of them.
    escapes = {ord(c): "\\" + n for c, n in zip("\a\b\f\n\r\t\v\\'\"", "abfnrtv\\'\"")}
    data = text.encode("latin-1") if all(ord(c) < 256 for c in text) else text.encode()
    return '"' + "".join(escapes.get(b) or (chr(b) if 32 <= b < 127 else "\\%03o" % b) for b in data) + '"'


def constant(value, sign=1):
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, complex):
        return "%.17gj" % (sign * value.imag)
    return "%.17gf" % (sign * value) if isinstance(value, float) else str(sign * value)


def many(items):
    return " ".join(map(expr, items))


def subscript(node):
    return many(node.elts) if isinstance(node, ast.Tuple) and node.elts else expr(node)


def expr(n):
    if n is None:
        return "-"
    if isinstance(n, ast.Constant):
        return constant(n.value)
    if isinstance(n, ast.Name):
        return n.id
    if isinstance(n, ast.Attribute):
        return f"(. {expr(n.value)} {n.attr})"
    if isinstance(n, ast.Call):
        arguments = [n.func] + n.args
        return "(call " + " ".join([many(arguments)] + [f"(= {k.arg} {expr(k.value)})" for k in n.keywords]) + ")"
    if isinstance(n, ast.Subscript):
        return f"(index {expr(n.value)} {subscript(n.slice)})"
    if isinstance(n, ast.Slice):
        return f"(slice {many(x or ast.Constant(None) for x in (n.lower, n.upper) + ((n.step,) if n.step else ()))})"
    if isinstance(n, ast.List):
        return f"[{many(n.elts)}]"
    if isinstance(n, ast.Tuple):
        return f"(tuple {many(n.elts)})" if n.elts else "(tuple)"
    if isinstance(n, ast.Dict):
        return "{" + " ".join(f"{expr(k)} {expr(v)}" for k, v in zip(n.keys, n.values)) + "}"
    if isinstance(n, ast.UnaryOp):
        if isinstance(n.op, ast.USub) and isinstance(n.operand, ast.Constant):
            return constant(n.operand.value, -1)
        return f"({UNARY[type(n.op)]} {expr(n.operand)})"
    if isinstance(n, ast.BinOp):
        return f"({BINARY[type(n.op)]} {expr(n.left)} {expr(n.right)})"
    if isinstance(n, ast.Compare):
        left = expr(n.left)
        for op, right in zip(n.ops, n.comparators):
            left = f"({BINARY[type(op)]} {left} {expr(right)})"
        return left
    if isinstance(n, ast.BoolOp):
        left = expr(n.values[0])
        for right in n.values[1:]:
            left = f"({BINARY[type(n.op)]} {left} {expr(right)})"
        return left
    raise NotImplementedError(ast.dump(n))


def block(statements):
    return "{" + "; ".join(map(stmt, statements)) + "}"


def function(n):
    a = n.args
    defaults = [None] * (len(a.args) - len(a.defaults)) + a.defaults
    parameters = [f"{x.arg}:{expr(x.annotation)}={expr(d)}" for x, d in zip(a.args, defaults)]
    parameters += [f"*{x.arg}:{expr(x.annotation)}={expr(d)}" for x, d in zip(a.kwonlyargs, a.kw_defaults)]
    return f"(def {n.name} ({', '.join(parameters)}) {expr(n.returns)} {block(n.body)})"


def targets_of(target):
    return many(target.elts) if isinstance(target, ast.Tuple) else expr(target)


def stmt(n):
    if isinstance(n, ast.Assign):
        (target,) = n.targets
        return f"{targets_of(target)} {'<=' if isinstance(target, ast.Tuple) else '='} {expr(n.value)}"
    if isinstance(n, ast.AnnAssign):
        return f"{expr(n.target)} : {expr(n.annotation)} = {expr(n.value)}"
    if isinstance(n, ast.Expr):
        return expr(n.value)
    if isinstance(n, ast.If):
        return f"if {expr(n.test)} {block(n.body)} {block(n.orelse)}"
    if isinstance(n, ast.While):
        return f"while {expr(n.test)} {block(n.body)}"
    if isinstance(n, ast.For):
        return f"for {targets_of(n.target)} in {expr(n.iter)} {block(n.body)}"
    if isinstance(n, ast.With):
        (item,) = n.items
        name = "-" if item.optional_vars is None else targets_of(item.optional_vars)
        return f"with {expr(item.context_expr)} as {name} {block(n.body)}"
    if isinstance(n, ast.FunctionDef):
        return function(n)
    if isinstance(n, ast.Return):
        return f"return {expr(n.value)}"
    if isinstance(n, ast.Pass):
        return "pass"
    if isinstance(n, ast.Raise):
        return f"raise {expr(n.exc)}"
    if isinstance(n, ast.Assert):
        return f"assert {expr(n.test)} {expr(n.msg)}"
    raise NotImplementedError(ast.dump(n))


def attribute(name, annotation, value):
    final = isinstance(annotation, ast.Subscript) and expr(annotation.value) == "Final"
    return f"  attribute {name} {str(final).lower()} {expr(annotation.slice if final else annotation)} {expr(value)}"


def class_lines(n):
    base = expr(n.bases[0]) if n.bases else ""
    listed, attributes, members, methods = {}, [], [], []
    for item in n.body:
        if isinstance(item, ast.FunctionDef):
            methods.append("  " + function(item))
        elif isinstance(item, ast.AnnAssign):
            attributes.append(attribute(item.target.id, item.annotation, item.value))
        elif isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Subscript):
            attributes.append(attribute(item.targets[0].slice.value, item.value, None))
        elif isinstance(item, ast.Assign) and item.targets[0].id in LISTS:
            listed[item.targets[0].id] = [f"  listed {x.value}" for x in item.value.elts]
        elif isinstance(item, ast.Assign) and item.targets[0].id != "__annotations__":
            members.append(f"  member {item.targets[0].id} {expr(item.value)}")
    yield f"class {n.name} {KINDS.index(base)}"
    for name in LISTS:
        yield from listed.get(name, [])
    yield from attributes + members + methods


def lines_of(source):
    functions = []
    for n in ast.parse(source).body:
        if isinstance(n, ast.ClassDef):
            yield from class_lines(n)
        elif isinstance(n, ast.FunctionDef):
            functions.append(function(n))
    yield from functions


def sources_in(archive):
    with zipfile.ZipFile(archive) as z:
        for name in z.namelist():
            if re.search(r"/code/.*\.py$", name):
                yield name, z.read(name).decode("latin-1")


def archives_in(places):
    for place in map(pathlib.Path, places):
        yield from sorted(p for p in place.rglob("*") if p.suffix in (".pt", ".ptl")) if place.is_dir() else [place]


def compare(driver, name, source):
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="latin-1") as file:
        file.write(source)
        file.flush()
        done = subprocess.run([driver, "tree", file.name], capture_output=True)
    if done.returncode != 0:
        return f"{name}: {done.stderr.decode()}"
    ours, theirs = done.stdout.decode().splitlines(), list(lines_of(source))
    for a, b in zip(ours + [""] * len(theirs), theirs + [""] * len(ours)):
        if a != b:
            return f"{name}: okibi {a}\n  Python {b}"
    return None


def main():
    driver, *places = sys.argv[1:]
    count, problems = 0, []
    for archive in archives_in(places):
        for name, source in sources_in(archive):
            count += 1
            problems.append(compare(driver, f"{archive} {name}", source))
    problems = [p for p in problems if p]
    print("\n".join(problems[:20]))
    print(f"{count} files of source, {len(problems)} differ")
    sys.exit(bool(problems) or count == 0)


if __name__ == "__main__":
    main()
