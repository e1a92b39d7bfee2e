"""Values change answers, on every engine."""

from __future__ import annotations

import pytest

from tests.engines.asking import Subject
from tests.engines.values import CHECKS, Check

checks = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@checks
async def test_ollama(on_ollama: Subject, check: Check) -> None:
    await check(on_ollama)


@checks
async def test_the_embedded_engine(on_embedded: Subject, check: Check) -> None:
    await check(on_embedded)


@checks
async def test_a_llama_server_program_of_the_user(on_own_program: Subject, check: Check) -> None:
    await check(on_own_program)


@checks
async def test_a_running_llama_server(on_llama_server: Subject, check: Check) -> None:
    await check(on_llama_server)


@checks
async def test_an_openai_server(on_openai: Subject, check: Check) -> None:
    await check(on_openai)
