#!/usr/bin/env python3
"""Makes the table of docs/formats.md from the tests that prove it.

    python3 docs/make_formats.py ROOT            writes the table
    python3 docs/make_formats.py ROOT --check    fails where the page is another one, or a claim stands at no test

A claim is a comment right above the test that proves it, in C++ or Python, or anywhere in a script of tests/cli:

    // formats.md: safetensors | dtypes, names | read; written byte for byte | safetensors/names.safetensors
    //   a line that goes on is indented by two spaces more
    TEST(Safetensors, …)

Its fields: a format of formats.def; what of it; `read`, `written`, `not written: why` or `refused`, with more words if
they are needed; and, where the test goes through files of tests/golden, those that hold this. Claims of the same thing
share a row."""
import pathlib
import re
import sys

BEGIN, END = "<!-- made by docs/make_formats.py: begin -->", "<!-- made by docs/make_formats.py: end -->"
CLAIM = re.compile(r"\s*(?://|#) formats\.md: (.*)")
GOES_ON = re.compile(r"\s*(?://|#)   (\S.*)")
TESTS = {".cpp": re.compile(r"TEST(?:_F|_P)?\((\w+), (\w+)\)"), ".py": re.compile(r"\s*def (test_\w+)\(")}


class Problems(list):
    def at(self, place, text):
        self.append(f"{place}: {text}")


def test_at(path, lines, number, problems):
    """The name of the test that begins below the claims and other comments; a script is one test as a whole."""
    if path.suffix == ".sh":
        return path.stem
    while number < len(lines) and re.match(r"\s*(//|#)", lines[number]):
        number += 1
    found = TESTS[path.suffix].match(lines[number]) if number < len(lines) else None
    name = ".".join(found.groups()) if found else ""
    is_run = path.suffix == ".py" or path.name.endswith("_test.cpp")
    if not found or "DISABLED" in name or not is_run:
        problems.at(f"{path}:{number}", "a claim about formats stands at no test")
    return name


def claims_of(root, path, problems):
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        found = CLAIM.match(line)
        if not found:
            continue
        text, below = found[1], number + 1
        while below < len(lines) and (more := GOES_ON.match(lines[below])):
            text, below = f"{text} {more[1]}", below + 1
        fields = [field.strip() for field in text.split("|")]
        if len(fields) not in (3, 4):
            problems.at(f"{path}:{number + 1}", "expected: format | what | read, written or refused [| golden files]")
            continue
        yield f"{path}:{number + 1}", fields, test_at(path, lines, below, problems)


def run_by(root, path):
    """"" for what every ctest runs, and the words for what is run by hand; None for what nobody runs."""
    cmake, contributing = ((root / name).read_text() for name in ("tests/CMakeLists.txt", "CONTRIBUTING.md"))
    if path.suffix != ".py" or path.name in cmake:
        return ""
    return " (by the command in CONTRIBUTING.md)" if path.name in contributing else None


def is_tried(root, path, golden):
    """There is such a file, and the source of the test names it or goes through all files of a folder."""
    golden = root / "tests/golden" / golden
    text = "\n".join(line for line in path.read_text().splitlines() if not re.match(r"\s*(//|#)", line))
    return golden.exists() and (f'{golden.stem}"' in text or f'{golden.stem}.' in text or "directory_iterator" in text)


class Row:
    def __init__(self):
        self.cells = {"read": [], "written": []}
        self.proofs = {}

    def add(self, statement):
        found = re.fullmatch(r"(read|written|not written|refused)\b[,:]?\s*(.*)", statement)
        if not found:
            return False
        word, more = found.groups()
        yes_or_no = {"refused": "no, refused", "not written": "no:"}.get(word, "yes," if more else "yes")
        self.cells["read" if word in ("read", "refused") else "written"].append(f"{yes_or_no} {more}".strip())
        return True

    def cell(self, name):
        said = list(dict.fromkeys(self.cells[name]))
        detailed = [text for text in said if text != "yes"]
        return "; ".join(detailed[:1] + [text.removeprefix("yes, ") for text in detailed[1:]]) or (said or ["no"])[0]

    def proof(self):
        return "; ".join(f"{', '.join(f'`{name}`' for name in names)} in {path}" for path, names in self.proofs.items())


def rows_of(root, problems):
    formats = re.findall(r'^X\(\w+, "([^"]+)"', (root / "include/okibi/formats.def").read_text(), re.M)
    rows = {format: {} for format in formats}
    paths = sorted(path for pattern in ("*.cpp", "*.py", "*.sh") for path in (root / "tests").rglob(pattern))
    for path in paths:
        by_hand = run_by(root, path)
        for place, (format, what, statements, *golden), test in claims_of(root, path, problems):
            if format not in rows:
                problems.at(place, f"'{format}' stands not in formats.def: {', '.join(formats)}")
                continue
            if by_hand is None:
                problems.at(place, "nobody runs this: neither tests/CMakeLists.txt nor CONTRIBUTING.md names it")
            row = rows[format].setdefault(what, Row())
            for statement in statements.split(";"):
                if not row.add(statement.strip()):
                    problems.at(place, f"'{statement.strip()}' is none of: read, written, not written: why, refused")
            files = golden[0].split() if golden else []
            for name in files:
                if not is_tried(root, path, name):
                    problems.at(place, f"no test here tries tests/golden/{name}, or it is not there")
            where = f"`{path.relative_to(root)}`{by_hand or ''}"
            names = row.proofs.setdefault(where, [])
            names += [name for name in [test, *files] if name not in names]
    for format, features in rows.items():
        if not features:
            problems.at("include/okibi/formats.def", f"no test claims anything about {format}")
    return rows


def table_of(rows):
    lines = ["| format | what of it | read | written | proof |", "|---|---|---|---|---|"]
    for format, features in rows.items():
        lines += [f"| {format} | {what} | {row.cell('read')} | {row.cell('written')} | {row.proof()} |"
                  for what, row in features.items()]
    return "\n".join(lines)


def main():
    root, is_check = pathlib.Path(sys.argv[1]), "--check" in sys.argv
    problems, page = Problems(), root / "docs/formats.md"
    rows = rows_of(root, problems)
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{before}{BEGIN}\n{table_of(rows)}\n{END}{after}"
    if is_check and made != page.read_text():
        problems.at(page, "is not what the tests claim; make it again with: python3 docs/make_formats.py .")
    if not is_check and not problems:
        page.write_text(made)
    print("\n".join(problems + [f"{sum(map(len, rows.values()))} rows, {len(problems)} problems"]))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
