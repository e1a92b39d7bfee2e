"""Whatever stands in a template, the answer is a verdict, a prompt or a clear error."""

from __future__ import annotations

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from aether_tui.core.chat import Message
from aether_tui.core.template import TemplateError, check_template, render_go, render_jinja

CHAT = (Message("system", "Be brief."), Message("user", "Hi"), Message("assistant", "Yes"), Message("user", "Why?"))
GO_PARTS = """
{{ }} {{- -}} if else end range with define block template break continue nil true . $ $x := = | ( ) , "a" `r` 'c'
.System .Messages .Role .Foo $.System 1 -3 1.5 0x1F 1+2i and or not eq lt len index slice printf print json html call
/* */ "%s%d" {{end}} {{else}} {{range.Messages}} {{if.System}} {{$x:=.System}} {{.Content}} text ß ٣ \x00
{ } " ' \\ #
"""
JINJA_PARTS = """
{{ }} {% %} {%- -%} {# #} if else elif endif for in endfor set endset macro f(x) endmacro break messages m m.role
m['content'] loop.last namespace(a=1) ns.a 'a' "b" 1 + ~ * ** // % - == not and or is defined none | trim tojson upper
join('') replace('a','b') [1,2] {'a':1} [1:] ( ) [ ] bos_token range(9) true . , : \\ {%for(m)in(messages)%} {%endfor%}
"""


def texts(parts: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from([*parts.split(), " ", " ", "\n"]), max_size=25).map("".join)


@settings(max_examples=300, deadline=None)
@given(texts(GO_PARTS))
def test_go_templates(text: str) -> None:
    if check_template(text).ok:
        with contextlib.suppress(TemplateError):
            render_go(text, "", CHAT)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40).map(lambda inside: "{{" + inside + "}}"))
def test_any_characters_in_an_action(text: str) -> None:
    if check_template(text).ok:
        with contextlib.suppress(TemplateError):
            render_go(text, "", CHAT)


@settings(max_examples=200, deadline=None)
@given(texts(JINJA_PARTS))
def test_chat_templates(text: str) -> None:
    with contextlib.suppress(TemplateError):
        render_jinja(text, CHAT)
