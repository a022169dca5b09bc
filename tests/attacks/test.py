"""Gives every exhibit of README.md to the program and to a driver, and sees that each ends as its line says: within a
second, in memory in proportion to the file, with a plain exit status. Usage: test.py BUILD ROOT [part of a name]"""
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

build, root = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
only = sys.argv[3] if len(sys.argv) > 3 else ""
sanitized = "OKIBI_SANITIZE:STRING=address" in (build / "CMakeCache.txt").read_text()
most_seconds = 10 if sanitized else 1
most_bytes = 64 << 20
model_csv = root / "examples/admissions/berkeley.csv"
readme = (root / "tests/attacks/README.md").read_text()
answers = ("diff", "verify", "scan")  # the verbs whose exit status 1 means no
opens = ("ls", "show", "show --json", "predict", "stats", "load")  # those that `(all)` speaks of
forbidden_name = "okibi does not allow"


def documented():
    """{exhibit: what okibi says}: the first and the last column of README.md's tables of exhibits, which have five."""
    rows = re.findall(r"^\| `(\S+)` \|(?:.*\|){3} ([^|]+) \|$", readme, re.M)
    return {name: words.strip() for name, words in rows}


def missing_items(exhibits):
    """Names and patterns in the table of items, which has two columns, that stand for no exhibit."""
    for item, patterns in re.findall(r"^\| ([^|`]+) \| (`[^|]+) \|$", readme, re.M):
        for pattern in re.findall(r"`([^`]+)`", patterns):
            if not fnmatch.filter(exhibits, pattern) and not (root / pattern).exists():
                yield f"README.md: {item}: there is no exhibit {pattern}"


class Run:
    """A program's end: status, CPU seconds (the machine may be busy), bytes in memory at most, what it said."""

    def __init__(self, words, folder):
        out, err = folder / "out", folder / "err"
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=out_file, stderr=err_file)
            killer = threading.Timer(20 * most_seconds, process.kill)
            killer.start()
            _, status, usage = os.wait4(process.pid, 0)
            killer.cancel()
        process.returncode = self.status = os.waitstatus_to_exitcode(status)
        self.seconds = usage.ru_utime + usage.ru_stime
        self.bytes = usage.ru_maxrss * 1024
        self.out_size, self.error = out.stat().st_size, err.read_bytes()
        self.out = out.read_bytes() if self.out_size < most_bytes else b""

    def problems(self, verb, file_size, usual_bytes):
        if self.status not in ((0, 1, 2) if verb in answers else (0, 2)):
            yield f"exit status {self.status}: {self.error[-500:]!r}"
        if self.seconds > most_seconds:
            yield f"took {self.seconds:.1f} s"
        if not sanitized and self.bytes > usual_bytes + file_size + most_bytes:
            yield f"took {(self.bytes - usual_bytes) >> 20} MiB"
        if self.out_size > file_size + most_bytes:
            yield f"printed {self.out_size >> 20} MiB"
        lines = self.error.count(b"\n")
        if lines != (1 if self.status == 2 else 0) or len(self.error) > 5000 or any(byte < 32 for byte in self.error[:-1]):
            yield f"stderr is not one plain line: {self.error[:300]!r}"


def is_program(file):
    return file.name.startswith("script-") or file.parent.name == "script"


def commands(file, folder):
    okibi = build / "okibi"
    of_programs = {"script": [okibi, "script", file], "run": [okibi, "run", "--json", file]} if is_program(file) else {}
    return of_programs | {"ls": [okibi, "ls", file], "show": [okibi, "show", file], "show --json": [okibi, "show", "--json", file],
            "predict": [okibi, "predict", file, model_csv], "stats": [okibi, "stats", file], "diff": [okibi, "diff", file, file],
            "verify": [okibi, "verify", file], "scan": [okibi, "scan", "--json", file],
            "convert .safetensors": [okibi, "convert", file, folder / "out.safetensors"],
            "convert .pth": [okibi, "convert", file, folder / "out.pth"], "load": [build / "load_attack", file]}


def said_otherwise(runs, words):
    """`loads`, or the words with which load() refuses; "… (all)" when the verbs that only look refuse it, too."""
    if runs["predict"].status != 2:
        yield "predict: took it for a model"
    if words == "loads":
        if runs["load"].status != 0:
            yield f"load: should load; {runs['load'].error!r}"
        return
    for verb in opens if words.endswith("(all)") else ["load"]:
        if words.removesuffix("(all)").strip().strip("`").encode() not in runs[verb].error:
            yield f"{verb}: should say {words}; {runs[verb].status} {runs[verb].error!r}"


def scanned_otherwise(runs):
    """What load() refuses for the names in it is not safe to scan; in what it refuses for anything else, verify finds it."""
    refused = runs["load"].error.decode(errors="replace")
    try:
        verdict = json.loads(runs["scan"].out)["verdict"]
    except (ValueError, KeyError):
        verdict = "none"
    if verdict == "none" and runs["scan"].status != 2:
        yield f"scan: gave no verdict; {runs['scan'].error!r}"
    if verdict == "safe" and forbidden_name in refused:
        yield f"scan: called it safe; load: {refused!r}"
    if runs["verify"].status == 0 and refused and forbidden_name not in refused:
        yield f"verify: found nothing wrong; load: {refused!r}"


def size_of(path):
    """Of a file, or of the files in a folder; what lies at the end of links is no part of it."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files)


def problems_of(path, words, usual):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        runs = {verb: Run(command, folder) for verb, command in commands(path, folder).items()}
        size = size_of(path)
        found = [f"{verb}: {problem}" for verb, run in runs.items() for problem in run.problems(verb, size, usual[verb])]
        return [f"{path.name}: {problem}" for problem in found + [*said_otherwise(runs, words), *scanned_otherwise(runs)]]


def main():
    exhibits = documented()
    failures = list(missing_items(exhibits))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = folder / "files"
        subprocess.run([sys.executable, root / "tests/attacks/make_attacks.py", files], check=True)
        made = {file.name + ("/" if file.is_dir() else "") for file in files.iterdir()}
        if made != set(exhibits):
            sys.exit(f"README.md and make_attacks.py differ in {sorted(made ^ set(exhibits))}")
        usual = {verb: Run(words, folder).bytes for file in ("script/tabular.pt", "nn_model.pt")
                 for verb, words in commands(root / "tests/golden" / file, folder).items()}
        chosen = sorted(name for name in exhibits if only in name)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for found in pool.map(lambda name: problems_of(files / name, exhibits[name], usual), chosen):
                failures += found
    print("\n".join(failures) or f"{len(chosen)} exhibits did no harm")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
