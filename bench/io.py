"""Usage: io.py FOLDER BUILD PYTHON. What bench/io.sh built, made and found, measured; prints Markdown tables.

Each figure is the median of alternating runs. A job runs twice in a row and counts the second time: a virtual machine
gives memory that lay idle back to its host, and the first to touch it again would pay for that."""
import json
import os
import subprocess
import sys
import time

import measure

RUNS = 7
folder, build, python = sys.argv[1:]
large = f"{folder}/large.pth"
tensor = "layers.7.gate.weight"


class Worker:
    """A program that reads names of jobs and answers with seconds."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def ask(self, job):
        self.process.stdin.write(job + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["seconds"]

    def twice(self, job):
        return lambda: (self.ask(job), self.ask(job))[1]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def whole_process(*command):
    def run():
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - start
    return lambda: (run(), run())[1]


def cold(job):
    """The job's own time in a process that has done nothing before."""
    answer = subprocess.run([f"{build}/io_bench", folder, job], check=True, capture_output=True, text=True).stdout
    return json.loads(answer)


def text_of(seconds):
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.2f} ms"


def row(what, ours, peer, peer_name, aim):
    ratio = f"{peer / ours:.2f}x as fast as" if peer >= ours else f"{ours / peer:.2f}x the time of"
    print(f"| {what} | {text_of(ours)} | {peer_name}: {text_of(peer)} | {ratio} it | {aim} |")


machine = measure.Machine()
okibi, bare, torch = (Worker(f"{build}/io_bench", folder), Worker(f"{build}/bare_io", folder),
                      Worker(python, "bench/peers/torch_io.py", folder))
# What is compared runs next to what it is compared with.
jobs = {
    "load": okibi.twice("load"), "bare load": bare.twice("load"), "torch load": torch.twice("load"),
    "save": okibi.twice("save"), "bare save": bare.twice("save"), "torch save": torch.twice("save"),
    "mmap": okibi.twice("load_mmap"), "torch mmap": torch.twice("load_mmap"),
    "safetensors": torch.twice("safetensors_load"),
    "small load": okibi.twice("small_load"), "torch small load": torch.twice("small_load"),
    "small save": okibi.twice("small_save"), "torch small save": torch.twice("small_save"),
    "one tensor": lambda: cold("one_tensor")["seconds"],
    "one tensor, whole process": whole_process(f"{build}/io_bench", folder, "one_tensor"),
    "ls": whole_process(f"{build}/okibi", "ls", large),
    "true": whole_process("/bin/true"),
}
t = {name: measure.median(times) for name, times in measure.alternate(RUNS, jobs).items()}
for worker in (okibi, bare, torch):
    worker.close()
peak = cold("peak")["bytes"] / 2**20
library = os.path.getsize(f"{build}/stripped.so") / 2**20
verdict = machine.verdict()

print(f"| state_dict of {os.path.getsize(large) / 2**30:.2f} GiB | okibi | peer | okibi is | aim |")
print("|---|---:|---:|---:|---|")
row("`load`, CRCs checked", t["load"], t["torch load"], "torch.load", "at least 3x as fast")
row("", t["load"], t["bare load"], "bare pread + CRC, 2 threads", "at most 1.15x the time")
row("`save`, CRCs computed", t["save"], t["torch save"], "torch.save", "")
row("", t["save"], t["bare save"], "bare write", "at most 1.15x the time")
row("`load(mmap)` to the first number", t["mmap"], t["torch mmap"], "torch.load(mmap)", "at most 3 ms")
row("", t["mmap"], t["safetensors"], "safetensors.load_file", "")
print("| 100,000 small tensors | | | | |")
row("`load`", t["small load"], t["torch small load"], "torch.load", "at least 10x as fast")
row("`save`", t["small save"], t["torch small save"], "torch.save", "at least 10x as fast")
print()
print("| | okibi | aim |")
print("|---|---:|---|")
print(f"| `open` and read one tensor of 1 MiB out of 2 GiB, in a new process | {text_of(t['one tensor'])} | 5 ms |")
print(f"| that process from start to end | {text_of(t['one tensor, whole process'])} | |")
print(f"| `okibi ls` of the 2 GiB, from start to end | {text_of(t['ls'])} | 10 ms |")
print(f"| a process that does nothing | {text_of(t['true'])} | |")
print(f"| memory of a process that loads, beyond its tensors | {peak:.1f} MiB | 16 MiB |")
print(f"| libokibi_checkpoint.so, stripped | {library:.2f} MiB | 2 MB |")
print(f"\nMedians of {RUNS} alternating runs. {verdict}")
