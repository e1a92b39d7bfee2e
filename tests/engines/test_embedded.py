"""The embedded engine: its process, what starts it anew, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import psutil
import pytest

from aether_tui.core.chat import Phase
from aether_tui.core.errors import ErrorCode
from aether_tui.core.inventory import EngineKind, ModelSummary
from aether_tui.engines.embedded import EmbeddedEngine
from tests.engines.asking import PLAIN_QUESTION, THINKING_QUESTION, Subject, cpu_seconds, until
from tests.support import ROOT

GREEDY = {"temperature": 0.0}


def child_of(subject: Subject) -> int:
    assert isinstance(subject.engine, EmbeddedEngine) and subject.engine.process_id
    return subject.engine.process_id


async def test_it_says_what_it_is_without_starting(embedded: EmbeddedEngine) -> None:
    status = await embedded.status()
    assert status.reachable and status.kind is EngineKind.EMBEDDED and status.version
    assert embedded.process_id is None and await embedded.loaded() == []


async def test_an_answer_goes_through_its_phases(on_embedded: Subject) -> None:
    answered = await on_embedded.ask(THINKING_QUESTION, parameters=GREEDY)
    assert answered.phases == [Phase.LOADING, Phase.READING, Phase.THINKING, Phase.ANSWERING]
    assert "os.path" in answered.thinking.replace(" ", "") and "<think>" not in answered.text
    stats = answered.finished.stats
    assert stats.load_s and stats.time_to_first_token_s and stats.load_s < stats.time_to_first_token_s
    assert stats.prompt_tokens == 17 and stats.cached_tokens == 0
    assert stats.tokens_per_s and stats.prompt_tokens_per_s
    again = await on_embedded.ask(THINKING_QUESTION, parameters=GREEDY)
    assert Phase.LOADING not in again.phases
    assert again.finished.stats.cached_tokens == 16 and again.finished.stats.load_s is None
    assert again.text == answered.text


async def test_thinking_is_turned_off(on_embedded: Subject) -> None:
    answered = await on_embedded.ask(THINKING_QUESTION, think=False, parameters=GREEDY)
    assert Phase.THINKING not in answered.phases and answered.text


async def test_only_what_needs_a_load_starts_it_anew(on_embedded: Subject) -> None:
    await on_embedded.ask()
    first = child_of(on_embedded)
    await on_embedded.ask(parameters={"temperature": 1.0, "top_k": 5, "seed": 1, "num_predict": 3, "stop": ("x",)})
    assert child_of(on_embedded) == first
    loading = await on_embedded.ask(parameters={"num_ctx": 512})
    assert loading.phases[0] is Phase.LOADING and child_of(on_embedded) != first
    assert not psutil.pid_exists(first)
    (loaded,) = await on_embedded.engine.loaded()
    assert loaded.name == "demo" and loaded.context_length_tokens == 512
    assert loaded.size_bytes and 20_000_000 < loaded.size_bytes < 300_000_000


async def test_load_parameters_of_every_kind_are_taken(on_embedded: Subject) -> None:
    load = {
        "num_batch": 128, "n_ubatch": 64, "num_gpu": 0, "n_parallel": 2, "cache_type_k": "q8_0",
        "cache_type_v": "q8_0", "flash_attn": "on", "load_mode": "none", "rope_scaling": "none",
        "rope_freq_base": 10000.0, "split_mode": "none", "main_gpu": 0, "tensor_split": "1", "timeout": 60,
        "cache_reuse": 16, "context_shift": True,
    }  # fmt: skip
    answered = await on_embedded.ask(PLAIN_QUESTION, parameters={**GREEDY, **load})
    assert answered.text == "Hello! I am a tiny local model. Ask me about Python."
    assert on_embedded.engine.untaken(load) == ()
    (loaded,) = await on_embedded.engine.loaded()
    # Two conversations share the 1024.
    assert loaded.context_length_tokens == 512


async def test_what_it_does_not_take_is_told(on_embedded: Subject) -> None:
    extras = {"device": "none", "use_mmap": False, "tfs_z": 0.5}
    assert (await on_embedded.ask(parameters=extras)).finished
    assert set(on_embedded.engine.untaken(extras)) == set(extras)
    start = next(call for call in on_embedded.engine.log.calls if call.method == "RUN")
    assert all(name in start.note for name in extras)


async def test_a_wrong_load_value_is_named(on_embedded: Subject) -> None:
    error = (await on_embedded.ask(parameters={"cache_type_v": "q8_0", "flash_attn": "off"})).error
    assert error.code is ErrorCode.ENGINE_REFUSED and "V cache" in error.message and error.remedy
    error = (await on_embedded.ask(parameters={"cache_type_k": "q9_9"})).error
    assert "Q9_9" in error.message.upper()
    assert (await on_embedded.ask()).finished


async def test_another_template_is_used(on_embedded: Subject) -> None:
    template = "{% for message in messages %}{{ message.content.upper() }} {% endfor %}"
    answered = await on_embedded.ask("abc", template=template, parameters={"num_predict": 1})
    own = await on_embedded.ask("abc", parameters={"num_predict": 1})
    assert (answered.finished.stats.prompt_tokens or 0) < (own.finished.stats.prompt_tokens or 0)
    error = (await on_embedded.ask("abc", template="{{ broken")).error
    assert error.code is ErrorCode.TEMPLATE_INVALID and error.remedy


def write_adapter(path: Path, strength: float, width: int = 256) -> str:
    """A LoRA in GGUF form for the demonstration model, of noise."""
    chance = np.random.default_rng(0)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    for layer in range(4):
        name = f"blk.{layer}.attn_q.weight"
        writer.add_tensor(f"{name}.lora_a", chance.standard_normal((4, width)).astype(np.float32))
        writer.add_tensor(f"{name}.lora_b", (strength * chance.standard_normal((256, 4))).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return str(path)


async def test_an_adapter_is_loaded(on_embedded: Subject, demo_gguf: Path, tmp_path: Path) -> None:
    plain = await on_embedded.ask(parameters=GREEDY)
    idle = await on_embedded.ask(parameters=GREEDY, adapter=write_adapter(tmp_path / "idle.gguf", 0.0))
    strong = await on_embedded.ask(parameters=GREEDY, adapter=write_adapter(tmp_path / "strong.gguf", 3.0))
    assert idle.text == plain.text != strong.text
    assert (await on_embedded.ask(parameters=GREEDY)).text == plain.text
    misfit = write_adapter(tmp_path / "misfit.gguf", 1.0, width=128)
    for adapter, words in ((misfit, "shape"), (str(demo_gguf), "adapter"), (str(tmp_path / "absent"), "absent")):
        error = (await on_embedded.ask(adapter=adapter)).error
        assert words in error.message and error.remedy


async def test_a_file_written_anew_is_loaded_anew(on_embedded: Subject, demo_gguf: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.gguf"
    path.write_bytes(demo_gguf.read_bytes())
    on_embedded.model = str(path)
    await on_embedded.ask()
    first = child_of(on_embedded)
    path.write_bytes(demo_gguf.read_bytes())
    await on_embedded.ask()
    assert child_of(on_embedded) != first


async def test_unloading_frees_the_memory(on_embedded: Subject) -> None:
    await on_embedded.ask()
    child = child_of(on_embedded)
    await on_embedded.engine.unload("demo")
    assert not psutil.pid_exists(child) and await on_embedded.engine.loaded() == []


async def test_a_process_that_died_while_idle_is_started_anew(on_embedded: Subject) -> None:
    await on_embedded.ask()
    child = child_of(on_embedded)
    os.kill(child, signal.SIGKILL)
    await until(lambda: isinstance(on_embedded.engine, EmbeddedEngine) and on_embedded.engine.process_id is None)
    assert (await on_embedded.ask()).finished
    assert child_of(on_embedded) != child


async def test_questions_at_the_same_time(on_embedded: Subject) -> None:
    same = [on_embedded.ask(parameters=GREEDY) for _ in range(3)]
    # Another context needs another process: it waits until the answers of the first have come.
    other = on_embedded.ask(parameters={**GREEDY, "num_ctx": 512})
    answers = await asyncio.gather(*same, other)
    assert {answer.text for answer in answers} == {"Hello! I am a tiny local model. Ask me about Python."}
    assert all(answer.finished for answer in answers)


async def test_a_load_can_be_stopped(on_embedded: Subject) -> None:
    task = asyncio.create_task(on_embedded.ask())
    await until(lambda: psutil.Process().children())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(on_embedded.engine, EmbeddedEngine) and on_embedded.engine.process_id is None
    assert (await on_embedded.ask()).finished


async def test_the_key_is_secret_and_the_port_is_loopback_only(on_embedded: Subject) -> None:
    import httpx

    await on_embedded.ask()
    process = psutil.Process(child_of(on_embedded))
    assert all("key" not in word for word in process.cmdline())
    listening = [item.laddr for item in process.net_connections() if item.status == psutil.CONN_LISTEN]
    assert [address.ip for address in listening] == ["127.0.0.1"]
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"http://127.0.0.1:{listening[0].port}"
        assert (await client.get(f"{url}/props")).status_code == 401
        assert (await client.post(f"{url}/v1/chat/completions", json={"messages": []})).status_code == 401


async def test_it_has_a_session_of_its_own_and_rests_when_idle(on_embedded: Subject) -> None:
    await on_embedded.ask()
    child = child_of(on_embedded)
    assert os.getsid(child) != os.getsid(0)
    before = cpu_seconds(child)
    await asyncio.sleep(1.5)
    assert cpu_seconds(child) - before < 0.05


async def test_models_come_from_the_catalogue_and_details_from_the_file(tmp_path: Path, demo_gguf: Path) -> None:
    listed = [ModelSummary("demo", path=str(demo_gguf))]
    engine = EmbeddedEngine(tmp_path, "", resolve=lambda _: demo_gguf, catalogue=lambda: listed)
    assert await engine.models() == listed
    details = await engine.details("demo")
    assert details.architecture == "llama" and details.summary.quantization == "Q8_0"
    assert details.summary.context_length_tokens == 4096 and "reasoning_content" in details.chat_template
    assert details.summary.size_bytes == demo_gguf.stat().st_size
    assert engine.process_id is None


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path, "/no/such/llama-server")
    status = await engine.status()
    assert not status.reachable and "/no/such/llama-server" in status.reason and status.remedy
    assert (await Subject(engine, "demo").ask()).error.code is ErrorCode.ENGINE_MISSING


async def test_a_program_of_the_users_is_driven(on_own_program: Subject) -> None:
    assert (await on_own_program.engine.status()).version
    answered = await on_own_program.ask(THINKING_QUESTION, parameters={**GREEDY, "device": "none"})
    assert answered.phases == [Phase.LOADING, Phase.READING, Phase.THINKING, Phase.ANSWERING]
    assert on_own_program.engine.untaken({"device": "none", "use_mmap": True}) == ("use_mmap",)
    (server,) = psutil.Process(child_of(on_own_program)).children()
    words = server.cmdline()
    assert "--ctx-size" in words and "--api-key" not in words
    await on_own_program.engine.unload("")
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


async def test_a_program_that_is_no_llama_server(tmp_path: Path, demo_gguf: Path) -> None:
    engine = EmbeddedEngine(tmp_path, "/bin/echo", resolve=lambda _: demo_gguf)
    error = (await Subject(engine, "demo").ask()).error
    assert error.code is ErrorCode.ENGINE_REFUSED and error.remedy
    await engine.aclose()


PARENT = """
import asyncio, sys
from pathlib import Path
from aether_tui.core.chat import ChatRequest, Message
from aether_tui.engines.embedded import EmbeddedEngine

async def main() -> None:
    engine = EmbeddedEngine(Path(sys.argv[1]), sys.argv[3], resolve=lambda _: Path(sys.argv[2]))
    request = ChatRequest("demo", [Message("user", "Hello!")], {"num_thread": 1})
    if sys.argv[4] == "loading":
        print("started", flush=True)
    async for _ in engine.chat(request):
        pass
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def start_parent(work_dir: Path, model: Path, program: str, moment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PARENT, work_dir, model, program, moment]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)


@pytest.mark.parametrize("kind", ["library", "program"])
@pytest.mark.parametrize("moment", ["loading", "ready"])
async def test_nothing_is_left_when_we_are_killed(
    kind: str, moment: str, tmp_path: Path, demo_gguf: Path, request: pytest.FixtureRequest
) -> None:
    program = str(request.getfixturevalue("llama_server_program")) if kind == "program" else ""
    parent = start_parent(tmp_path, demo_gguf, program, moment)
    assert parent.stdout and parent.stdout.readline()
    family = psutil.Process(parent.pid)
    await until(lambda: family.children(recursive=True))
    children = family.children(recursive=True)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    await until(lambda: not any(_runs(child) for child in children))
    marks = f"{tmp_path}"
    assert not [process for process in psutil.process_iter(["cmdline"]) if marks in json.dumps(process.info["cmdline"])]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
