#!/usr/bin/env python3
"""Gives every sample of make_scan_samples.py, and every golden file, to `okibi scan`: what would run something is never
called safe, what is honest is. Usage: scan_test.py BUILD ROOT"""
import json
import pathlib
import subprocess
import sys
import tempfile

from make_scan_samples import fine, write

build, root = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
problems = []


def scan(path):
    done = subprocess.run([build / "okibi", "scan", "--json", path], capture_output=True, text=True, timeout=120)
    try:
        return json.loads(done.stdout), done.returncode
    except json.JSONDecodeError:
        return {"verdict": f"none (exit status {done.returncode}: {done.stderr.strip()})", "globals": []}, done.returncode


def check(path, verdicts, named, label):
    report, status = scan(path)
    if report["verdict"] not in verdicts:
        problems.append(f"{label}: {report['verdict']}, expected {' or '.join(verdicts)}: {report.get('problems')} {report['globals'][:3]}")
    elif status != (0 if report["verdict"] in fine else 1):
        problems.append(f"{label}: exit status {status} with verdict {report['verdict']}")
    elif named and named not in [found["name"] for found in report["globals"]]:
        problems.append(f"{label}: does not name {named}: {report['globals']} {report['problems']}")


# Those that name classes of a program that wrote them, and one that holds an opaque object made to name os.system.
foreign = {"nn_model.pt", "classes.pth", "objects.pth", "pickled.pt2"}

with tempfile.TemporaryDirectory() as folder:
    count = 0
    for path, verdicts, named in write(folder):
        check(path, verdicts, named, path.name)
        count += 1
    for path in sorted((root / "tests/golden").glob("*/**/*")) + sorted((root / "tests/golden").glob("*.pt")):
        if path.suffix not in (".pth", ".pt", ".pt2", ".bin", ".safetensors") or path.name == "zip64_parts.bin":
            continue
        check(path, ("unsafe",) if path.name in foreign else fine, "", str(path.relative_to(root)))
        count += 1
for problem in problems:
    print(problem)
print(f"{count} files, {len(problems)} problems")
sys.exit(1 if problems or count < 300 else 0)
