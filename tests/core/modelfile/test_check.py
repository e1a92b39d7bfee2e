"""What the checker says of a file, for which server, and how a fix mends it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether_tui.core.facts import ModelFacts
from aether_tui.core.inventory import EngineKind
from aether_tui.core.modelfile import parse
from aether_tui.core.modelfile.check import Problem, apply_fix, check, check_text
from aether_tui.core.modelfile.check_instructions import is_version
from aether_tui.core.schema import EngineTarget, schema_for

NEW = EngineTarget(EngineKind.OLLAMA, "0.34.1")
OLD = EngineTarget(EngineKind.OLLAMA, "0.24.0")
LLAMACPP = EngineTarget(EngineKind.LLAMACPP)
EMBEDDED = EngineTarget(EngineKind.EMBEDDED)
OPENAI = EngineTarget(EngineKind.OPENAI)

CHATML = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True)
class Case:
    """A file, and one problem that it must give: severity, line, subject and words of its reason."""

    text: str
    expected: tuple[str, int | None, str, str]
    fixed: str | None = None
    target: EngineTarget = NEW
    facts: dict[str, Any] = field(default_factory=dict)
    there: Collection[str] = ()


def problems_of(
    text: str | bytes, target: EngineTarget = NEW, there: Collection[str] = (), **facts: Any
) -> list[Problem]:
    known = ModelFacts(**facts)
    return check_text(text, target, schema_for(known, target), known, lambda path: path in there)


FROM_CASES = [
    Case("FROM \n", ("error", 1, "FROM", "names no model")),
    Case("FROM ./a.gguf\n", ("error", 1, "FROM", "no file ./a.gguf")),
    Case("FROM C:\\m\\a\n", ("error", 1, "FROM", "no file")),
    Case("FROM foo # my base\n", ("error", 1, "FROM", "neither a file nor a model name")),
    Case("FROM llama3\n", ("error", 1, "FROM", "needs a GGUF file"), target=EMBEDDED),
    Case("FROM llama3\n", ("warning", 1, "FROM", "needs a GGUF file"), target=LLAMACPP),
    Case("FROM a\nFROM b\n", ("warning", 1, "FROM", "replaced by the FROM on line 2")),
    Case("FROM a\nADAPTER ./l.gguf\n", ("error", 2, "ADAPTER", "LoRA adapters are no longer supported")),
    Case("FROM a\nADAPTER ./l.gguf\n", ("error", 2, "ADAPTER", "no file ./l.gguf"), target=OLD),
    Case("FROM ./a\nADAPTER ./l\n", ("error", 2, "ADAPTER", "no file ./l"), target=EMBEDDED, there=["./a"]),
    Case(
        "FROM a\nADAPTER l\nADAPTER m\n",
        ("warning", 2, "ADAPTER", "again on line 3"),
        "FROM a\nADAPTER m\n",
        target=OLD,
        there=["l", "m"],
    ),
    Case("FROM a\nSYSTEM x\n# y\nSYSTEM z\n", ("warning", 2, "SYSTEM", "on line 4"), "FROM a\n# y\nSYSTEM z\n"),
    Case("FROM a\nADAPTER l\n", ("warning", 2, "ADAPTER", "not sent"), target=OPENAI, there=["l"]),
    Case("FROM a\nDRAFT ./d.gguf\n", ("error", 2, "DRAFT", "takes no DRAFT"), target=OLD, there=["./d.gguf"]),
    Case("FROM a\nDRAFT small\n", ("error", 2, "DRAFT", "no file small")),
    Case("FROM a.gguf\nDRAFT a.gguf\n", ("error", 2, "DRAFT", "same file"), there=["a.gguf"]),
]

PARAMETER_CASES = [
    Case("FROM a\nPARAMETER  seed 1\n", ("error", 2, "PARAMETER", "empty name")),
    Case(
        "FROM a\nPARAMETER tempature 1\n",
        ("error", 2, "tempature", "no parameter tempature"),
        "FROM a\nPARAMETER temperature 1\n",
    ),
    Case("FROM a\nPARAMETER zqx 1\n", ("error", 2, "zqx", "no parameter zqx"), "FROM a\n"),
    Case(
        "FROM a\nPARAMETER n_ctx 4096 \n",
        ("error", 2, "num_ctx", "Ollama calls it num_ctx"),
        "FROM a\nPARAMETER num_ctx 4096\n",
    ),
    Case("FROM a\nPARAMETER Temperature 1\n", ("error", 2, "temperature", "Ollama calls it temperature")),
    Case("FROM a\nPARAMETER tfs_z 1\n", ("error", 2, "tfs_z", "Ollama dropped it in 0.5.2"), "FROM a\n"),
    Case("FROM a\nPARAMETER mirostat 1\n", ("warning", 2, "mirostat", "not in this server (0.34.1)"), "FROM a\n"),
    Case("FROM a\nPARAMETER min_p 0.1\n", ("error", 2, "min_p", "needs Ollama 0.3.1"), target=EngineTarget(
        EngineKind.OLLAMA, "0.2.0")),
    Case("FROM a\nPARAMETER dry_multiplier 0.8\n", ("error", 2, "dry_multiplier", "Ollama has no such parameter")),
    Case("FROM demo\nPARAMETER use_mmap true\n", ("warning", 2, "use_mmap", "no such parameter"), target=EMBEDDED),
    Case(
        "FROM a\nPARAMETER num_ctx 4k\n",
        ("error", 2, "num_ctx", "takes a whole number"),
        "FROM a\nPARAMETER num_ctx 4096\n",
    ),
    Case("FROM a\nPARAMETER top_k 40.0\n", ("error", 2, "top_k", "whole number"), "FROM a\nPARAMETER top_k 40\n"),
    Case("FROM a\nPARAMETER seed 1 # one\n", ("error", 2, "seed", "whole number"), "FROM a\nPARAMETER seed 1\n"),
    Case("FROM a\nPARAMETER top_p 0,9\n", ("error", 2, "top_p", "number"), "FROM a\nPARAMETER top_p 0.9\n"),
    Case("FROM a\nPARAMETER temperature NaN\n", ("error", 2, "temperature", "NaN")),
    Case("FROM a\nPARAMETER temperature warm\n", ("error", 2, "temperature", "warm")),
    Case("FROM a\nPARAMETER use_mmap yes\n", ("error", 2, "use_mmap", "true"), "FROM a\nPARAMETER use_mmap true\n"),
    Case("FROM a\nPARAMETER top_p 7\n", ("warning", 2, "top_p", "outside 0…1"), "FROM a\nPARAMETER top_p 1\n"),
    Case(
        "FROM a\nPARAMETER num_ctx 65536\n",
        ("warning", 2, "num_ctx", "more than the 8192 tokens"),
        "FROM a\nPARAMETER num_ctx 8192\n",
        facts={"context_length_tokens": 8192},
    ),
    Case(
        "FROM a\nPARAMETER seed 1\nPARAMETER seed 2\n",
        ("warning", 2, "seed", "replaced by seed 2 on line 3"),
        "FROM a\nPARAMETER seed 2\n",
    ),
    Case(
        "FROM demo\nPARAMETER num_ctx 512\nPARAMETER n_ctx 1024\n",
        ("warning", 2, "num_ctx", "replaced by n_ctx 1024 on line 3"),
        "FROM demo\nPARAMETER n_ctx 1024\n",
        target=EMBEDDED,
    ),
    Case(
        "FROM demo\nPARAMETER mirostat 2\nPARAMETER top_k 5\n",
        ("warning", 2, "mirostat", "mirostat and top_k: Mirostat picks the token itself"),
        "FROM demo\nPARAMETER mirostat 2\n",
        target=LLAMACPP,
    ),
    Case(
        "FROM a\nPARAMETER temperature 0\nPARAMETER top_k 5\n",
        ("note", 3, "top_k", "top_k has no effect"),
        "FROM a\nPARAMETER temperature 0\n",
    ),
    Case("FROM a\nPARAMETER temperature 0.2\nPARAMETER top_p 0.5\n", ("note", 2, "temperature", "change one")),
]  # fmt: skip

STOP_CASES = [
    Case('FROM a\nPARAMETER stop ""\n', ("warning", 2, "stop", "empty stop"), "FROM a\n"),
    Case("FROM a\nPARAMETER stop x\nPARAMETER stop x\n", ("note", 3, "stop", "already"), "FROM a\nPARAMETER stop x\n"),
    Case(
        "FROM a\nPARAMETER stop <|im_end|>\nPARAMETER stop x\nTEMPLATE {{ .Prompt }}<|im_end|>\n",
        ("note", 2, "stop", "template has <|im_end|> already"),
        "FROM a\nPARAMETER stop x\nTEMPLATE {{ .Prompt }}<|im_end|>\n",
    ),
    Case(
        "FROM a\nPARAMETER stop <|im_end|>\n",
        ("note", 2, "stop", "template has"),
        "FROM a\n",
        facts={"template": "{{ .Prompt }}<|im_end|>"},
    ),
    Case(
        "FROM a\nPARAMETER stop x\n",
        ("note", 2, "stop", "<eot> no longer stops it"),
        "FROM a\nPARAMETER stop x\nPARAMETER stop <eot>\n",
        facts={"engine_parameters": {"stop": ("<eot>",)}},
    ),
    Case("FROM a\nPARAMETER stop 'x'\n", ("warning", 2, "stop", "quotes of 'x'"), "FROM a\nPARAMETER stop x\n"),
    Case("FROM a\nPARAMETER stop “x”\n", ("warning", 2, "stop", "quotes"), "FROM a\nPARAMETER stop x\n"),
]

TEMPLATE_CASES = [
    Case('FROM a\nTEMPLATE """{{ .Prompt }}\n{{ if }}"""\n', ("error", 3, "TEMPLATE", "does not parse: missing value")),
    Case("FROM a\nTEMPLATE {{ nofunc }}\n", ("error", 2, "TEMPLATE", 'function "nofunc" not defined')),
    Case('FROM a\nTEMPLATE """{{ .Prompt }}\n{{ .Sytem }}"""\n', ("warning", 3, "TEMPLATE", ".Sytem")),
    Case("FROM a\nTEMPLATE {{ .System }}\n", ("warning", 2, "TEMPLATE", "neither .Prompt nor .Messages")),
    Case("FROM demo\nTEMPLATE {{ .Prompt }}\n", ("note", 2, "TEMPLATE", "chat template of the GGUF"), target=EMBEDDED),
    Case("FROM ./a.gguf\n", ("warning", 1, "TEMPLATE", "may answer garbage"), target=OLD, there=["./a.gguf"]),
]

INSTRUCTION_CASES = [
    Case("FROM a\nREQUIRES latest\n", ("error", 2, "REQUIRES", '"latest" is none')),
    Case("FROM a\nREQUIRES 0.30.0\n", ("warning", 2, "REQUIRES", "Ollama 0.30.0 or newer, and this is Ollama 0.24.0"),
         target=OLD),
    Case("FROM a\nRENDERER qwen3.6\n", ("warning", 2, "RENDERER", 'no renderer "qwen3.6"')),
    Case("FROM a\nPARSER nothing\n", ("warning", 2, "PARSER", 'no parser "nothing"')),
    Case("FROM a\nRENDERER qwen3.8\n", ("warning", 2, "RENDERER", "qwen3.8"), target=OLD),
    Case("FROM a\nRENDERER cogito\n", ("error", 2, "RENDERER", "does not know RENDERER"), "FROM a\n",
         target=EngineTarget(EngineKind.OLLAMA, "0.11.0")),
    Case("FROM demo\nPARSER x\n", ("note", 2, "PARSER", "no effect on the embedded engine"), target=EMBEDDED),
    Case("FROM a\nSYSTEM \n", ("warning", 2, "SYSTEM", "does not clear"), "FROM a\n"),
    Case("FROM ./a\nSYSTEM \n", ("warning", 2, "SYSTEM", "does nothing"), "FROM ./a\n", there=["./a"]),
    Case("FROM a\nMESSAGE user \n", ("warning", 2, "MESSAGE", "user message is empty")),
]  # fmt: skip

TEXT_CASES = [
    Case("FROM a\nSYSTEM می\u200cروم\n", ("warning", 2, "SYSTEM", "U+200C (zero width non-joiner)")),
    Case("FROM a\nSYSTEM a\u00a0b\n", ("warning", 2, "SYSTEM", "U+00A0 (no-break space)"), "FROM a\nSYSTEM a b\n"),
    Case(
        'FROM a\nSYSTEM """x\ny\u200bz"""\n', ("warning", 3, "SYSTEM", "1 character of"), 'FROM a\nSYSTEM """x\nyz"""\n'
    ),
    Case("FROM a\nMESSAGE user 👩\u200d💻\n", ("warning", 2, "MESSAGE", "U+200D")),
    Case("FROM a\nPARAMETER stop a\x07b\n", ("warning", 2, "stop", "U+0007"), "FROM a\nPARAMETER stop ab\n"),
    Case('FROM a\nSYSTEM """"quoted" and"""\n', ("note", 2, "SYSTEM", "begins with a quote")),
]

SYNTAX_CASES = [
    Case("FROM a\r\nLICENCE MIT\r\n", ("error", 2, "", '"LICENCE" is not an instruction')),
    Case('FROM a\nSYSTEM """x', ("error", 2, "", "never closed")),
    Case("SYSTEM x\n", ("error", None, "", "no FROM line")),
]

ALL = [
    *FROM_CASES,
    *PARAMETER_CASES,
    *STOP_CASES,
    *TEMPLATE_CASES,
    *INSTRUCTION_CASES,
    *TEXT_CASES,
    *SYNTAX_CASES,
]


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.expected[2]}: {case.expected[3]}"[:60])
def test_a_problem_is_named_where_it_is_and_a_fix_mends_it(case: Case) -> None:
    severity, line, subject, words = case.expected
    found = problems_of(case.text, case.target, case.there, **case.facts)
    meant = [problem for problem in found if problem.subject == subject and words in problem.reason]
    assert meant, found
    problem = meant[0]
    assert (problem.severity, problem.line) == (severity, line)
    assert problem.remedy
    assert not problem.remedy.endswith(".") and not problem.reason.endswith(".")
    if case.fixed is not None:
        assert problem.fix is not None
        assert apply_fix(parse(case.text), problem.fix).text == case.fixed


@pytest.mark.parametrize(
    ("text", "target", "there"),
    [
        ("FROM llama3:8b\nPARAMETER temperature 0.3\nSYSTEM Be kind.\nMESSAGE user hi\nLICENSE MIT\n", NEW, ()),
        ("FROM hf.co/me/repo:Q4_K_M\nPARAMETER num_predict -1\nPARAMETER stop <end>\n", NEW, ()),
        ("FROM ./a.gguf\nADAPTER ./l.gguf\nTEMPLATE {{ .System }} {{ .Prompt }}\n", OLD, ("./a.gguf", "./l.gguf")),
        ("FROM demo\nPARAMETER n_ctx 1024\nPARAMETER dry_multiplier 0.8\nPARAMETER repeat_penalty 1\n", EMBEDDED, ()),
        ("FROM hf:me/repo:Q4_K_M\nSYSTEM می\u200cروم\n", LLAMACPP, ()),
        ("FROM gpt-oss-120b\nPARAMETER temperature 1\n", OPENAI, ()),
        ("FROM a\nTEMPLATE {{ range .Messages }}{{ .Role }}{{ .Content }}{{ end }}\nRENDERER cogito\n", NEW, ()),
        ("FROM a\nREQUIRES v0.14\nPARAMETER draft_num_predict 8\n", NEW, ()),
    ],
)
def test_a_good_file_has_no_problems(text: str, target: EngineTarget, there: Collection[str]) -> None:
    assert problems_of(text, target, there) == []


def test_an_old_server_is_offered_the_template_that_the_file_speaks() -> None:
    problems = problems_of("FROM ./a.gguf\n", OLD, ["./a.gguf"], chat_template=CHATML, from_gguf=True)
    fix = next(problem.fix for problem in problems if problem.subject == "TEMPLATE")
    assert fix is not None
    mended = apply_fix(parse("FROM ./a.gguf\n"), fix)
    assert "<|im_start|>" in (mended.get("TEMPLATE") or "")
    assert problems_of(mended.to_bytes(), OLD, ["./a.gguf"], chat_template=CHATML, from_gguf=True) == []


def test_no_template_is_offered_that_would_render_otherwise() -> None:
    other = CHATML.replace("<|im_end|>", "<|im_end|> ")
    problems = problems_of("FROM ./a.gguf\n", OLD, ["./a.gguf"], chat_template=other, from_gguf=True)
    assert [problem.fix for problem in problems if problem.subject == "TEMPLATE"] == [None]


def test_errors_come_first_then_the_file_order() -> None:
    problems = problems_of("FROM a\nPARAMETER top_p 7\nSYSTEM \nPARAMETER zqx 1\nPARAMETER top_k x\n")
    assert [(problem.severity, problem.line) for problem in problems] == [
        ("error", 4),
        ("error", 5),
        ("warning", 2),
        ("warning", 3),
    ]


def test_a_parameter_of_the_users_manifest_is_no_problem() -> None:
    from aether_tui.core.manifest import parse_manifest

    knob = {"type": "float", "min": 0, "max": 2, "desc": "x"}
    manifest = parse_manifest({"models": [{"name": "a", "capabilities": {"generation_schema": {"my_knob": knob}}}]})
    facts = ModelFacts(name="a")
    schema = schema_for(facts, NEW, manifest.entry("a"))
    found = check(parse("FROM a\nPARAMETER my_knob 3\n"), NEW, schema, facts, lambda path: False)
    assert [(problem.subject, problem.severity) for problem in found] == [("my_knob", "warning")]


@pytest.mark.parametrize("text", ["0.14.0", "v1", "1.2", "1.2.3-rc.1+b.2", "v0.34.1-0a"])
def test_what_requires_takes(text: str) -> None:
    assert is_version(text)


@pytest.mark.parametrize("text", ["", "latest", "v", "1.", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3.4", "1.2-rc", "١.٢"])
def test_what_requires_does_not_take(text: str) -> None:
    assert not is_version(text)


LINES = st.sampled_from([
    "PARAMETER temperature 9", "PARAMETER temperature x", "PARAMETER n_ctx 5", "PARAMETER num_ctx 4k", "SYSTEM ",
    'PARAMETER stop ""', "PARAMETER stop x", "PARAMETER stop 'x'", "PARAMETER mirostat 1", "PARAMETER top_k 0",
    "TEMPLATE {{ .X }}", "TEMPLATE {{ if }}", "ADAPTER ./a", "REQUIRES x", "MESSAGE user ", "SYSTEM a\u00a0b",
    "PARAMETER tempature 1", "PARAMETER  x 1", "FROM b", "LICENSE \u00adx", "DRAFT d", "RENDERER r",
])  # fmt: skip


@given(st.lists(LINES, max_size=8), st.sampled_from([NEW, OLD, LLAMACPP, EMBEDDED, OPENAI]))
def test_fixes_mend_what_they_say_and_end(lines: list[str], target: EngineTarget) -> None:
    text = "\n".join(["FROM a", *lines, ""])
    document, facts = parse(text), ModelFacts()
    schema = schema_for(facts, target)
    for _ in range(60):
        problems = check(document, target, schema, facts, lambda path: False)
        problem = next((problem for problem in problems if problem.fix is not None), None)
        if problem is None or problem.fix is None:
            return
        mended = apply_fix(document, problem.fix)
        assert mended != document, problem
        document = mended
    raise AssertionError(f"no end of fixes for {text}")


THINKING = CHATML.replace(
    "{{'<|im_start|>'", "{{ '<think>' + (message.reasoning_content or '') + '</think>' }}{{'<|im_start|>'"
)


def test_a_template_that_the_server_sets_aside_is_named_and_can_be_taken_out() -> None:
    text = "FROM x\nTEMPLATE {{ .Prompt }}\n"
    (found,) = [problem for problem in problems_of(text, chat_template=THINKING) if "aside" in problem.reason]
    assert (found.severity, found.line, found.subject) == ("warning", 2, "TEMPLATE")
    assert found.fix is not None and apply_fix(parse(text), found.fix).text == "FROM x\n"
    assert not [problem for problem in problems_of(text, OLD, chat_template=THINKING) if "aside" in problem.reason]
