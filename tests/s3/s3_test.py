#!/usr/bin/env python3
"""okibi's S3 against versitygw, and against a store that misbehaves.

Usage: s3_test.py BUILD [--schedules COUNT] [--seed SEED] [--only schedules|tests] [unittest arguments]
Exit status 77 where only versitygw was missing (never where $CI is set)."""
import argparse
import pathlib
import sys
import unittest

import fault_tests
import gateway_tests
from schedules import run_schedules


class Lines(unittest.TextTestResult):
    """Counts those that were skipped because there is no server."""

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            print(f"  {subtest}", file=sys.stderr)


def run_tests(program, more):
    gateway_tests.Shared.program = fault_tests.Faulty.program = program
    loader, suite = unittest.defaultTestLoader, unittest.TestSuite()
    names = [word for word in more if not word.startswith("-")]
    for module in (fault_tests, gateway_tests):
        suite.addTests(loader.loadTestsFromModule(module) if not names else
                       [test for case in loader.loadTestsFromModule(module) for test in case
                        if any(name in test.id() for name in names)])
    result = unittest.TextTestRunner(verbosity=2, resultclass=Lines, failfast="-f" in more).run(suite)
    return result.wasSuccessful(), bool(result.skipped)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261)
    parser.add_argument("--only", choices=["schedules", "tests"])
    options, more = parser.parse_known_args()
    program = options.build.resolve() / "s3_driver"
    well, skipped = (True, False) if options.only == "schedules" else run_tests(program, more)
    if options.only != "tests":
        well = run_schedules(program, options.schedules, options.seed) and well
    return 1 if not well else 77 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
