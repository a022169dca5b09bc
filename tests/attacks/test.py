"""Gives every exhibit of README.md to the program and to a driver, and sees that each ends as its line says: within a
second, in memory in proportion to the file, with a plain exit status. Usage: test.py BUILD ROOT [name of an exhibit]"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

build, root = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
only = sys.argv[3] if len(sys.argv) > 3 else ""
sanitized = "OKIBI_SANITIZE:STRING=address" in (build / "CMakeCache.txt").read_text()
most_seconds = 10 if sanitized else 1
most_bytes = 64 << 20
model_csv = root / "examples/admissions/berkeley.csv"


def documented():
    """{file: what okibi says}: the first and the last column of README.md's tables."""
    rows = re.findall(r"^\| `(\S+\.pth)` \|.*\| ([^|]+) \|$", (root / "tests/attacks/README.md").read_text(), re.M)
    return {name: words.strip() for name, words in rows}


class Run:
    """A program's end: status, CPU seconds (the machine may be busy), bytes in memory at most, what it said."""

    def __init__(self, words, folder):
        out, err = folder / "out", folder / "err"
        with open(out, "wb") as out_file, open(err, "wb") as err_file:
            process = subprocess.Popen([str(word) for word in words], stdout=out_file, stderr=err_file)
            signal.signal(signal.SIGALRM, lambda *_: process.kill())
            signal.alarm(20 * most_seconds)
            _, status, usage = os.wait4(process.pid, 0)
            signal.alarm(0)
        self.status = os.waitstatus_to_exitcode(status)
        self.seconds = usage.ru_utime + usage.ru_stime
        self.bytes = usage.ru_maxrss * 1024
        self.out_size, self.error = out.stat().st_size, err.read_bytes()

    def problems(self, file_size, usual_bytes):
        if self.status not in (0, 2):
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


def commands(file):
    return {"ls": [build / "okibi", "ls", file], "show": [build / "okibi", "show", file],
            "show --json": [build / "okibi", "show", "--json", file], "predict": [build / "okibi", "predict", file, model_csv],
            "load": [build / "load_attack", file]}


def said_otherwise(runs, words):
    """`loads`, or the words with which load() refuses; "… (all)" when the verbs that only look refuse it, too."""
    if runs["predict"].status != 2:
        yield "predict: took it for a model"
    if words == "loads":
        if runs["load"].status != 0:
            yield f"load: should load; {runs['load'].error!r}"
        return
    for verb in runs if words.endswith("(all)") else ["load"]:
        if words.removesuffix("(all)").strip().strip("`").encode() not in runs[verb].error:
            yield f"{verb}: should say {words}; {runs[verb].status} {runs[verb].error!r}"


def main():
    exhibits, failures = documented(), []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = folder / "files"
        subprocess.run([sys.executable, root / "tests/attacks/make_attacks.py", files], check=True)
        made = {file.name for file in files.iterdir()}
        if made != set(exhibits):
            sys.exit(f"README.md and make_attacks.py differ in {sorted(made ^ set(exhibits))}")
        usual = {verb: Run(words, folder).bytes for verb, words in commands(root / "tests/golden/nn_model.pt").items()}
        for file in sorted(files.iterdir()):
            if only not in file.name:
                continue
            runs = {verb: Run(words, folder) for verb, words in commands(file).items()}
            size = file.stat().st_size
            found = [f"{verb}: {problem}" for verb, run in runs.items() for problem in run.problems(size, usual[verb])]
            failures += [f"{file.name}: {problem}" for problem in found + list(said_otherwise(runs, exhibits[file.name]))]
    print("\n".join(failures) or f"{len(exhibits)} exhibits did no harm")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
