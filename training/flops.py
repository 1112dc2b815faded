"""Floating-point operations of a run, counted from the model's own shapes. No torch here.

Model FLOPs are what the mathematics needs, without padding and recomputation. A matrix product costs two
operations a weight and token forward, two for the gradient of its input and two for that of its weight;
frozen weights need no third part. Causal attention costs 2 S H L a token forward (half of the full square) and
twice that backward. The output head counts only the tokens it is applied to.
"""

from __future__ import annotations

from dataclasses import dataclass

from training.base_model import BaseFolder
from training.manifest import LegalCompute
from training.spec import Full, Lora
from training.weights import TensorInfo


@dataclass(frozen=True, slots=True)
class FlopCount:
    """Weights in matrix products: of the `body`, of the `head`, of the `adapter`; `attention` is H x L."""

    body: int
    head: int
    adapter: int
    attention: int
    head_on_all: bool
    full: bool

    def training(self, lengths: list[int], loss_tokens: int) -> float:
        """Forward and backward of rows with these token counts."""
        tokens = sum(lengths)
        frozen = 6 if self.full else 4
        headed = tokens if self.head_on_all else loss_tokens
        squares = sum(length * length for length in lengths)
        return float(
            (frozen * self.body + 6 * self.adapter) * tokens
            + frozen * self.head * headed
            + 6 * self.attention * squares
        )

    def forward(self, lengths: list[int], loss_tokens: int) -> float:
        """Forward alone, as in validation."""
        tokens = sum(lengths)
        headed = tokens if self.head_on_all else loss_tokens
        squares = sum(length * length for length in lengths)
        return float(2 * ((self.body + self.adapter) * tokens + self.head * headed + self.attention * squares))

    def formula(self) -> str:
        """The rule in words and numbers, for the manifest."""
        frozen = 6 if self.full else 4
        headed = "T" if self.head_on_all else "Tl"
        return (
            f"({frozen} Nb + 6 Na) T + {frozen} Nh {headed} + 6 H L sum(S^2); Nb = {self.body} weights in the body's "
            f"linear layers, Na = {self.adapter} in the adapter, Nh = {self.head} in the output head, H L = "
            f"{self.attention} attention width x layers, T tokens, Tl loss tokens, S tokens of a row"
        )


def count_flops(base: BaseFolder, method: Lora | Full, *, head_on_all: bool) -> FlopCount:
    """The count's constants, from weight headers and config."""
    config = base.config
    width = int(config.get("hidden_size") or config.get("n_embd") or 0)
    heads, head_width = config.get("num_attention_heads"), config.get("head_dim")
    if isinstance(heads, int) and isinstance(head_width, int):
        width = heads * head_width
    layers = int(config.get("num_hidden_layers") or config.get("n_layer") or 0)
    return FlopCount(
        body=sum(info.numbers for info in base.tensors.values() if info.is_linear),
        head=head_weights(base),
        adapter=adapter_parameters(base, method),
        attention=width * layers,
        head_on_all=head_on_all,
        full=isinstance(method, Full),
    )


def head_weights(base: BaseFolder) -> int:
    """Weights of the output head: its own matrix, or the token embedding where they are one."""
    own = [info for info in base.tensors.values() if info.is_head]
    if own:
        return own[0].numbers
    return max((info.numbers for info in base.tensors.values() if info.is_embedding), default=0)


def adapted_layers(base: BaseFolder, method: Lora | Full) -> list[TensorInfo]:
    """The linear layers that LoRA goes beside; none for full fine-tuning."""
    if isinstance(method, Full):
        return []
    linear = [info for info in base.tensors.values() if info.is_linear]
    if method.target_modules == "all-linear":
        return linear
    names = tuple(f".{name}.weight" for name in method.target_modules)
    return [info for info in linear if f".{info.name}".endswith(names)]


def adapter_parameters(base: BaseFolder, method: Lora | Full) -> int:
    """r x (in + out) for each adapted layer."""
    return 0 if isinstance(method, Full) else sum(method.r * sum(info.shape) for info in adapted_layers(base, method))


def legal_compute(parameters: int, tokens: int) -> LegalCompute:
    """Training compute by the 6 P D convention: P all parameters, D tokens with every pass counted.

    Source: the Commission's guidelines on general-purpose AI models (July 2025, not binding), which accept it
    within 30 %. For LoRA it overstates the work done, because frozen weights need no gradient of their own.
    """
    return LegalCompute(
        value=6.0 * parameters * tokens,
        formula=f"6 P D with P = {parameters} parameters (base and adapter) and D = {tokens} tokens, passes counted",
        included=("forward and backward passes of all training steps of this run", "planted canaries"),
        excluded=(
            "validation passes",
            "steps lost to a crash and repeated",
            "the base model's own training",
            "earlier runs on the same lineage",
            "making of the data",
        ),
    )
