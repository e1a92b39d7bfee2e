"""A llama-server program of the user's, run so that it ends when the app does."""

from __future__ import annotations

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from aether_tui.workers.llama_options import arguments

if TYPE_CHECKING:
    from aether_tui.workers.embedded_server import Order

HELP_LIMIT_S = 30.0
HEALTH_LIMIT_S = 2.0
PORT_TRIES = 3
POLL_S = 0.03
GRACE_S = 3.0
PR_SET_PDEATHSIG = 1


def serve(order: Order, out: TextIO) -> int:
    """Start the program, tell when it is ready, end it when standard input ends; the exit code."""
    from aether_tui.workers.embedded_server import tell

    try:
        options, untaken = arguments(order.load, help_of(order.program))
        for _ in range(PORT_TRIES):
            port = free_port()
            child = start(order, port, options)
            threading.Thread(target=end_with_input, args=(child,), daemon=True).start()
            if wait_until_ready(child, port):
                tell(out, {"address": f"http://127.0.0.1:{port}", "untaken": untaken})
                return die_like(child.wait())
            if not is_taken(port):
                break
    except (OSError, subprocess.SubprocessError) as error:
        tell(out, {"error": str(error)})
        return 1
    tell(out, {"error": f"{order.program} ended with {child.returncode}"})
    return die_like(child.returncode)


def help_of(program: str) -> str:
    """What the program says of its own flags. Raises OSError or SubprocessError."""
    done = subprocess.run(
        [program, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HELP_LIMIT_S, check=False
    )
    return done.stdout + done.stderr


def start(order: Order, port: int, options: list[str]) -> subprocess.Popen[bytes]:
    """Start the program on a port. The key goes through the environment, where other users don't see it."""
    command = [order.program, "--model", order.model, "--host", "127.0.0.1", "--port", str(port), *options]
    if order.chat_template:
        command += ["--chat-template", order.chat_template]
    if order.adapter:
        command += ["--lora", order.adapter]
    return subprocess.Popen(
        command,
        env={**os.environ, "LLAMA_API_KEY": order.key},
        stdin=subprocess.DEVNULL,
        preexec_fn=end_with_us if sys.platform == "linux" else None,
    )


def end_with_us() -> None:
    """Have the kernel end this process when its parent ends, however that happens (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_input(child: subprocess.Popen[bytes]) -> None:
    """Wait for the end of standard input, then end the child."""
    # Not through sys.stdin: its lock, held by this thread, would make the end of the interpreter a crash.
    while os.read(0, 4096):
        pass
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()


def wait_until_ready(child: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server has loaded its model; False if it ended instead."""
    while child.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HEALTH_LIMIT_S)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(POLL_S)
    return False


def free_port() -> int:
    """A loopback port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_taken(port: int) -> bool:
    """Whether someone else listens there, so that another port is worth a try."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def die_like(code: int) -> int:
    """End as the child did, so that the parent sees the same signal; the exit code otherwise."""
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code not in (signal.SIGKILL, signal.SIGSTOP) else None
        os.kill(os.getpid(), -code)
    return code
