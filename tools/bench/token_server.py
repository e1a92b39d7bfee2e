"""A server that speaks as Ollama does and sends tokens at an even pace: the load of the streaming figures."""

from __future__ import annotations

import asyncio
import json
import sys

PORT_LINE = "port "
SENTENCE = "The separator of the system joins the parts of a path and `os.path.join` adds no second one."
WORDS = tuple(SENTENCE.split())


def _answer(values: object) -> bytes:
    body = json.dumps(values).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _chunk(values: object) -> bytes:
    body = json.dumps(values).encode() + b"\n"
    return b"%x\r\n%b\r\n" % (len(body), body)


async def _stream(writer: asyncio.StreamWriter, tokens: int, tokens_per_s: float) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    for index in range(tokens):
        if tokens_per_s:
            await asyncio.sleep(max(0.0, begin_s + index / tokens_per_s - loop.time()))
        ending = "\n\n" if index % 60 == 59 else " "
        message = {"role": "assistant", "content": WORDS[index % len(WORDS)] + ending}
        writer.write(_chunk({"model": "paced", "message": message, "done": False}))
        await writer.drain()
    last = {"model": "paced", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    figures = {
        "eval_count": tokens,
        "eval_duration": int(tokens / (tokens_per_s or 1000) * 1e9),
        "prompt_eval_count": 9,
    }
    writer.write(_chunk({**last, **figures, "total_duration": 10**9}) + b"0\r\n\r\n")
    await writer.drain()


ANSWERS: dict[str, object] = {
    "/api/version": {"version": "0.34.1"},
    "/api/tags": {"models": [{"name": "paced:latest", "model": "paced:latest", "size": 5_857_376, "digest": "0" * 64}]},
    "/api/ps": {"models": []},
    "/api/show": {"modelfile": "FROM paced", "details": {"family": "llama"}, "model_info": {}, "capabilities": []},
}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().split("\r\n")
            path = lines[0].split(" ")[1]
            length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
            body = json.loads(await reader.readexactly(length)) if length else {}
            if path == "/api/chat":
                options = body.get("options", {})
                pace = float(body["messages"][-1]["content"].rsplit(" ", 1)[-1]) if body.get("messages") else 0.0
                await _stream(writer, int(options.get("num_predict", 100_000)), pace)
            else:
                writer.write(_answer(ANSWERS.get(path, {})))
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve on a free loopback port until standard input ends."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    sys.stdout.write(f"{PORT_LINE}{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
