"""Names in a template that Ollama gives no value for."""

from __future__ import annotations

import pytest

from aether_tui.core.template import TemplatePreset, check_template, template_presets


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{{ .Foo }}", (".Foo",)),
        ("{{ .System }}{{ .Prompt }}{{ .Response }}{{ .Suffix }}{{ .Think }}{{ .ThinkLevel }}{{ .IsThinkSet }}", ()),
        ("{{ .Messages.Contnt }}", (".Messages.Contnt",)),
        ("{{ range .Messages }}{{ .Role }}{{ .Contnt }}{{ end }}", (".Contnt",)),
        (
            "{{ range .Messages }}{{ .Content }}{{ .Thinking }}{{ .Images }}{{ .ToolName }}{{ .ToolCallID }}{{ end }}",
            (),
        ),
        ("{{ range .Messages }}{{ .System }}{{ $.System }}{{ end }}", (".System",)),
        ("{{ range $i, $m := .Messages }}{{ $i }}{{ $m.Rol }}{{ end }}", ("$m.Rol",)),
        ("{{ range $m := .Messages }}{{ $m.Role }}{{ $m.role }}{{ end }}", ("$m.role",)),
        ("{{ with .System }}{{ . }}{{ .Role }}{{ end }}", (".Role",)),
        ("{{ with .Foo }}{{ .Bar }}{{ else }}{{ .Baz }}{{ end }}", (".Foo", ".Baz")),
        ("{{ (index .Messages 0).Contnt }}", ("(index .Messages 0).Contnt",)),
        ("{{ range slice .Messages 1 }}{{ .Nope }}{{ end }}", (".Nope",)),
        (
            "{{ range .Messages }}{{ range .ToolCalls }}{{ .Function.Nam }}{{ .ID }}{{ end }}{{ end }}",
            (".Function.Nam",),
        ),
        ("{{ range .Messages }}{{ range .ToolCalls }}{{ .Function.Arguments.any.name }}{{ end }}{{ end }}", ()),
        ("{{ range .Tools }}{{ .Function.Parameters.Properties.x.Type }}{{ .Function.D }}{{ end }}", (".Function.D",)),
        ("{{ range $n, $p := (index .Tools 0).Function.Parameters.Properties }}{{ $p.Typ }}{{ end }}", ("$p.Typ",)),
        ("{{ .System.Foo }}", (".System.Foo",)),
        ("{{ .Tools.String }}", ()),
        ("{{ .Foo }}{{ .Foo }}{{ if .Bar }}{{ end }}", (".Foo", ".Bar")),
        ("{{ .A | printf `%s` }}{{ printf `%s` .B (print .C) }}", (".A", ".B", ".C")),
        ('{{define "t"}}{{ .Role }}{{ .Rol }}{{end}}{{ range .Messages }}{{ template "t" . }}{{ end }}', (".Rol",)),
        ('{{define "t"}}{{ .Rol }}{{end}}', ()),
        ('{{ block "b" .Messages }}{{ $.Role }}{{ end }}', ("$.Role",)),
        # What a variable holds can't be told once something else may have been assigned to it.
        ('{{ $last := "" }}{{ range .Messages }}{{ $last = . }}{{ end }}{{ $last.Role }}', ()),
        ("{{ $x := .Messages }}{{ range $x }}{{ .Rol }}{{ end }}", (".Rol",)),
        ("{{ range or .Messages .Tools }}{{ .Anything }}{{ end }}", ()),
        ("{{ range 3 }}{{ .Foo }}{{ end }}", (".Foo",)),
    ],
)
def test_unknown_names_are_found(text: str, unknown: tuple[str, ...]) -> None:
    verdict = check_template(text)
    assert verdict.ok
    assert verdict.unknown_fields == unknown


@pytest.mark.parametrize("preset", template_presets(), ids=lambda preset: preset.id)
def test_presets_use_only_known_names(preset: TemplatePreset) -> None:
    assert check_template(preset.text).unknown_fields == ()


def test_templates_that_call_each_other_end() -> None:
    text = '{{define "a"}}{{ .X }}{{ template "b" . }}{{end}}{{define "b"}}{{ template "a" . }}{{end}}'
    assert check_template(text + '{{ template "a" . }}').unknown_fields == (".X",)
