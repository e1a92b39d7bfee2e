"""`aether doctor`: what works here, what does not, and what would mend it."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version

from aether_tui import __version__
from aether_tui.cli.common import Json, run_async
from aether_tui.cli.output import print_row, print_success
from aether_tui.core.errors import AetherError
from aether_tui.core.inventory import EngineStatus
from aether_tui.core.units import file_size
from aether_tui.files import write_whole
from aether_tui.services.container import Services
from aether_tui.services.gguf_files import demo_path
from aether_tui.settings import Settings, load_settings

PACKAGES = ("textual", "httpx", "pydantic", "xllamacpp", "gguf", "jinja2")
COLOUR_HINT = "`set -ga terminal-features ',*:RGB'` in tmux, and SendEnv COLORTERM in ssh, bring more colours"


def doctor(json: Json = False) -> None:
    """Say what works here: folders, engines, terminal, packages."""
    settings = load_settings()
    checks = [
        _home(settings),
        _settings(settings),
        *run_async(lambda: _hosts(settings)),
        _demo(),
        _temporary(),
        *_terminal(),
    ]
    packages = {name: _version(name) for name in PACKAGES}
    if json:
        print_success(
            {
                "version": __version__,
                "python": platform.python_version(),
                "platform": platform.platform(),
                "home": str(settings.home),
                "packages": packages,
                "checks": checks,
            }
        )
        return
    print_row(f"aether {__version__}, Python {platform.python_version()}, {platform.platform()}")
    for check in checks:
        mark = "✓" if check["ok"] else "▲"
        print_row(f"{mark} {check['name']}: {check['text']}")
        if check["remedy"]:
            print_row(f"    {check['remedy']}")
    print_row("packages: " + ", ".join(f"{name} {found or 'missing'}" for name, found in packages.items()))


def _check(name: str, ok: bool, text: str, remedy: str = "") -> dict[str, object]:
    return {"name": name, "ok": ok, "text": text, "remedy": remedy}


def _home(settings: Settings) -> dict[str, object]:
    probe = settings.home / f".probe-{os.getpid()}"
    try:
        write_whole(probe, b"")
        probe.unlink()
    except AetherError as error:
        return _check("home", False, error.message, error.remedy)
    free_bytes = shutil.disk_usage(settings.home).free
    return _check("home", True, f"{settings.home}, {file_size(free_bytes)} free")


def _settings(settings: Settings) -> dict[str, object]:
    if settings.problem is not None:
        return _check("settings", False, settings.problem.message, settings.problem.remedy)
    there = settings.file.exists()
    return _check("settings", True, str(settings.file) if there else f"none at {settings.file}, defaults are used")


async def _hosts(settings: Settings) -> list[dict[str, object]]:
    made = Services(settings)
    try:
        hosts = made.hosts.hosts
        statuses = await asyncio.gather(*(made.hosts.engine(host).status() for host in hosts))
        return [_host_check(host.name, status) for host, status in zip(hosts, statuses, strict=True)]
    finally:
        await made.aclose()


def _host_check(name: str, status: EngineStatus) -> dict[str, object]:
    if status.reachable:
        text = f"{status.kind.value} {status.version} {status.address}".strip()
        return _check(f"host {name}", True, " ".join(text.split()))
    return _check(f"host {name}", False, status.reason or f"{status.address} does not answer", status.remedy)


def _demo() -> dict[str, object]:
    path = demo_path()
    if not path.is_file():
        return _check("demonstration model", False, f"{path} is missing", "Install the package again")
    return _check("demonstration model", True, f"{path}, {file_size(path.stat().st_size)}")


def _terminal() -> list[dict[str, object]]:
    term = os.environ.get("TERM", "")
    size = shutil.get_terminal_size()
    usable = term not in ("", "dumb")
    text = f"{term or 'TERM is not set'}, {size.columns}x{size.lines}"
    checks = [_check("terminal", usable, text, "" if usable else "Use a terminal that can draw a screen")]
    if usable and not os.environ.get("COLORTERM") and not os.environ.get("NO_COLOR"):
        checks.append(_check("colours", True, "256 or fewer", COLOUR_HINT if os.environ.get("TMUX") else ""))
    return checks


def _temporary() -> dict[str, object]:
    try:
        return _check("temporary folder", True, tempfile.gettempdir())
    except FileNotFoundError as error:
        return _check("temporary folder", False, error.strerror or str(error), "Set TMPDIR to a folder of yours")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
