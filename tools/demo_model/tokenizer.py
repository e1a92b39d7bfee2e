"""Train the tokenizer: byte-level BPE with the split of Llama 3."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from tools.demo_model import hf_format
from tools.demo_model.hf_format import Vocabulary


def train_vocabulary(texts: Iterable[str], size: int) -> Vocabulary:
    """Learn a vocabulary of exactly `size` tokens, the thinking marks last."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    split = pre_tokenizers.Split(Regex(hf_format.LLAMA3_SPLIT), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(hf_format.VISIBLE_TOKENS),
        special_tokens=list(hf_format.CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return Vocabulary((*tokens, *hf_format.VISIBLE_TOKENS), tuple((a, b) for a, b in model["merges"]))


def load(vocabulary: Vocabulary) -> Tokenizer:
    """The tokenizer as the shipped `tokenizer.json` describes it."""
    return Tokenizer.from_str(json.dumps(hf_format.tokenizer_json(vocabulary)))
