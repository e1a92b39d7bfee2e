"""Train the demonstration model on the CPU: first to read documentation, then to answer.

One thread by default: a second one gains little on so small a network, and on a busy machine it loses.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from tools.demo_model import corpus, hf_format, tokenizer
from tools.demo_model.conversation import IGNORED, ConversationMaker, Sequence
from tools.demo_model.hf_format import Sampling, Shape, Vocabulary
from tools.demo_model.muon import Muon

SEED = 7
TEMPLATE_FILE = Path(__file__).with_name("chat_template.jinja")
SHAPE = Shape(
    vocab_size=8192,
    hidden_size=256,
    intermediate_size=768,
    layers=4,
    heads=8,
    kv_heads=4,
    context_length=4096,
    # The slowest of the 16 frequencies turns once in 35 000 tokens, so no pair wraps round within the context.
    rope_theta=10000.0,
    norm_epsilon=1e-5,
    eos_token_id=hf_format.CONTROL_TOKENS.index(hf_format.TURN_END),
    bos_token_id=hf_format.CONTROL_TOKENS.index(hf_format.END_OF_TEXT),
)
# Unlike any engine's defaults, so that it shows where a value came from.
SAMPLING = Sampling(temperature=0.6, top_k=100, top_p=1.0, min_p=0.0)
# Rows and tokens of a step, with how often it comes. At first short chats only: whoever cannot find the question
# in one turn will not find it in ten. Then all lengths; the rare long ones teach that the distant past is past.
FIRST_CHATS = ((8, 128, 1.0),)
ALL_CHATS = ((8, 128, 0.26), (4, 256, 0.32), (2, 512, 0.19), (1, 1024, 0.12), (1, 2048, 0.07), (1, 4096, 0.04))
FIRST_SHARE = 0.35
# Far above the 0.02 of transformers, which suits networks ten times as wide: this one learns twice as fast so.
INITIAL_SPREAD = 0.05
# Older Ollama servers press down, by default, every token among the last 64, the question's words and the end of a
# turn included. Every third chat is learned under such a penalty, so that the right answer stays on top.
PENALTY = 1.15
PENALTY_WINDOW = 64
CARD = "---\nlicense: psf-2.0\n---\n"

Log = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long to train."""

    reading_steps: int = 80
    answering_steps: int = 820
    peak_rate: float = 3e-3
    final_rate: float = 5e-5
    threads: int = 1


@dataclass
class Recipe:
    """Data and network of one training run."""

    maker: ConversationMaker
    model: LlamaForCausalLM
    optimizers: tuple[torch.optim.Optimizer, ...]
    plan: Plan
    log: Log


def _config() -> LlamaConfig:
    values = hf_format.model_config(SHAPE, "float32")
    values["initializer_range"] = INITIAL_SPREAD
    return LlamaConfig(**{k: v for k, v in values.items() if k not in ("architectures", "model_type", "torch_dtype")})


def _optimizers(model: LlamaForCausalLM, rate: float) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the matrices between the layers, AdamW for the embedding and the norms."""
    decay = 0.02
    inner = {name: p for name, p in model.named_parameters() if p.ndim == 2 and ".layers." in name}
    outer = [p for name, p in model.named_parameters() if name not in inner]
    adam = torch.optim.AdamW(outer, lr=rate, betas=(0.9, 0.95), weight_decay=decay)
    return Muon(inner.values(), rate, decay), adam


def _learning_rate(step: int, plan: Plan) -> float:
    """Rise, stay while reading, then fall along a cosine while answering."""
    if step < 40:
        return plan.peak_rate * (step + 1) / 40
    done = max(0.0, (step - plan.reading_steps) / plan.answering_steps)
    return plan.final_rate + (plan.peak_rate - plan.final_rate) * 0.5 * (1 + math.cos(math.pi * done))


def _tensors(rows: list[Sequence]) -> tuple[Tensor, Tensor]:
    return torch.tensor([row.ids for row in rows]), torch.tensor([row.labels for row in rows])


def _penalised(logits: Tensor, ids: Tensor, chosen: Tensor) -> Tensor:
    """The logits as an engine with a repeat penalty sees them."""
    padded = functional.pad(ids, (PENALTY_WINDOW - 1, 0))
    windows = padded.unfold(1, PENALTY_WINDOW, 1)[:, :-1][chosen]
    seen = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, windows, True)
    return torch.where(seen, torch.where(logits > 0, logits / PENALTY, logits * PENALTY), logits)


def _loss(model: LlamaForCausalLM, rows: list[Sequence], penalised: bool = False) -> Tensor:
    """Cross entropy of the tokens to predict; only those go through the vocabulary's wide matrix."""
    ids, labels = _tensors(rows)
    hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
    wanted = labels[:, 1:]
    chosen = wanted != IGNORED
    logits = model.lm_head(hidden[chosen])
    if penalised:
        logits = _penalised(logits, ids, chosen)
    return functional.cross_entropy(logits, wanted[chosen])


def _batches(maker: ConversationMaker, plan: Plan, rng: Random) -> Iterator[tuple[str, list[Sequence]]]:
    """The rows of every step in order."""
    documents = maker.documents(256)
    for step in range(plan.reading_steps):
        if step % 3 == 2:
            yield "pairs", [maker.conversation(128, doc_share=0.8) for _ in range(8)]
        else:
            yield "read", list(islice(documents, 4))
    for step in range(plan.answering_steps):
        if step % 10 == 9:
            yield "read", list(islice(documents, 4))
            continue
        sizes = FIRST_CHATS if step < FIRST_SHARE * plan.answering_steps else ALL_CHATS
        rows, length, _ = rng.choices(sizes, [share for _, _, share in sizes])[0]
        yield "chat", [maker.conversation(length, doc_share=0.05) for _ in range(rows)]


def _train(recipe: Recipe) -> None:
    plan, means, tokens = recipe.plan, dict[str, float](), 0
    started = time.monotonic()
    recipe.model.train()
    for step, (kind, rows) in enumerate(_batches(recipe.maker, plan, Random(SEED)), start=1):
        for optimizer in recipe.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = _learning_rate(step - 1, plan)
        loss = _loss(recipe.model, rows, penalised=kind == "chat" and step % 3 == 0)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(recipe.model.parameters(), 1.0)
        for optimizer in recipe.optimizers:
            optimizer.step()
        recipe.model.zero_grad(set_to_none=True)
        means[kind] = 0.9 * means.get(kind, loss.item()) + 0.1 * loss.item()
        tokens += sum(len(row.ids) for row in rows)
        if step % 50 == 0:
            speed = tokens / (time.monotonic() - started)
            losses = ", ".join(f"{name} {value:.3f}" for name, value in sorted(means.items()))
            recipe.log(f"step {step}: loss {losses}; {speed:.0f} tokens/s; {time.process_time():.0f} s of CPU")


def _save(folder: Path, model: LlamaForCausalLM, vocabulary: Vocabulary) -> None:
    template = TEMPLATE_FILE.read_text(encoding="utf-8")
    hf_format.write_text_files(folder, vocabulary, SHAPE, SAMPLING, template, "float32")
    (folder / "README.md").write_text(CARD, encoding="utf-8")
    state = model.state_dict()
    tensors = {name: value.numpy() for name, value in state.items() if name != "lm_head.weight"}
    hf_format.write_safetensors(folder / "model.safetensors", tensors)


def train(folder: Path, plan: Plan, log: Log = print) -> None:
    """Make the model and write its Hugging Face form to `folder`."""
    torch.manual_seed(SEED)
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(True)
    fixed, docs = corpus.answers(), corpus.documentation()
    texts = [*docs.paragraphs, *(f"{p.question}\n{p.answer}" for p in (*docs.pairs, *fixed.fixed * 4))]
    vocabulary = tokenizer.train_vocabulary(texts, SHAPE.vocab_size)
    log(f"{len(docs.paragraphs)} paragraphs, {len(docs.pairs)} made and {len(fixed.fixed)} fixed questions")
    model = LlamaForCausalLM(_config())
    log(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} million parameters")
    maker = ConversationMaker(tokenizer.load(vocabulary), fixed, docs, Random(SEED))
    _train(Recipe(maker, model, _optimizers(model, plan.peak_rate), plan, log))
    _save(folder, model, vocabulary)
