"""Start: splash, first paint, memory, idle bytes."""

from __future__ import annotations

import time

from tools.bench.programs import APP, EDITOR_SHOWN, SMALLEST, started
from tools.bench.report import Report, median
from tools.bench.terminal import Terminal

IDLE_S = 10.0


def measure(report: Report, runs: int) -> None:
    """Start both programs in turn, then look at one app that is left alone."""
    smallest: list[float] = []
    app: list[float] = []
    wall: list[float] = []
    splash: list[float] = []
    for _ in range(runs):
        with started(SMALLEST) as terminal:
            smallest.append(_paint(terminal, ("smallest app",))[0])
        with started(APP) as terminal:
            cpu_s, wall_s = _paint(terminal, EDITOR_SHOWN)
            app.append(cpu_s)
            wall.append(wall_s)
            splash.append((terminal.chunks[0][0] - terminal.started_s) * 1000)
    report.add("splash on screen, wall", median(splash), "ms", 35)
    report.add("smallest Textual app, first paint", median(smallest), "CPU-s")
    report.add("first paint with the Editor in it", median(app), "CPU-s", note=f"wall {median(wall):.2f} s")
    report.add("first paint against the smallest app", median(app) / median(smallest), "x", 1.4)
    _memory_and_idle(report)


def _paint(terminal: Terminal, texts: tuple[str, ...]) -> tuple[float, float]:
    wall_s = terminal.wait_for(*texts)
    terminal.freeze()
    return terminal.cpu_s(), wall_s


def _memory_and_idle(report: Report) -> None:
    with started(SMALLEST) as terminal:
        terminal.wait_for("smallest app")
        time.sleep(2)
        report.add("memory, smallest Textual app", terminal.memory_mib(), "MiB")
    with started(APP) as terminal:
        terminal.wait_for(*EDITOR_SHOWN)
        time.sleep(4)
        terminal.wait_quiet(1.0)
        report.add("memory after start", terminal.memory_mib(), "MB", 60)
        before, cpu_s = terminal.byte_count, terminal.cpu_s()
        time.sleep(IDLE_S)
        report.add("bytes in 10 s when nothing changes", terminal.byte_count - before, "B", 0)
        report.add("processor when idle", (terminal.cpu_s() - cpu_s) / IDLE_S * 100, "%")
