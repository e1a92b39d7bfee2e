"""Figures as every screen writes them."""

from __future__ import annotations

import pytest

from aether_tui.core.units import ago, count, file_size, memory, seconds, speed


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999_999, "1 MB"),
        (5_857_376, "5.86 MB"),
        (6_100_000_000, "6.1 GB"),
        (4_920_000_000, "4.92 GB"),
        (14_230_000_000, "14.2 GB"),
        (398_000_000, "398 MB"),
        (100_000_000_000, "100 GB"),
        (1_200_000_000_000, "1.2 TB"),
    ],
)
def test_files_are_decimal(size_bytes: int, text: str) -> None:
    assert file_size(size_bytes) == text


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (512 * 2**20, "512 MiB"),
        (2**30, "1.0 GiB"),
        (int(14.2 * 2**30), "14.2 GiB"),
        (24 * 2**30, "24.0 GiB"),
        (139 * 2**30, "139 GiB"),
        (1023.9 * 2**20, "1.0 GiB"),
        (100, "100 B"),
    ],
)
def test_memory_is_binary(size_bytes: float, text: str) -> None:
    assert memory(size_bytes) == text


@pytest.mark.parametrize(
    ("duration_s", "text"),
    [
        (0.214, "0.21 s"),
        (0.0, "0.00 s"),
        (12.44, "12.4 s"),
        (59.97, "1m 00s"),
        (252, "4m 12s"),
        (3599.7, "1h 00m"),
        (7500, "2h 05m"),
        (3 * 86400 + 4 * 3600, "3d 4h"),
    ],
)
def test_durations(duration_s: float, text: str) -> None:
    assert seconds(duration_s) == text


@pytest.mark.parametrize(
    ("tokens_per_s", "text"),
    [
        (48.23, "48.2 tok/s"),
        (5.314, "5.31 tok/s"),
        (1240, "1,240 tok/s"),
        (1236, "1,240 tok/s"),
        (999.7, "1,000 tok/s"),
        (0.4, "0.40 tok/s"),
    ],
)
def test_speeds(tokens_per_s: float, text: str) -> None:
    assert speed(tokens_per_s) == text


@pytest.mark.parametrize(
    ("age_s", "text"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7199, "1 h ago"),
        (7200, "2 h ago"),
        (86400 * 3, "3 d ago"),
    ],
)
def test_ages(age_s: float, text: str) -> None:
    assert ago(age_s) == text


def test_counts_have_their_thousands_apart() -> None:
    assert count(4100) == "4,100"
