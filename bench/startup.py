"""Usage: startup.py OKIBI FILE. How long `okibi ls FILE` takes as a whole process, beside a program that does nothing."""
import os
import sys
import time

import measure

RUNS = 100


def milliseconds(command):
    silent = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=silent)
    status = os.waitpid(pid, 0)[1]
    passed = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    return 1000 * passed


okibi, file = sys.argv[1:]
machine = measure.Machine()
programs = {"okibi ls": [okibi, "ls", file], "true": ["/bin/true"]}
results = measure.alternate(RUNS, {name: lambda command=command: milliseconds(command) for name, command in programs.items()})
ls, nothing = (measure.median(results[name]) for name in programs)

print("| okibi ls, ms | /bin/true, ms | more, ms |")
print("|---:|---:|---:|")
print(f"| {ls:.2f} | {nothing:.2f} | {ls - nothing:.2f} |")
print(f"\nMedians of {RUNS} alternating runs. {machine.verdict()}")
