"""Keys in the Editor: a moved cursor, a changed value, other screens, resize, focus."""

from __future__ import annotations

import time

from tools.bench.programs import APP, EDITOR_SHOWN, started
from tools.bench.report import Report, median, percentile
from tools.bench.terminal import Terminal

TIMES = 40
TO_TEMPERATURE = "g" + "j" * 2
F4, F5 = "\x1bOS", "\x1b[15~"
# What stands at the upper and the lower end of each screen.
EDITOR, PLAYGROUND = ("Modelfile", "create"), ("Settings", "send")
FOCUS_OUT, FOCUS_IN = "\x1b[O", "\x1b[I"


def measure(report: Report) -> None:
    """Type as a person does, one key at a time, and wait for each paint."""
    with started(APP) as terminal:
        terminal.wait_for(*EDITOR_SHOWN)
        time.sleep(3)
        terminal.wait_quiet(1.0)
        _cursor(terminal, report)
        _values(terminal, report)
        _screens(terminal, report)
        _resize(terminal, report)
        _focus(terminal, report)
        report.add("memory after all of that", terminal.memory_mib(), "MB")


def _cursor(terminal: Terminal, report: Report) -> None:
    answers = [terminal.answer_to("j" if index % 2 else "k") for index in range(TIMES)]
    report.add("cursor moved, p95", percentile([ms for ms, _ in answers], 0.95), "ms", 10)
    report.add("cursor moved, bytes", median([size for _, size in answers]), "B")


def _values(terminal: Terminal, report: Report) -> None:
    terminal.answer_to("g")
    for _ in range(40):
        before = len(terminal.chunks)
        terminal.answer_to("j")
        if "freely" in terminal.text(before):
            break
    answers = [terminal.answer_to("l" if index < TIMES // 2 else "h") for index in range(TIMES)]
    shown = [ms for ms, _ in answers]
    report.add("value changed → row, preview, diff, problems, p50", median(shown), "ms")
    report.add("value changed → row, preview, diff, problems, p95", percentile(shown, 0.95), "ms", 12)
    report.add("value changed, bytes p95", percentile([size for _, size in answers], 0.95), "B", 1500)


def _screens(terminal: Terminal, report: Report) -> None:
    report.add("another screen, first time", terminal.shown_after(F5, *PLAYGROUND), "ms", 60)
    time.sleep(2)
    took: list[float] = []
    for _ in range(8):
        for key, texts in ((F4, EDITOR), (F5, PLAYGROUND)):
            terminal.wait_quiet(0.3)
            took.append(terminal.shown_after(key, *texts))
    report.add("another screen, again", median(took), "ms", 20)
    terminal.shown_after(F4, *EDITOR)
    terminal.wait_quiet(0.5)


def _resize(terminal: Terminal, report: Report) -> None:
    report.add("resize", resize_ms(terminal), "ms", 80)


def resize_ms(terminal: Terminal) -> float:
    """The usual time until the screen is painted in another size."""
    return median([terminal.answer_to_resize(columns, rows) for columns, rows in ((80, 24), (120, 40)) * 4])


def _focus(terminal: Terminal, report: Report) -> None:
    report.add("terminal focus out and in", focus_cpu_s(terminal), "CPU-s", 0.1)


def focus_cpu_s(terminal: Terminal) -> float:
    """Processor seconds for the terminal losing and taking the focus."""
    terminal.wait_quiet(0.5)
    before_s = terminal.cpu_s()
    terminal.answer_to(FOCUS_OUT, 0.3)
    terminal.answer_to(FOCUS_IN, 0.3)
    return terminal.cpu_s() - before_s
