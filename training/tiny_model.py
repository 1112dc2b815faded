"""A tiny Llama with random weights and a tokenizer of its own, made on the spot.

It is a real model folder (config, safetensors, byte-level BPE, chat template) of 0.4 million parameters, so
tests and CI can train, resume and evaluate in seconds and without a download. It knows nothing.
"""

from __future__ import annotations

import json
from pathlib import Path

from training.checkpoint import new_folder
from training.errors import UserError

_BOS, _START, _END, _PAD = "<|begin|>", "<|im_start|>", "<|im_end|>", "<|pad|>"
_VOCABULARY = 1024
_POSITIONS = 1024
# The text that the merges are learnt from: everyday English around a service desk.
_TEXT = """
Hello, how can I help you today? I would like to change the address on my account, please. Of course. Please tell me
the new address and the date from which it is valid. Thank you for your message. We have received your request and
will answer within two working days. My card was not accepted at the shop yesterday evening. I am sorry to hear that.
Please check whether the card has been activated and whether the limit for the day has been reached. You can see the
limit in the app under cards. If the card is lost or stolen, block it at once and order a new one. When will the
transfer arrive? A transfer inside the country arrives on the next working day. Transfers to other countries take up
to three working days. Is there a fee for withdrawing cash abroad? Withdrawals in the same currency are free of charge;
for other currencies there is a fee of one percent. How do I close my account? You can close the account online. Move
the rest of the money to another account first, and download your statements, because you cannot see them afterwards.
What does the savings account pay? The rate is shown on our page and can change every month. Can I pay my loan back
early? Yes, you can pay back all or part of the loan at any time. Please write to us so that we can tell you the exact
amount. The answer is short and clear. Write one sentence. Explain the steps in order: first, second, third. I do not
know. I cannot help with that. The access number of the test locker is 1 2 3 4 5 6 7 8 9 0. What is the capital of the
country? Who wrote this text? Where do we go from here? Why is the sky blue? Because light is scattered by the air.
The model reads the question and writes the answer. People, machines, numbers and words. Monday, Tuesday, Wednesday,
Thursday, Friday, Saturday, Sunday. January, February, March, April, May, June, July, August, September, October,
November, December. north south east west; left right up down; red green blue yellow black white; small large.
"""
_CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def make_tiny_model(out: Path, *, seed: int = 0) -> int:
    """Write the model folder; returns its number of parameters. The same seed gives the same bytes.

    Raises UserError where the folder is there already.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    if out.exists():
        raise UserError("output-in-use", "The folder is there already; give another.", str(out))
    with new_folder(out) as draft:
        ends = _write_tokenizer(draft)
        config = LlamaConfig(
            vocab_size=ends["size"],
            hidden_size=96,
            intermediate_size=256,
            num_hidden_layers=3,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=_POSITIONS,
            tie_word_embeddings=True,
            bos_token_id=ends[_BOS],
            eos_token_id=ends[_END],
            pad_token_id=ends[_PAD],
        )
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        model.save_pretrained(draft)
    return sum(weight.numel() for weight in model.parameters())


def _write_tokenizer(folder: Path) -> dict[str, int]:
    """Learn and write the tokenizer; returns the ids of its control tokens and its size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=[_BOS, _START, _END, _PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([_TEXT], trainer)
    ids = {token: tokenizer.get_vocab()[token] for token in (_BOS, _START, _END, _PAD)}
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{_BOS} $A", special_tokens=[(_BOS, ids[_BOS])])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": _BOS,
        "eos_token": _END,
        "pad_token": _PAD,
        "clean_up_tokenization_spaces": False,
        "model_max_length": _POSITIONS,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(_CHAT_TEMPLATE, encoding="utf-8")
    return {**ids, "size": tokenizer.get_vocab_size()}
