"""`aether`: the app when bare, else the command line. Nothing slow is imported before the first frame."""

from __future__ import annotations

import gc
import os
import sys

APP_FLAGS = {"--demo"}


def main() -> int:
    """Start the app, or hand the arguments to the command line; the exit status."""
    arguments = sys.argv[1:]
    if set(arguments) <= APP_FLAGS:
        return start(demo="--demo" in arguments)
    from aether_tui.cli import run

    return run(arguments)


def start(demo: bool = False) -> int:
    """Show the splash, then the app."""
    out = next((fd for fd in (2, 1) if os.isatty(fd)), None)
    if out is None or not os.isatty(0):
        print("aether needs a terminal. Its commands work without one: aether --help", file=sys.stderr)
        return 2
    if os.environ.get("TERM", "") in ("dumb", ""):
        print("This terminal can't move the cursor (TERM=dumb): set TERM, or use aether --help", file=sys.stderr)
        return 2
    gc.disable()
    from aether_tui import splash

    before = splash.quiet(0)
    splash.show(out)
    try:
        from aether_tui.start import run_app

        return run_app(out, demo, before)
    except KeyboardInterrupt:
        splash.leave(out)
        return 130  # As a shell counts it: ended by ctrl+c before the app could take the key.
    except BaseException:
        splash.leave(out)
        raise
    finally:
        splash.restore(0, before)


if __name__ == "__main__":
    sys.exit(main())
