"""Runs test modules and tells what came of each test, one JSON object a line.

    REPORT_FD=3 python3 report.py MODULE...

The lines go to the file descriptor REPORT_FD, so that tests may print.
"""

import json
import os
import sys
import time
import unittest


class Report(unittest.TestResult):
    """Writes a line for each test that ended."""

    def __init__(self, lines):
        super().__init__()
        self._lines = lines
        self._outcome = None

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()
        self._outcome, self._detail = "passed", ""

    def addError(self, test, err):
        self._fail(test, err)

    def addFailure(self, test, err):
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._fail(subtest, err)

    def addSkip(self, test, reason):
        self._outcome, self._detail = "skipped", reason

    def stopTest(self, test):
        super().stopTest(test)
        self._tell(test, time.monotonic() - self._began)
        self._outcome = None

    def _fail(self, test, err):
        detail = self._exc_info_to_string(err, test)
        if self._outcome is None:  # no test runs: a class or a module could not be set up
            self._outcome, self._detail = "failed", detail
            self._tell(test, 0)
            self._outcome = None
            return
        self._outcome = "failed"
        self._detail += f"{test}\n{detail}\n"

    def _tell(self, test, seconds):
        print(json.dumps({"test": test.id(), "outcome": self._outcome, "detail": self._detail,
                          "seconds": seconds}), file=self._lines, flush=True)


def main():
    with open(int(os.environ["REPORT_FD"]), "w", encoding="utf-8") as lines:
        tests = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
        tests.run(Report(lines))


if __name__ == "__main__":
    main()
