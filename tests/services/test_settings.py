"""Settings: the file, the environment on top, and files that can't be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.inventory import EngineKind
from aether_tui.settings import load_settings, save_setting


def env(home: Path, **more: str) -> dict[str, str]:
    return {"AETHER_HOME": str(home), **more}


def test_without_a_file_the_defaults_hold_and_nothing_is_written(tmp_path: Path) -> None:
    settings = load_settings(env(tmp_path / "home"))
    assert settings.theme == "dark" and settings.problem is None
    assert not (tmp_path / "home").exists()


def test_the_file_is_taken_and_read_from_the_cache_the_second_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "settings.yaml").write_text(
        "theme: light\nhosts:\n- {name: box, kind: ollama, address: 'http://10.0.0.5:11434'}\nkeys: {editor.save: f9}\n"
    )
    first = load_settings(env(tmp_path))
    import aether_tui.settings_file

    monkeypatch.setattr(aether_tui.settings_file, "read_settings_file", lambda path: pytest.fail("read again"))
    second = load_settings(env(tmp_path))
    assert first == second
    assert second.theme == "light" and second.keys == {"editor.save": "f9"}
    assert second.hosts[0].kind is EngineKind.OLLAMA


def test_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("theme: light\n")
    settings = load_settings(env(tmp_path, AETHER_THEME="ansi-dark", AETHER_MOUSE="no"))
    assert settings.theme == "ansi-dark" and settings.mouse is False


@pytest.mark.parametrize(
    ("text", "line"), [("theme: [1\nx: 2\n", 2), ("theme: dark\nglyphs: emoji\n", 2), ("colour: red\n", 1)]
)
def test_a_file_that_can_not_be_taken_is_named_with_its_line_and_kept(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    settings = load_settings(env(tmp_path))
    assert settings.problem is not None and settings.problem.code is ErrorCode.SETTINGS_INVALID
    assert settings.problem.details["line"] == line
    with pytest.raises(AetherError):
        save_setting(settings, "theme", "light")
    assert file.read_text() == text


def test_saving_one_setting_keeps_the_users_comments(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("# mine\ntheme: dark  # at night\nmouse: false\n")
    settings = save_setting(load_settings(env(tmp_path)), "theme", "light")
    assert settings.theme == "light"
    assert file.read_text() == "# mine\ntheme: light  # at night\nmouse: false\n"
    save_setting(settings, "host", "embedded")
    assert load_settings(env(tmp_path)).host == "embedded"


def test_saving_keeps_the_line_ends_of_another_system(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_bytes(b"theme: dark\r\nmouse: false\r\n")
    save_setting(load_settings(env(tmp_path)), "theme", "light")
    assert file.read_bytes() == b"theme: light\r\nmouse: false\r\n"


@pytest.mark.parametrize(
    ("hosts", "word"),
    [
        ("[{name: box, kind: ollama}]", "needs an address"),
        ("[{name: '', kind: embedded}]", "name"),
        ("[{name: a, kind: ollama, address: x}, {name: a, kind: openai, address: y}]", "twice"),
        ("[{name: a, kind: telepathy, address: x}]", "kind"),
    ],
)
def test_hosts_that_nobody_could_reach_are_refused_with_the_reason(tmp_path: Path, hosts: str, word: str) -> None:
    (tmp_path / "settings.yaml").write_text(f"theme: light\nhosts: {hosts}\n")
    problem = load_settings(env(tmp_path)).problem
    assert problem is not None and word in problem.message and "Value error" not in problem.message


@pytest.mark.parametrize("content", [b"theme: 2024-13-45\n", b"\xff\xfe\x00", b"theme: &a [*a]\n"])
def test_text_that_breaks_the_reader_is_named_too(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.yaml").write_bytes(content)
    problem = load_settings(env(tmp_path)).problem
    assert problem is not None and problem.code is ErrorCode.SETTINGS_INVALID


def test_folders_of_an_unknown_user_are_no_crash(tmp_path: Path) -> None:
    settings = load_settings(env(tmp_path, AETHER_MODEL_FOLDERS="~no-such-user/models"))
    assert settings.model_folders == (Path("~no-such-user/models"),)
