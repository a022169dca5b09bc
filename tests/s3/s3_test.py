#!/usr/bin/env python3
"""okibi's S3 against servers. Usage:

  s3_test.py BUILD gateway            versitygw, a real store; exit status 77 where it cannot be had (1 where $CI is set)
  s3_test.py BUILD faults             a store that misbehaves, fault by fault
  s3_test.py BUILD schedules [COUNT] [SEED]     and in COUNT random ways (100); seeds count up from SEED
  s3_test.py BUILD servers            the servers themselves: is the one that misbehaves as strict as the real one?

Further words choose tests by parts of their names; -f stops at the first that fails."""
import pathlib
import random
import sys
import unittest

import fault_kinds_test
import fault_server_test
import fault_tests
import gateway_tests
import lent_key_tests
import servers_agree_test
from schedules import run_schedules

MODULES = {"gateway": [gateway_tests], "faults": [fault_tests, lent_key_tests], "servers": [fault_server_test, fault_kinds_test, servers_agree_test]}


def all_cases(suite):
    for each in suite:
        yield from all_cases(each) if isinstance(each, unittest.TestSuite) else [each]


def run_tests(modules, program, words):
    gateway_tests.Shared.program = fault_tests.Faulty.program = program
    names = [word for word in words if not word.startswith("-")]
    cases = [case for module in modules for case in all_cases(unittest.defaultTestLoader.loadTestsFromModule(module))]
    chosen = unittest.TestSuite(case for case in cases if not names or any(name in case.id() for name in names))
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, failfast="-f" in words).run(chosen)
    if not result.wasSuccessful() or result.testsRun == 0 and not result.skipped:
        return 1
    return 77 if result.skipped else 0


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in [*MODULES, "schedules"]:
        sys.exit(__doc__)
    program, what, more = pathlib.Path(sys.argv[1]).resolve() / "s3_driver", sys.argv[2], sys.argv[3:]
    if what != "schedules":
        return run_tests(MODULES[what], program, more)
    count, seed = int(more[0]) if more else 100, int(more[1]) if more[1:] else random.SystemRandom().randrange(10 ** 9)
    return 0 if run_schedules(program, count, seed) else 1


if __name__ == "__main__":
    sys.exit(main())
