"""The Firefox engine's network in PyTorch, small, under Marian's tensor names.

Conventions that the engine computes by: embeddings times √d plus sinusoids, the
decoder's first embedding zero, layer norm after each branch is added, and the
embeddings as output layer.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

Examples = list[tuple[list[int], list[int]]]
"""Ids of source and target, each with its end of sentence."""

EPSILON = 1e-6
IGNORED = -100


class Network(nn.Module):
    """One encoder and one decoder layer."""

    def __init__(self, vocabulary: int, dim: int, ffn: int, heads: int) -> None:
        super().__init__()
        self.dim, self.heads = dim, heads
        self.weights = nn.ParameterDict()
        self._add("Wemb", vocabulary, dim, scale=dim**-0.5)
        self._add("decoder_ff_logit_out_b", 1, vocabulary, scale=0)
        for block in ("encoder_l1_self", "decoder_l1_context"):
            for part in "qkvo":
                self._affine(f"{block}_W{part}", f"{block}_b{part}", dim, dim)
            self._norm(f"{block}_Wo")
        for side in ("encoder", "decoder"):
            self._affine(f"{side}_l1_ffn_W1", f"{side}_l1_ffn_b1", dim, ffn)
            self._affine(f"{side}_l1_ffn_W2", f"{side}_l1_ffn_b2", ffn, dim)
            self._norm(f"{side}_l1_ffn_ffn")
        self._add("decoder_l1_rnn_W", dim, dim)
        self._affine("decoder_l1_rnn_Wf", "decoder_l1_rnn_bf", dim, dim)
        self._norm("decoder_l1_rnn_ffn")

    def loss(self, examples: Examples) -> Tensor:
        """Smoothed cross-entropy of a batch."""
        source = _padded([a for a, _ in examples], IGNORED)
        target = _padded([b for _, b in examples], IGNORED)
        known = source != IGNORED
        context = self._encode(source.clamp(min=0), known)
        scores = self._decode(target.clamp(min=0), context, known)
        return functional.cross_entropy(
            scores.flatten(0, 1), target.flatten(), label_smoothing=0.05
        )

    def tensors(self) -> dict[str, np.ndarray]:
        """Its weights, as the engine wants them."""
        return {name: w.detach().numpy() for name, w in self.weights.items()}

    def _encode(self, ids: Tensor, known: Tensor) -> Tensor:
        x = self._embed(ids) + self._positions(ids.shape[1])
        x = self._normed(
            "encoder_l1_self_Wo", x, self._attend("encoder_l1_self", x, x, known)
        )
        return self._forward("encoder_l1_ffn", x)

    def _decode(self, ids: Tensor, context: Tensor, known: Tensor) -> Tensor:
        before = functional.pad(self._embed(ids)[:, :-1], (0, 0, 1, 0))
        x = before + self._positions(ids.shape[1])
        x = self._normed("decoder_l1_rnn_ffn", x, self._recur(x))
        attended = self._attend("decoder_l1_context", x, context, known)
        x = self._normed("decoder_l1_context_Wo", x, attended)
        x = self._forward("decoder_l1_ffn", x)
        return x @ self.weights["Wemb"].T + self.weights["decoder_ff_logit_out_b"]

    def _recur(self, x: Tensor) -> Tensor:
        gates = torch.sigmoid(self._times("decoder_l1_rnn_Wf", "decoder_l1_rnn_bf", x))
        inputs = (1 - gates) * (x @ self.weights["decoder_l1_rnn_W"])
        cell = torch.zeros_like(x[:, 0])
        cells = []
        for step in range(x.shape[1]):
            cell = gates[:, step] * cell + inputs[:, step]
            cells.append(cell)
        return torch.relu(torch.stack(cells, dim=1))

    def _attend(self, block: str, x: Tensor, context: Tensor, known: Tensor) -> Tensor:
        q, k, v = (
            self._times(f"{block}_W{part}", f"{block}_b{part}", of)
            .unflatten(2, (self.heads, -1))
            .transpose(1, 2)
            for part, of in zip("qkv", (x, context, context), strict=True)
        )
        mask = known[:, None, None, :]
        found = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self._times(
            f"{block}_Wo", f"{block}_bo", found.transpose(1, 2).flatten(2)
        )

    def _forward(self, block: str, x: Tensor) -> Tensor:
        hidden = torch.relu(self._times(f"{block}_W1", f"{block}_b1", x))
        return self._normed(
            f"{block}_ffn", x, self._times(f"{block}_W2", f"{block}_b2", hidden)
        )

    def _normed(self, name: str, x: Tensor, branch: Tensor) -> Tensor:
        scale, bias = (self.weights[f"{name}_ln_{p}"][0] for p in ("scale", "bias"))
        return functional.layer_norm(x + branch, (self.dim,), scale, bias, EPSILON)

    def _times(self, weight: str, bias: str, x: Tensor) -> Tensor:
        return x @ self.weights[weight] + self.weights[bias]

    def _embed(self, ids: Tensor) -> Tensor:
        return functional.embedding(ids, self.weights["Wemb"]) * math.sqrt(self.dim)

    def _positions(self, length: int) -> Tensor:
        half = self.dim // 2
        pitch = 1e-4 ** (torch.arange(half) / (half - 1))
        angles = torch.arange(length)[:, None] * pitch
        return torch.cat([angles.sin(), angles.cos()], dim=1)

    def _add(self, name: str, *shape: int, scale: float | None = None) -> None:
        bound = math.sqrt(6 / sum(shape)) if scale is None else scale
        self.weights[name] = nn.Parameter((torch.rand(shape) * 2 - 1) * bound)

    def _affine(self, weight: str, bias: str, inputs: int, outputs: int) -> None:
        self._add(weight, inputs, outputs)
        self._add(bias, 1, outputs, scale=0)

    def _norm(self, name: str) -> None:
        self.weights[f"{name}_ln_scale"] = nn.Parameter(torch.ones(1, self.dim))
        self.weights[f"{name}_ln_bias"] = nn.Parameter(torch.zeros(1, self.dim))


def _padded(rows: list[list[int]], filling: int) -> Tensor:
    width = max(map(len, rows))
    return torch.tensor([row + [filling] * (width - len(row)) for row in rows])
