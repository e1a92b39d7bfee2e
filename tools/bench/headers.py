"""GGUF headers: the reader alone in a bare Python, and the command."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.bench.report import Report, median

VOCABULARY = 150_000
RUNS = 5
READ = """
import json, resource, sys


def peak_kib():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])


before_kib = peak_kib()
from aether_tui.core.gguf import read_header
import os
with open(sys.argv[1], "rb") as file:
    def read(offset, length):
        file.seek(offset)
        return file.read(length)
    header = read_header(read, os.fstat(file.fileno()).st_size)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "more_kib": peak_kib() - before_kib}))
"""


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def write_header(path: Path, vocabulary: int = VOCABULARY) -> None:
    """A GGUF header as large as those of current models: tokens, their types and merges, no tensors."""
    tokens = b"".join(_text(f"token{index:06d}") for index in range(vocabulary))
    merges = b"".join(_text(f"tok en{index:06d}") for index in range(vocabulary))
    pairs = [
        _text("general.architecture") + struct.pack("<I", 8) + _text("llama"),
        _text("llama.context_length") + struct.pack("<II", 4, 131072),
        _text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, vocabulary) + tokens,
        _text("tokenizer.ggml.token_type") + struct.pack("<IIQ", 9, 5, vocabulary) + b"\x01\x00\x00\x00" * vocabulary,
        _text("tokenizer.ggml.merges") + struct.pack("<IIQ", 9, 8, vocabulary) + merges,
    ]
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs) + b"\x00" * 64)


def measure(report: Report) -> None:
    """Read one header with 150,000 tokens several times."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.gguf"
        write_header(path)
        read = [json.loads(_run([sys.executable, "-S", "-c", READ, str(path)])[0]) for _ in range(RUNS)]
        report.add(
            "GGUF header of 150,000 tokens, bare Python", median([one["cpu_s"] for one in read]) * 1000, "ms", 150
        )
        report.add("GGUF header, more memory", median([one["more_kib"] for one in read]) / 1000, "MB", 5)
        command = [_run([sys.executable, "-m", "aether_tui", "gguf", str(path), "--json"])[1] for _ in range(RUNS)]
        report.add("aether gguf FILE --json", median(command) * 1000, "ms", 300)


def _run(argv: list[str]) -> tuple[str, float]:
    """Standard output, and the processor seconds it took."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
