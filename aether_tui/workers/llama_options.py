"""Load parameters as llama.cpp takes them: attributes of xllamacpp's CommonParams, or flags of a llama-server."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from aether_tui.core.chat import ParameterValue
from aether_tui.core.parameters import all_specs

# llama.cpp keeps up to 8 GiB of earlier prompts in main memory; a single conversation needs little of that.
PROMPT_CACHE_MIB = 512

_ENUM_PREFIXES = {
    "cache_type_k": "GGML_TYPE_",
    "cache_type_v": "GGML_TYPE_",
    "flash_attn_type": "LLAMA_FLASH_ATTN_TYPE_",
    "rope_scaling_type": "LLAMA_ROPE_SCALING_TYPE_",
    "load_mode": "LLAMA_LOAD_MODE_",
    "split_mode": "LLAMA_SPLIT_MODE_",
}
_ENUM_WORDS = {"on": "ENABLED", "off": "DISABLED", "mmap+mlock": "MMAP_MLOCK", "dio": "DIRECT_IO"}
_TWINS = {"cpuparams.n_threads": "cpuparams_batch.n_threads", "timeout_read": "timeout_write"}
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")


def default_threads() -> int:
    """Physical cores less one, at least one: llama.cpp's threads wait for each other, so a busy core slows them all."""
    import psutil

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = min(psutil.cpu_count(logical=False) or usable, usable)
    return max(1, cores - 1)


def with_defaults(load: Mapping[str, ParameterValue]) -> dict[str, ParameterValue]:
    """The load parameters with the embedded engine's own defaults, which are not left to llama.cpp."""
    ours = {name: spec.defaults["embedded"] for name, spec in all_specs().items() if "embedded" in spec.defaults}
    chosen: dict[str, ParameterValue] = {**ours, **load}
    threads = chosen.get("num_thread")
    if not isinstance(threads, int) or threads <= 0:
        chosen["num_thread"] = default_threads()
    return chosen


def apply(params: Any, load: Mapping[str, ParameterValue], library: Any) -> tuple[str, ...]:
    """Put load parameters into xllamacpp's CommonParams; the ids it has no attribute for come back.

    Raises ValueError that names the parameter.
    """
    untaken = []
    for name, value in with_defaults(load).items():
        spec = all_specs().get(name)
        place = spec.names.get("embedded") if spec else None
        if place is None:
            untaken.append(name)
            continue
        try:
            _set(params, place, _converted(place, value, params, library))
            if place in _TWINS:
                _set(params, _TWINS[place], value)
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise ValueError(f"{name} can't be {value}: {error}") from error
    return tuple(untaken)


def _set(params: Any, place: str, value: object) -> None:
    *owners, name = place.split(".")
    for owner in owners:
        params = getattr(params, owner)
    setattr(params, name, value)


def _converted(place: str, value: ParameterValue, params: Any, library: Any) -> object:
    if place in _ENUM_PREFIXES:
        word = str(value).lower()
        kind = type(getattr(params, place))
        return kind[_ENUM_PREFIXES[place] + _ENUM_WORDS.get(word, word).upper()]
    if place == "tensor_split":
        shares = [float(share) for share in str(value).split(",")]
        return shares + [0.0] * (len(params.tensor_split) - len(shares))
    return value


def arguments(load: Mapping[str, ParameterValue], help_text: str) -> tuple[list[str], tuple[str, ...]]:
    """Load parameters as flags of the llama-server with that --help, and the ids it has no flag for."""
    known = frozenset(_OPTION.findall(help_text))
    words: list[str] = []
    untaken = []
    for name, value in with_defaults(load).items():
        spec = all_specs().get(name)
        flag = spec.names.get("llamacpp_flag", "") if spec else ""
        special = _special(name, value, known, help_text)
        if special is not None:
            words += special
        elif flag in known:
            words += [flag, str(value)]
        else:
            untaken.append(name)
    extras = {"--jinja": [], "--no-webui": [], "--cache-ram": [str(PROMPT_CACHE_MIB)]}
    for flag, values in extras.items():
        if flag in known:
            words += [flag, *values]
    return words, tuple(untaken)


def _special(name: str, value: ParameterValue, known: frozenset[str], help_text: str) -> list[str] | None:
    """Flags that take no value, or that had another form in earlier versions; None where the plain form is right."""
    if name == "context_shift":
        flag = "--context-shift" if value else "--no-context-shift"
        return [flag] if flag in known else []
    if name == "flash_attn" and not re.search(r"--flash-attn [\[<{]", help_text):
        return ["--flash-attn"] if value == "on" else []
    if name == "load_mode" and "--load-mode" not in known:
        earlier = {"none": ["--no-mmap"], "mlock": ["--no-mmap", "--mlock"], "mmap+mlock": ["--mlock"]}
        return earlier.get(str(value), [])
    return None
