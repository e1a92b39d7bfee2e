"""Drafts, versions and aliases on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aether_tui.core.aliases import Alias
from aether_tui.core.chat import Message
from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.services.aliases import AliasStore
from aether_tui.services.drafts import Draft, DraftStore
from aether_tui.services.versions import VersionStore

LEAVE_A_DRAFT = """
import sys
from pathlib import Path
from aether_tui.services.drafts import Draft, DraftStore
store = DraftStore(Path(sys.argv[1]))
store.save(Draft("bot.1", "modelfile", "bot", 0.0, "FROM x\\nSYSTEM ü\\n".encode(), {"kind": "model", "place": "bot"}))
"""


def leave_a_draft(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVE_A_DRAFT, str(folder)], check=True, env={**os.environ})


def test_a_draft_of_a_process_that_is_gone_is_found_with_its_text(tmp_path: Path) -> None:
    leave_a_draft(tmp_path)
    (draft,) = DraftStore(tmp_path).left_behind()
    assert draft.content.decode() == "FROM x\nSYSTEM ü\n"
    assert draft.origin == {"kind": "model", "place": "bot"} and draft.title == "bot"


def test_a_draft_of_a_running_copy_is_left_to_it(tmp_path: Path) -> None:
    DraftStore(tmp_path).save(Draft("mine.1", "modelfile", "mine", 0.0, b"FROM x\n"))
    assert DraftStore(tmp_path).left_behind() == []


def test_bytes_that_are_no_text_survive_a_draft(tmp_path: Path) -> None:
    leave_a_draft(tmp_path)
    path = tmp_path / "bot.1.json"
    content = json.loads(path.read_text())
    store = DraftStore(tmp_path)
    store.save(Draft("raw", "modelfile", "raw", 0.0, b"\xff\xfeF\x00"))
    raw = json.loads((tmp_path / "raw.json").read_text())
    raw["owner"] = content["owner"]
    (tmp_path / "raw.json").write_text(json.dumps(raw))
    assert {draft.key: draft.content for draft in store.left_behind()}["raw"] == b"\xff\xfeF\x00"


def test_a_draft_that_does_not_parse_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"kind": 1')
    store = DraftStore(tmp_path)
    assert store.left_behind() == []
    assert "bad.json" in store.unreadable[0].message
    assert (tmp_path / "bad.json").exists()


def test_two_copies_never_share_a_draft(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    assert store.new_key("bot") != store.new_key("bot")


def test_versions_are_kept_in_order_and_the_same_text_only_once(tmp_path: Path) -> None:
    store = VersionStore(tmp_path)
    assert store.keep("bot:v1", b"FROM a\n") is not None
    assert store.keep("bot:v1", b"FROM a\n") is None
    store.keep("bot:v1", b"FROM b\n")
    assert [version.path.read_bytes() for version in store.list("bot:v1")] == [b"FROM a\n", b"FROM b\n"]
    assert store.list("other") == []


def test_an_alias_comes_back_as_it_was_saved_and_unknown_keys_survive(tmp_path: Path) -> None:
    store = AliasStore(tmp_path)
    alias = Alias(
        "llama3:chat",
        model="demo",
        context_params={"num_ctx": 4096},
        request_params={"temperature": 0.3, "stop": ("<|im_end|>",)},
        system="Short.\nAnd kind.",
        messages=(Message("user", "Hi"), Message("assistant", "Hello")),
    )
    path = store.save(alias)
    assert path.name == "llama3--chat.yaml"
    assert store.get("llama3:chat") == alias
    path.write_text(path.read_text() + "repo: org/name\n")
    store.save(alias)
    assert "repo: org/name" in path.read_text()


def test_two_names_that_meet_in_one_file_are_refused(tmp_path: Path) -> None:
    store = AliasStore(tmp_path)
    store.save(Alias("a:b", model="demo"))
    with pytest.raises(AetherError) as caught:
        store.save(Alias("a--b", model="demo"))
    assert caught.value.code is ErrorCode.NAME_CLASH and "a:b" in caught.value.message


def test_an_alias_file_that_does_not_parse_is_named_and_the_others_are_listed(tmp_path: Path) -> None:
    store = AliasStore(tmp_path)
    store.save(Alias("good", model="demo"))
    (tmp_path / "bad.yaml").write_text("alias: [\n")
    (tmp_path / "odd.yaml").write_text("alias: odd\nrequest_params: 7\n")
    assert [alias.alias for alias in store.list()] == ["good"]
    assert {Path(str(error.details["path"])).name for error in store.unreadable} == {"bad.yaml", "odd.yaml"}


@pytest.mark.parametrize("change", [{"base64": "?", "text": None}, {"owner": {"pid": 1e30, "started_s": 0.0}}])
def test_a_draft_that_was_damaged_ends_nothing(tmp_path: Path, change: dict[str, object]) -> None:
    leave_a_draft(tmp_path)
    path = tmp_path / "bot.1.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    store = DraftStore(tmp_path)
    assert len(store.left_behind()) + len(store.unreadable) == 1
