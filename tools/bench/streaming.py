"""Streaming: processor, bytes, keys typed under it, a long conversation, the first token."""

from __future__ import annotations

import asyncio
import time

from tools.bench.keys import focus_cpu_s, resize_ms
from tools.bench.programs import LONG_CHAT, started, token_server
from tools.bench.report import Report, median, percentile
from tools.bench.terminal import Terminal

TOKENS_PER_S = 100
STREAM_S = 5.0
KEYS = 40
FIRST_TOKEN_TIMES = 25
LONG_MESSAGES = 500


def measure(report: Report) -> None:
    """A short conversation for the cost of tokens, a long one for what must not grow."""
    with token_server() as address:
        with _LongChat(2, address) as terminal:
            _stream(terminal, report, "")
        with _LongChat(LONG_MESSAGES, address) as terminal:
            report.add(f"memory with {LONG_MESSAGES} messages", terminal.memory_mib(), "MB", 120)
            report.add(f"focus out and in, {LONG_MESSAGES} messages", focus_cpu_s(terminal), "CPU-s", 0.1)
            report.add(f"resize, {LONG_MESSAGES} messages", resize_ms(terminal), "ms", 80)
            _stream(terminal, report, f", {LONG_MESSAGES} messages")
            _keys_while_streaming(terminal, report)
        asyncio.run(_first_token(report, address))


class _LongChat:
    """The app on a conversation of some length, settled."""

    def __init__(self, messages: int, address: str) -> None:
        self._context = started((*LONG_CHAT, str(messages)), OLLAMA_HOST=address, PYTHONPATH=".")

    def __enter__(self) -> Terminal:
        terminal = self._context.__enter__()
        terminal.wait_for("Answer")
        terminal.wait_for("paced")
        time.sleep(2)
        terminal.wait_quiet(1.0)
        return terminal

    def __exit__(self, *error: object) -> None:
        self._context.__exit__(None, None, None)


def _stream(terminal: Terminal, report: Report, note: str) -> None:
    terminal.send(f"go on {TOKENS_PER_S}\r")
    terminal.wait_for("answering", timeout_s=10, since=len(terminal.chunks))
    time.sleep(1)
    before, cpu_s, at_s = terminal.byte_count, terminal.cpu_s(), time.perf_counter()
    time.sleep(STREAM_S)
    took_s = time.perf_counter() - at_s
    tokens = took_s * TOKENS_PER_S
    report.add(f"streaming {TOKENS_PER_S} tok/s{note}", (terminal.cpu_s() - cpu_s) / took_s * 100, "%", 25)
    report.add(f"streaming, bytes a token{note}", (terminal.byte_count - before) / tokens, "B", 1200)
    terminal.send("\x1b")
    time.sleep(1)
    terminal.wait_quiet(1.0)


def _keys_while_streaming(terminal: Terminal, report: Report) -> None:
    """Each typed letter is one that no token holds, so that its echo can be told from the stream."""
    terminal.send(f"go on {TOKENS_PER_S}\r")
    terminal.wait_for("answering", timeout_s=10, since=len(terminal.chunks))
    time.sleep(1)
    took: list[float] = []
    for index in range(KEYS):
        letter = "QZX#"[index % 4]
        before = len(terminal.chunks)
        sent_s = terminal.send(letter)
        while letter not in terminal.text(before) and time.perf_counter() - sent_s < 2:
            time.sleep(0.0005)
        took.append((terminal.chunks[-1][0] - sent_s) * 1000)
        time.sleep(0.05)
    report.add("key typed while streaming under it, p50", median(took), "ms")
    report.add("key typed while streaming under it, p95", percentile(took, 0.95), "ms", 40)
    terminal.send("\x1b")


async def _first_token(report: Report, address: str) -> None:
    """The time to the first token through our client, less that of a bare httpx request."""
    import httpx

    from aether_tui.core.chat import ChatRequest, Message, TextDelta
    from aether_tui.engines.ollama import OllamaEngine

    engine = OllamaEngine(address)
    question = f"go {10_000}"
    ours: list[float] = []
    bare: list[float] = []
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        for _ in range(FIRST_TOKEN_TIMES):
            at_s = time.perf_counter()
            body = {"model": "paced", "messages": [{"role": "user", "content": question}]}
            async with client.stream("POST", "/api/chat", json=body) as answer:
                async for _ in answer.aiter_lines():
                    bare.append(time.perf_counter() - at_s)
                    break
            at_s = time.perf_counter()
            request = ChatRequest("paced", [Message("user", question)], {"num_predict": 20})
            stream = engine.chat(request)
            async for event in stream:
                if isinstance(event, TextDelta):
                    ours.append(time.perf_counter() - at_s)
                    break
            await stream.aclose()
    await engine.aclose()
    report.add("time to first token over bare httpx, median", (median(ours) - median(bare)) * 1000, "ms", 5)
