"""The small parts of the engines: lines and events, thoughts in text, the log, names, Go's printing."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind
from aether_tui.core.targets import EngineTarget
from aether_tui.engines.answer import suggested_num_ctx
from aether_tui.engines.base import Call, CommandLog, as_curl
from aether_tui.engines.calls import MAX_TEXT_CHARS, start_call
from aether_tui.engines.failures import error_text
from aether_tui.engines.lines import EventSplitter, LineSplitter
from aether_tui.engines.ollama import same_model
from aether_tui.engines.ollama_measure import sample_of
from aether_tui.engines.ollama_show import blob_digests, go_value, parse_parameters
from aether_tui.engines.think_tags import ThinkSplitter
from aether_tui.engines.translate import translate
from tests.support import ROOT

Text = TypeVar("Text", str, bytes)
cuts = st.lists(st.integers(0, 400), max_size=12)


def in_pieces(whole: Text, places: list[int]) -> list[Text]:
    edges = [0, *sorted(place for place in places if place < len(whole)), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=20), max_size=6), cuts)
def test_lines_do_not_depend_on_how_they_arrive(texts: list[str], places: list[int]) -> None:
    splitter = LineSplitter()
    found = [line for data in in_pieces("\n".join(texts).encode(), places) for line in splitter.feed(data)]
    assert [line.decode() for line in [*found, splitter.rest()]] == (texts or [""])


def test_a_line_without_end_is_refused() -> None:
    splitter = LineSplitter(limit_bytes=10)
    with pytest.raises(AetherError, match="longer than"):
        list(splitter.feed(b"01234567890"))


@given(cuts)
def test_events_do_not_depend_on_how_they_arrive(places: list[int]) -> None:
    data = b': hi\r\n\r\nevent: x\ndata: {"a": 1}\n\ndata: 1\ndata: 2\n\ndata:[DONE]\n\nerror: {"b": 2}'
    splitter = EventSplitter()
    found = [event for piece in in_pieces(data, places) for event in splitter.feed(piece)]
    assert [*found, splitter.rest()] == [b'{"a": 1}', b"1\n2", b"[DONE]", b'{"b": 2}']


@pytest.mark.parametrize(
    ("whole", "thought", "text"),
    [
        ("<think>\nwhy not\n</think>\n\nbecause", "why not", "because"),
        ("<think></think>plain", "", "plain"),
        ("  <think>a < b </thin and more</think> yes", "a < b </thin and more", "yes"),
        ("no tags, then <think>x</think>", "", "no tags, then <think>x</think>"),
        ("<thinking is hard>", "", "<thinking is hard>"),
        ("<think>never closed", "never closed", ""),
        ("<th", "", "<th"),
        ("", "", ""),
    ],
)
@given(places=cuts)
def test_a_thought_in_the_text_is_told_apart(whole: str, thought: str, text: str, places: list[int]) -> None:
    splitter = ThinkSplitter()
    found = [part for piece in in_pieces(whole, places) for part in splitter.feed(piece)] + list(splitter.end())
    assert "".join(part for is_thought, part in found if is_thought) == thought
    assert "".join(part for is_thought, part in found if not is_thought) == text


def test_a_call_can_be_repeated_with_curl() -> None:
    log = CommandLog()
    record = start_call(log, "POST", "http://u:p@h/api/chat", {"text": "it's\n$HOME", "n": [1]})
    assert log.calls[-1].status is None
    record.end(200)
    (call,) = log.calls
    assert call.status == 200 and call.took_s is not None and call.url == "http://***@h/api/chat"
    said = subprocess.run(["sh", "-c", "printf '%s\\n' " + as_curl(call)], capture_output=True, text=True, check=True)
    words = said.stdout
    assert json.dumps({"text": "it's\n$HOME", "n": [1]}) in words
    assert as_curl(Call("", "GET", "http://h/x")) == "curl http://h/x"
    assert as_curl(Call("", "HEAD", "http://h/x")) == "curl --head http://h/x"
    assert as_curl(Call("", "DELETE", "http://h/x", "{}")).startswith("curl --request DELETE http://h/x ")
    keyed = Call("", "GET", "http://h/x", headers=("Authorization: Bearer $KEY",))
    assert as_curl(keyed) == 'curl http://h/x --header "Authorization: Bearer $KEY"'


def test_the_log_keeps_no_secret_and_no_long_text() -> None:
    log = CommandLog()
    body = {"api_key": "k1", "nested": [{"Authorization": "k2"}], "text": "say k3 " + "x" * 10_000, "max_tokens": 5}
    start_call(log, "POST", "http://h", body, secrets=("k3", ""))
    (call,) = log.calls
    assert all(secret not in call.body for secret in ("k1", "k2", "k3"))
    assert json.loads(call.body)["max_tokens"] == 5
    assert len(call.body) < MAX_TEXT_CHARS + 400 and "left out" in call.body


def test_a_full_log_forgets_the_oldest() -> None:
    log = CommandLog()
    records = [start_call(log, "GET", f"http://h/{number}") for number in range(250)]
    records[0].end(200)
    assert len(log.calls) == 200 and log.calls[0].url == "http://h/50"


def test_an_error_inside_a_string_is_opened() -> None:
    inner = {"error": {"code": 400, "message": "too long", "n_ctx": 256}}
    assert error_text(json.dumps({"error": json.dumps(inner)})) == ("too long", inner["error"])
    assert error_text('{"error": "plain"}') == ("plain", {"error": "plain"})
    assert error_text("<html>")[0] == "" and error_text("{broken")[0] == "" and error_text('{"a": 1}')[0] == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4096", 4096),
        ("-1", -1),
        ("0.7", 0.7),
        ("1.048576e+06", 1048576),
        ("1e-05", 1e-05),
        ("true", True),
        ('"<|im_end|>"', "<|im_end|>"),
        (r'"a\tb\n\"c\" \\ \u00fc \x1b \u2028 \U0001f642"', 'a\tb\n"c" \\ ü \x1b \u2028 🙂'),
        (r'"\xc3\xbc"', "ü"),
        ('""', ""),
        ("odd", "odd"),
    ],
)
def test_values_as_go_prints_them(text: str, value: object) -> None:
    found = go_value(text)
    assert found == value and type(found) is type(value)


def test_parameters_as_ollama_prints_them() -> None:
    lines = [("stop", '"a"'), ("num_ctx", "2048"), ("stop", '"b c"')]
    text = "".join(f"{name:<30} {value}\n" for name, value in lines)
    assert parse_parameters(text) == {"stop": ("a", "b c"), "num_ctx": 2048}
    assert parse_parameters("") == {}


def test_blobs_named_in_a_modelfile() -> None:
    one, two = "1" * 64, "2" * 64
    text = f'# FROM x\nFROM /a b/blobs/sha256-{one}\nADAPTER C:\\x\\sha256-{two}\nSYSTEM """\nFROM me\n"""\n'
    assert blob_digests(text) == {"FROM": (f"sha256:{one}",), "ADAPTER": (f"sha256:{two}",), "DRAFT": ()}


def test_model_names_are_compared_as_ollama_does() -> None:
    assert same_model("Llama3", "llama3:latest") and same_model("h:1/a/b:t", "H:1/a/b:T")
    assert not same_model("llama3", "llama3:8b") and not same_model("h:1/a", "h:1/b")


def test_what_is_offered_holds_prompt_and_answer() -> None:
    assert suggested_num_ctx(600, {}) == 1536
    assert suggested_num_ctx(600, {"num_predict": 100}) == 1024
    assert suggested_num_ctx(600, {"num_predict": -1}) == 1536
    assert suggested_num_ctx(3_000_000, {}) >= 3_000_512


@given(st.text(max_size=500), st.integers(8, 100))
def test_a_sample_is_of_the_size_asked_for(text: str, size: int) -> None:
    sample = sample_of(text, size)
    assert len(sample) == len(text) if len(text) <= size else size - 4 < len(sample) <= size


OLLAMA = EngineTarget(EngineKind.OLLAMA, "0.34.1")


def test_names_are_those_of_the_engine() -> None:
    given = {"num_predict": 5, "stop": ("a",), "num_ctx": 512, "n_threads": 2, "own_thing": 1}
    ollama = translate(given, OLLAMA)
    assert ollama.request == {"num_predict": 5, "stop": ["a"], "num_ctx": 512, "num_thread": 2, "own_thing": 1}
    llama = translate(given, EngineTarget(EngineKind.EMBEDDED))
    assert llama.request == {"n_predict": 5, "stop": ["a"], "own_thing": 1}
    assert llama.load == {"num_ctx": 512, "num_thread": 2} and llama.untaken == ()
    openai = translate(given, EngineTarget(EngineKind.OPENAI))
    assert openai.request == {"max_tokens": 5, "stop": ["a"], "own_thing": 1}
    assert set(openai.untaken) == {"num_ctx", "n_threads"}


def test_what_a_version_has_no_more_is_told() -> None:
    given = {"mirostat": 2, "typical_p": 0.9, "temperature": 1.0}
    assert translate(given, OLLAMA).untaken == ("mirostat", "typical_p")
    assert translate(given, EngineTarget(EngineKind.OLLAMA, "0.24.0")).untaken == ("mirostat",)
    assert translate(given, EngineTarget(EngineKind.OLLAMA, "0.6.0")).untaken == ()
    assert translate(given, EngineTarget(EngineKind.LLAMACPP)).untaken == ()


def test_a_number_that_is_none_is_refused_before_it_is_sent() -> None:
    from aether_tui.engines.http import encoded

    with pytest.raises(AetherError) as caught:
        encoded({"options": {"temperature": float("nan")}})
    assert caught.value.code is ErrorCode.PARAMETER_INVALID


def test_engines_import_nothing_heavy() -> None:
    modules = (ROOT / "aether_tui" / "engines").glob("[a-z]*.py")
    # The models of answers are what pydantic is for; they are imported with the first answer.
    lines = [f"import aether_tui.engines.{path.stem}" for path in modules if not path.stem.endswith("_wire")]
    assert len(lines) > 10
    heavy = "{'httpx', 'pydantic', 'psutil', 'xllamacpp', 'yaml', 'jinja2', 'textual', 'gguf', 'numpy'}"
    code = "\n".join([*lines, "import sys", f"print(sorted({heavy} & set(sys.modules)))"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
