"""Async classes behind the screens and commands; they own state and storage."""

from aether_tui.services.container import Services

__all__ = ["Services"]
