"""Runs the command line as a script does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

Answer = tuple[int, dict[str, Any], str]


def aether(*argv: str, stdin: bytes = b"", **env: str) -> tuple[int, str, str]:
    """Run one command: exit code, standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "aether_tui", *argv],
        input=stdin,
        capture_output=True,
        timeout=100,
        check=False,
        env={**os.environ, "OLLAMA_HOST": "127.0.0.1:9", **env},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def answer(*argv: str, stdin: bytes = b"", **env: str) -> Answer:
    """Run one command with --json; the object must be all there is on standard output."""
    code, out, err = aether(*argv, "--json", stdin=stdin, **env)
    assert out.count("\n") == 1, (out, err)
    return code, json.loads(out), err
