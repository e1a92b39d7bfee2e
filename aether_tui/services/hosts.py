"""The engines that the user can reach, and which one is current."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aether_tui.core.errors import AetherError, ErrorCode
from aether_tui.core.kinds import EngineKind
from aether_tui.core.schema import EngineTarget
from aether_tui.services.gguf_files import find_ggufs, resolve_gguf
from aether_tui.settings import EMBEDDED_HOST, Host, Settings, save_setting

if TYPE_CHECKING:
    from aether_tui.core.inventory import EngineStatus
    from aether_tui.engines.base import Engine

LOCAL_HOST = "local"
LOCAL_ADDRESS = "http://127.0.0.1:11434"
"""Where Ollama listens when OLLAMA_HOST says nothing."""


def known_hosts(settings: Settings, env: Mapping[str, str]) -> tuple[Host, ...]:
    """The user's hosts, with `local` (Ollama) and `embedded` (llama.cpp) where they are not redefined."""
    address = LOCAL_ADDRESS
    if wanted := wanted_address(env):
        from aether_tui.core.hosts import connectable_url

        address = connectable_url(wanted)
    hosts = {LOCAL_HOST: Host(LOCAL_HOST, EngineKind.OLLAMA, address)}
    hosts.update({host.name: host for host in settings.hosts})
    hosts.setdefault(EMBEDDED_HOST, Host(EMBEDDED_HOST, EngineKind.EMBEDDED))
    return tuple(hosts.values())


def wanted_address(env: Mapping[str, str]) -> str:
    """The address that the environment names for Ollama; "" for none."""
    return env.get("OLLAMA_HOST", "").strip() or env.get("OLLAMA_BASE_URL", "").strip()


class HostService:
    """Keeps one client for each host and knows the last status of each."""

    def __init__(self, settings: Settings, *, demo: bool = False, env: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self._env = env if env is not None else os.environ
        self.hosts = known_hosts(settings, self._env)
        self._engines: dict[str, Engine] = {}
        self._statuses: dict[str, EngineStatus] = {}
        self._work_dir: tempfile.TemporaryDirectory[str] | None = None
        self._chosen = bool(demo or settings.host or wanted_address(self._env))
        wanted = EMBEDDED_HOST if demo else settings.host or LOCAL_HOST
        # Set where the settings name a host that there is not.
        self.missing: AetherError | None = None
        try:
            self.current = self.host(wanted)
        except AetherError as error:
            self.current, self.missing = self.hosts[0], error

    def host(self, name: str) -> Host:
        """The host of that name. Raises AetherError."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise AetherError(
            ErrorCode.HOST_NOT_FOUND,
            f"There is no host {name}",
            f"Known are {', '.join(host.name for host in self.hosts)}; add others in {self.settings.file}",
            {"host": name},
        )

    def choose(self, name: str) -> None:
        """Make a host current for this run only. Raises AetherError for an unknown name."""
        self.current = self.host(name)
        self._chosen = True
        self.missing = None

    def assume(self, target: EngineTarget) -> None:
        """Check against a server of that kind and version without asking one."""
        host = next((host for host in self.hosts if host.kind is target.kind), self.current)
        self.choose(host.name)
        from aether_tui.core.inventory import EngineStatus

        self._statuses[host.name] = EngineStatus(target.kind, host.address, True, target.version)

    def engine(self, host: Host | None = None) -> Engine:
        """The client of a host, the current one by default."""
        host = host or self.current
        if host.name not in self._engines:
            self._engines[host.name] = self._make_engine(host)
        return self._engines[host.name]

    def _make_engine(self, host: Host) -> Engine:
        key = self._env.get(host.key_env, "") if host.key_env else ""
        if host.kind is EngineKind.OLLAMA:
            from aether_tui.engines.ollama import OllamaEngine

            return OllamaEngine(host.address)
        if host.kind is EngineKind.LLAMACPP:
            from aether_tui.engines.llamacpp import LlamaServerEngine

            return LlamaServerEngine(host.address, api_key=key, key_env=host.key_env)
        if host.kind is EngineKind.OPENAI:
            from aether_tui.engines.openai import OpenAIEngine

            return OpenAIEngine(host.address, api_key=key, key_env=host.key_env)
        from aether_tui.engines.embedded import EmbeddedEngine

        return EmbeddedEngine(
            self._log_folder(),
            llama_server=os.path.expanduser(self.settings.llama_server) or None,
            resolve=resolve_gguf,
            catalogue=lambda: find_ggufs(self.settings.model_folders),
        )

    def _log_folder(self) -> Path:
        """Where llama.cpp writes its log: with ours, so that it outlives this run; else a temporary folder."""
        logs = self.settings.home / "logs"
        if _is_writable(logs):
            return logs
        self._work_dir = self._work_dir or tempfile.TemporaryDirectory(prefix="aether-engine-")
        return Path(self._work_dir.name)

    @property
    def last_status(self) -> EngineStatus | None:
        """What the current host said last; None before it was asked."""
        return self._statuses.get(self.current.name)

    async def status(self) -> EngineStatus:
        """Ask the current host. Never raises."""
        host = self.current
        status = await self.engine(host).status()
        self._statuses[host.name] = status
        return status

    async def detect(self) -> EngineStatus:
        """Ask the chosen host; where none was chosen and no Ollama answers, the embedded engine becomes current."""
        if self.missing:
            from aether_tui.core.inventory import EngineStatus

            error, self.missing = self.missing, None
            return EngineStatus(self.current.kind, "", False, reason=error.message, remedy=error.remedy)
        status = await self.status()
        if not status.reachable and not self._chosen:
            self.current = self.host(EMBEDDED_HOST)
            status = await self.status()
        return status

    async def switch(self, name: str) -> EngineStatus:
        """Make another host current, remember it, and ask it. Raises AetherError for an unknown name."""
        self.current = self.host(name)
        self._chosen = True
        self.missing = None
        try:
            self.settings = await asyncio.to_thread(save_setting, self.settings, "host", name)
        except AetherError as error:
            status = await self.status()
            return replace(status, remedy=f"The choice is not kept: {error.message}") if status.reachable else status
        return await self.status()

    def target(self, host: Host | None = None) -> EngineTarget:
        """Kind and version of a host, as far as it told."""
        host = host or self.current
        status = self._statuses.get(host.name)
        return EngineTarget(host.kind, status.version if status and status.reachable else "")

    async def aclose(self) -> None:
        """Close every client, and the embedded engine with its process."""
        engines, self._engines = self._engines, {}
        await asyncio.gather(*(engine.aclose() for engine in engines.values()))
        if self._work_dir is not None:
            self._work_dir.cleanup()
            self._work_dir = None


def _is_writable(folder: Path) -> bool:
    """Whether a folder can be written to, or made."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK)
