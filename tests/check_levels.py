#!/usr/bin/env python3
"""Proves from the #include lines that every module includes only modules of lower levels, and that ARCHITECTURE.md prints
the same table. Usage: check_levels.py ROOT"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
problems = []
level_of, module_of_header, rows = {}, {}, []
for line in (root / "cmake/levels.txt").read_text().splitlines():
    if line.startswith("#") or not line.strip():
        continue
    level, module, headers = (part.strip() for part in line.split("|"))
    level_of[module] = int(level)
    rows.append((level, module))
    for header in headers.split():
        module_of_header[header] = module

sources = [(path, path.relative_to(root / "src").parts[0]) for path in (root / "src").glob("*/**/*")
           if path.suffix in (".h", ".cpp", ".def")]
for path in sorted((root / "include/okibi").glob("**/*.*")):  # nn/layers.h belongs to nn, as nn.h does
    header = str(path.relative_to(root / "include/okibi"))
    if "/" in header:
        module_of_header[header] = header.split("/")[0]
    if header not in module_of_header:
        problems.append(f"include/okibi/{header} belongs to no module in cmake/levels.txt")
    else:
        sources.append((path, module_of_header[header]))

include = re.compile(r'^\s*#\s*include\s+(?:<okibi/([^>]+)>|"([^"]+)")')
checked = 0
for path, module in sources:
    if module not in level_of:
        problems.append(f"src/{module} stands in no line of cmake/levels.txt")
        continue
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = include.match(line)
        if not found:
            continue
        public, private = found.groups()
        other = module_of_header.get(public) if public else private.split("/")[0]
        place = f"{path.relative_to(root)}:{number}"
        if other not in level_of:
            problems.append(f"{place}: {line.strip()}: of no known module")
        elif other != module and level_of[other] >= level_of[module]:
            problems.append(f"{place}: {module} (level {level_of[module]}) includes {other} (level {level_of[other]})")
        checked += 1

printed = re.findall(r"^\| (\d) \| `(\w+)`", (root / "ARCHITECTURE.md").read_text(), re.M)
if printed != rows:
    problems.append("the table in ARCHITECTURE.md is not that of cmake/levels.txt")
if checked < 100:
    problems.append(f"only {checked} includes were found: is this the right folder?")
for problem in problems:
    print(problem)
print(f"{checked} includes checked, {len(problems)} problems")
sys.exit(bool(problems))
