"""Chat templates of GGUF files: rendered as Hugging Face's tools do, and bounded."""

from __future__ import annotations

from datetime import datetime

import pytest

from aether_tui.core.chat import Message
from aether_tui.core.errors import ErrorCode
from aether_tui.core.template import TemplateError, render_jinja
from aether_tui.core.template.jinja import RefusedChat

CHAT = (
    Message("system", "Be brief."),
    Message("user", "Hi"),
    Message("assistant", "Yes", thinking="hm"),
    Message("user", "Why?"),
)
NOW = datetime(2026, 3, 1, 12)


@pytest.mark.parametrize(
    ("template", "prompt"),
    [
        ("{% for m in messages %}{{ m.role[0] }}:{{ m['content'] }};{% endfor %}", "s:Be brief.;u:Hi;a:Yes;u:Why?;"),
        ("{{ bos_token }}{{ eos_token }}", "<s></s>"),
        # Whole lines of tags leave nothing behind.
        ("{% if true %}\n  {% set x = 1 %}\n{{ x }}\n{% endif %}\n", "1\n"),
        ("{% if add_generation_prompt %}go{% endif %}", "go"),
        ("{{ enable_thinking is defined }}", "False"),
        ("{{ tools is none }}{{ tools | length if tools else 0 }}", "True0"),
        ("{{ {'b': 'ä<b>', 'a': 1} | tojson }}", '{"b": "ä<b>", "a": 1}'),
        ("{{ strftime_now('%d %b %Y') }}", "01 Mar 2026"),
        (
            "{% for m in messages %}{% if loop.index > 2 %}{% break %}{% endif %}{{ m.role }} {% endfor %}",
            "system user ",
        ),
        ("{{ messages[2].reasoning_content }}{{ messages[1].reasoning_content is defined }}", "hmFalse"),
        ("{{ messages[1:] | length }}{{ messages[::-1][0].content }}", "3Why?"),
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "4"),
        ("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f('a') ~ f('b') ~ 1 }}", "<a><b>1"),
        ("{{ ' a '.strip() }}{{ 'a-b'.split('-')[1] }}{{ 'x' | upper }}{{ ' t ' | trim }}", "abXt"),
        ("{{ 'ab'.replace('a', 'c') }}{{ ['x', 'y'] | join('+') }}{{ 'a\nb' | indent(2) }}", "cbx+ya\n  b"),
    ],
)
def test_templates_render(template: str, prompt: str) -> None:
    assert render_jinja(template, CHAT, bos="<s>", eos="</s>", now=NOW) == prompt


def test_thinking_is_handed_on_only_when_asked_for() -> None:
    template = "{% if enable_thinking is defined and enable_thinking is false %}off{% endif %}"
    assert render_jinja(template, CHAT, enable_thinking=False) == "off"
    assert render_jinja(template, CHAT, enable_thinking=True) == ""


def test_a_refusal_of_the_template_is_told_in_its_words() -> None:
    with pytest.raises(RefusedChat, match="System role not supported"):
        render_jinja("{{ raise_exception('System role not supported') }}", CHAT)


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{% if %}", "isn't valid Jinja"),
        ("{{ x | no_such_filter }}", "No filter named"),
        ("{{ missing.role }}", "'missing' is undefined"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ strftime_now('%Y') }}", "time of day"),
        ("{% include 'x' %}", "fails"),
        ("{{ messages[0].__class__.__mro__ }}", "unsafe"),
        ("{{ cycler.__init__.__globals__ }}", "unsafe"),
        ("{{ messages.append(1) }}", "unsafe"),
        ("{{ '{0.__class__.__mro__}'.format(messages) }}", "unsafe"),
        ("x" * 300_000, "longer than"),
    ],
)
def test_a_broken_template_is_a_clear_error(template: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason) as caught:
        render_jinja(template, CHAT)
    assert caught.value.code is ErrorCode.TEMPLATE_INVALID
    assert caught.value.remedy


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{{ range(10**12) | list }}",
        "{{ 'a' * 10**10 }}",
        "{{ [1] * 10**10 }}",
        "{{ 10 ** (10 ** 9) }}",
        "{% set ns = namespace(x=3) %}{% for i in range(60) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
        "{% set ns = namespace(x='aa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='aa') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x='aa') %}{% for i in range(60) %}{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}"
        "{% set ns.x = y %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{{ ('a' * 100000) | replace('a', 'b' * 100000) }}",
        "{{ ('a' * 100000).replace('a', 'b' * 100000) }}",
        "{{ (['a' * 100000] * 1000) | join }}",
        "{{ ('a' * 100000).join(['b'] * 1000) }}",
        "{{ ['a' * 100000] * 1000 }}",
        "{{ (['a' * 100000] * 1000) | tojson }}",
        "{{ 'x'.ljust(10**10) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%*d' % (10**9, 1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'a' | indent(10**9) }}",
        "{{ [1] | tojson(indent=10**9) }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% for i in range(10) recursive %}{{ loop(range(10)) }}{% endfor %}",
        "{{" + "(" * 3000 + "1" + ")" * 3000 + "}}",
        "{% for a in range(3) %}" * 25 + "{% endfor %}" * 25,
        "{% set a = 'x' * 100000 %}{% for i in range(90000) %}{% set b = a | upper %}{% endfor %}",
    ],
)
def test_endless_templates_are_stopped(template: str) -> None:
    with pytest.raises(TemplateError):
        render_jinja(template, CHAT)
