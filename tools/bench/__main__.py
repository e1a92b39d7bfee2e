"""`make bench`: the figures of DESIGN.md, section 8, beside their budgets. Wall times depend on the machine."""

from __future__ import annotations

import argparse
import sys

from tools.bench import headers, keys, start, streaming
from tools.bench.report import Report


def main() -> int:
    """Measure, print the table, and tell by the exit code whether every budget was met."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help="start keys streaming headers; all without any")
    parser.add_argument("--runs", type=int, default=9, help="starts of each program")
    options = parser.parse_args()
    report = Report()
    measures = {
        "start": lambda: start.measure(report, options.runs),
        "keys": lambda: keys.measure(report),
        "streaming": lambda: streaming.measure(report),
        "headers": lambda: headers.measure(report),
    }
    unknown = set(options.parts) - set(measures)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    for name, part in measures.items():
        if not options.parts or name in options.parts:
            sys.stderr.write(f"measuring {name} …\n")
            part()
    report.print()
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
