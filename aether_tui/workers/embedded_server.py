"""The child process of the embedded engine: serves one model by llama.cpp's own HTTP server, until told to end.

It reads one line of JSON from standard input, writes one line of JSON to standard output when the model is loaded
(or could not be), and then serves until standard input ends, which it does when the parent closes it or dies.

    in   {"program": "", "model": "/x.gguf", "key": "…", "load": {"num_ctx": 4096}, "chat_template": "", "adapter": ""}
    out  {"address": "http://127.0.0.1:40123", "untaken": []}   or   {"error": "…"}

With `program` that llama-server does the work, else the xllamacpp library. llama.cpp's log goes to standard error.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any, TextIO

from aether_tui.core.chat import ParameterValue


@dataclass(frozen=True, slots=True)
class Order:
    """What the parent wants served. `load` is by our ids."""

    model: str
    key: str
    program: str = ""
    load: dict[str, ParameterValue] = field(default_factory=dict)
    chat_template: str = ""
    adapter: str = ""


def main() -> int:
    """Serve what standard input orders; the exit code."""
    order = Order(**json.loads(sys.stdin.buffer.readline()))
    # Libraries that print would break the protocol, so standard output is ours alone from here on.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    be_killed_first()
    if order.program:
        from aether_tui.workers.foreign_server import serve

        return serve(order, out)
    return serve_library(order, out)


def serve_library(order: Order, out: TextIO) -> int:
    """Serve by the xllamacpp library."""
    end_with_parent(True)
    import xllamacpp

    from aether_tui.workers.llama_options import PROMPT_CACHE_MIB, apply

    params: Any = xllamacpp.CommonParams()
    params.model.path = order.model
    params.port = 0
    params.api_keys = [order.key]
    params.cors_origins = "localhost"
    params.ui = False
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.chat_template = order.chat_template
    if order.adapter:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(order.adapter, 1.0)]
    try:
        untaken = apply(params, order.load, xllamacpp)
        server = xllamacpp.Server(params)
    except (RuntimeError, ValueError) as error:
        tell(out, {"error": str(error)})
        return 1
    end_with_parent(False)
    tell(out, {"address": server.listening_address, "untaken": untaken})
    sys.stdin.buffer.read()
    del server
    return 0


def be_killed_first() -> None:
    """Where memory runs out, let the kernel (Linux) end this process, which can be started anew, before others."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("500")


def end_with_parent(wanted: bool) -> None:
    """Let the end of standard input end this process at once, by a signal that needs no Python to run.

    xllamacpp holds the interpreter while it loads a model, so a thread that waits would not get to run.
    """
    flags = fcntl.fcntl(0, fcntl.F_GETFL)
    if wanted:
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, flags | os.O_ASYNC)
    else:
        fcntl.fcntl(0, fcntl.F_SETFL, flags & ~os.O_ASYNC)


def tell(out: TextIO, message: dict[str, object]) -> None:
    """Write one line to the parent, which may be gone."""
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(message), file=out, flush=True)


if __name__ == "__main__":
    sys.exit(main())
