"""Measures what DESIGN.md promises, in a real terminal."""
