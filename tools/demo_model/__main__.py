"""`python -m tools.demo_model build`: train, convert and check the demonstration model."""

from __future__ import annotations

import argparse
import functools
import hashlib
import tempfile
from pathlib import Path

DEMO = Path(__file__).resolve().parents[2] / "aether_tui" / "data" / "demo" / "demo.gguf"

# Each command imports its own module: checking needs no torch, training needs no engine.


def build(given: argparse.Namespace) -> None:
    from tools.demo_model import to_gguf
    from tools.demo_model.train import Plan, train

    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        plan = Plan(given.reading_steps, given.answering_steps, threads=given.threads)
        train(folder, plan, functools.partial(print, flush=True))
        to_gguf.convert(folder, given.gguf)
    print(f"{given.gguf}: {given.gguf.stat().st_size} bytes, sha256 {digest(given.gguf)}")
    check(given)


def check(given: argparse.Namespace) -> None:
    from tools.demo_model.evaluate import evaluate

    for line in evaluate(given.gguf):
        print(line, flush=True)


def to_hf(given: argparse.Namespace) -> None:
    from tools.demo_model.to_hf import convert

    convert(given.gguf, given.folder)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.demo_model", description=__doc__)
    commands = parser.add_subparsers(required=True)
    building = commands.add_parser("build", help="train, convert to GGUF and check (about ten minutes)")
    building.add_argument("gguf", type=Path, nargs="?", default=DEMO)
    building.add_argument("--keep", type=Path, help="folder for the Hugging Face form")
    building.add_argument("--reading-steps", type=int, default=80)
    building.add_argument("--answering-steps", type=int, default=820)
    building.add_argument("--threads", type=int, default=1)
    building.set_defaults(run=build)
    checking = commands.add_parser("check", help="ask a GGUF everything it should know")
    checking.add_argument("gguf", type=Path, nargs="?", default=DEMO)
    checking.set_defaults(run=check)
    converting = commands.add_parser("to-hf", help="make the Hugging Face form from a GGUF")
    converting.add_argument("gguf", type=Path)
    converting.add_argument("folder", type=Path)
    converting.set_defaults(run=to_hf)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
