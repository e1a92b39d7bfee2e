"""An installed model as a Modelfile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aether_tui.core.chat import Message
from aether_tui.core.inventory import ModelDetails, ModelSummary
from aether_tui.core.modelfile.installed import document_from_details

BASE = ModelDetails("llama3.1:8b", ModelSummary("llama3.1:8b"), license="MIT", weights_digests=("sha256:1",))
BOT = replace(BASE, name="bot:latest", parent="llama3.1:8b")


def test_everything_that_a_model_has_is_written_in_a_stable_order() -> None:
    details = replace(
        BOT,
        parameters={
            "stop": ("<|eot_id|>", "a "),
            "num_ctx": "4096",
            "zzz": "1",
            "temperature": "0.7",
            "use_mmap": True,
        },
        template="{{ .System }}{{ .Prompt }}",
        system="Be kind.\nAlways.",
        messages=(Message("user", "hi"), Message("assistant", "")),
        renderer="qwen3.5",
        license="MIT\nand more",
    )
    assert document_from_details(details, BASE).text == (
        "FROM llama3.1:8b\n"
        "PARAMETER temperature 0.7\n"
        "PARAMETER stop <|eot_id|>\n"
        'PARAMETER stop "a "\n'
        "PARAMETER num_ctx 4096\n"
        "PARAMETER use_mmap true\n"
        "PARAMETER zzz 1\n"
        "TEMPLATE {{ .System }}{{ .Prompt }}\n"
        'SYSTEM """Be kind.\nAlways."""\n'
        "RENDERER qwen3.5\n"
        "MESSAGE user hi\n"
        'MESSAGE assistant ""\n'
        "LICENSE and more\n"
    )


def test_what_the_base_has_too_is_not_repeated() -> None:
    shared = {"template": "{{ .Prompt }} x", "renderer": "cogito"}
    assert document_from_details(replace(BOT, **shared), replace(BASE, **shared)).text == "FROM llama3.1:8b\n"  # type: ignore[arg-type]


def test_a_model_without_a_base_is_its_own() -> None:
    document = document_from_details(replace(BOT, template="{{ .Prompt }}!", system="x"), None)
    assert document.text == "FROM bot:latest\nTEMPLATE {{ .Prompt }}!\nSYSTEM x\n"


def test_other_weights_than_the_parents_come_from_the_model_itself() -> None:
    quantized = replace(BOT, weights_digests=("sha256:2",))
    assert document_from_details(quantized, BASE).get("FROM") == "bot:latest"
    adapted = replace(BOT, adapter_digests=("sha256:3",))
    assert document_from_details(adapted, BASE).get("FROM") == "bot:latest"


def test_the_placeholder_is_no_template() -> None:
    assert document_from_details(replace(BOT, template="{{ .Prompt }}"), None).get("TEMPLATE") is None


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("1.234567e+06", "1234567"),
        ("1.048576e+06", "1048576"),
        ("-1e+09", "-1000000000"),
        ("1e-05", "1e-05"),
        ("1.5", "1.5"),
        (7, "7"),
    ],
)
def test_big_whole_numbers_are_written_out(shown: str | int, written: str) -> None:
    document = document_from_details(replace(BOT, parameters={"seed": shown}), BASE)
    assert document.parameters["seed"] == (written,)


def test_a_text_that_no_file_can_hold_stays_with_the_model() -> None:
    document = document_from_details(replace(BOT, system='Write """\nlike this'), BASE)
    assert document.get("FROM") == "bot:latest"
    assert document.get("SYSTEM") is None
    assert "# SYSTEM stays as it is in bot:latest" in document.text


def test_texts_that_ollamas_parser_would_damage_are_kept() -> None:
    document = document_from_details(replace(BOT, system="می\u200cروم", parameters={"stop": ("\u00a0",)}), BASE)
    assert document.get("SYSTEM") == "می\u200cروم"
    assert document.parameters["stop"] == ("\u00a0",)
