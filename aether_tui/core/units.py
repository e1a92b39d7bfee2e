"""Figures as every screen writes them: three significant digits, and the unit beside them."""

from __future__ import annotations

_FILE_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_MEMORY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def file_size(size_bytes: float) -> str:
    """The size of a file in decimal units, as Ollama and Hugging Face print it: 6.1 GB, 398 MB."""
    value, unit = float(size_bytes), _FILE_UNITS[0]
    for unit in _FILE_UNITS:
        if value < 999.5 or unit == _FILE_UNITS[-1]:
            break
        value /= 1000
    if unit == "B":
        return f"{value:.0f} B"
    text = _significant(value)
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"


def memory(size_bytes: float) -> str:
    """An amount of memory in binary units, as nvidia-smi prints it: 14.2 GiB, 512 MiB."""
    value, unit = float(size_bytes), _MEMORY_UNITS[0]
    for unit in _MEMORY_UNITS:
        if value < 1023.5 or unit == _MEMORY_UNITS[-1]:
            break
        value /= 1024
    decimals = 1 if unit in ("GiB", "TiB") and value < 99.95 else 0
    return f"{value:.{decimals}f} {unit}"


def seconds(duration_s: float) -> str:
    """A duration: 0.21 s, 12.4 s, 4m 12s, 2h 05m, 3d 4h."""
    if duration_s < 59.95:
        return f"{duration_s:.2f} s" if duration_s < 9.995 else f"{duration_s:.1f} s"
    whole = round(duration_s)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"


def speed(tokens_per_s: float) -> str:
    """A speed in tokens per second: 48.2 tok/s, 1,240 tok/s."""
    return f"{_significant(tokens_per_s)} tok/s"


def ago(age_s: float) -> str:
    """How long ago something was: just now, 5 min ago, 2 h ago, 3 d ago."""
    if age_s < 60:
        return "just now"
    for limit_s, unit_s, unit in ((3600, 60, "min"), (86400, 3600, "h")):
        if age_s < limit_s:
            return f"{int(age_s // unit_s)} {unit} ago"
    return f"{int(age_s // 86400)} d ago"


def count(number: int) -> str:
    """A whole number with its thousands apart: 4,100."""
    return f"{number:,}"


def _significant(value: float) -> str:
    """Three significant digits: 0.42, 5.31, 48.2, 1,240."""
    size = abs(value)
    if size >= 999.5:
        digits = len(str(round(size))) - 3
        return f"{round(value, -digits):,.0f}"
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{value:.{decimals}f}"
