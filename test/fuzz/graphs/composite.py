"""What has states, heads or targets: recurrences, attention, losses."""
import numpy as np
from core import Core


class Composite(Core):
    # --- recurrences

    def recurrent(self):
        value = self.number(lambda v: v.rank == 3 and v.dtype in (np.float32, np.float64, np.float16) and v.shape[0] <= 8)
        if not value:
            return
        op, gates = self.pick([("LSTM", 4), ("GRU", 3), ("RNN", 1)])
        hidden, directions, dtype = self.pick([3, 4, 8]), self.pick([1, 2]), value.dtype
        attributes = {"direction": "bidirectional" if directions == 2 else self.pick(["forward", "reverse"])}
        if op == "GRU":
            attributes["linear_before_reset"] = self.integer(0, 1)
        small = lambda *shape: (self.data(shape) * np.float32(0.3)).astype(dtype)
        bias = small(directions, 2 * gates * hidden) if self.flip() else None
        lengths = self.rng.integers(1, value.shape[0] + 1, value.shape[1]).astype(np.int32) if self.flip(0.3) else None
        state = small(directions, value.shape[1], hidden) if self.flip() else None
        self.node(op, value, small(directions, gates * hidden, value.shape[2]), small(directions, gates * hidden, hidden),
                  bias, lengths, state, outputs=3 if op == "LSTM" else 2, hidden_size=hidden, **attributes)

    # --- transformers

    def attention(self):
        if self.opset < 23:
            return
        dtype = self.pick([np.float32, np.float32, np.float16])
        batch, heads, queries, keys, depth = (self.integer(1, 2), self.pick([2, 4]), self.integer(1, 9), self.integer(1, 12), self.pick([2, 8, 16]))
        shared = self.pick([heads, heads, 1, heads // 2])
        query = self.input(self.data((batch, heads, queries, depth), dtype))
        key, value = (self.input(self.data((batch, shared, keys, depth), dtype)) for _ in range(2))
        mask = self.pick([None, self.data((queries, keys), dtype), np.tri(queries, keys, dtype=bool)])
        attributes = {"is_causal": 1} if mask is None and self.flip(0.4) else {}
        if self.flip(0.2):
            attributes["softcap"] = 2.0
        self.node("Attention", query, key, value, *([] if mask is None else [mask]), **attributes)
        if depth % 2 == 0:
            angles = self.rng.uniform(0, 6, (batch, queries, depth // 2))
            self.node("RotaryEmbedding", query, np.cos(angles).astype(dtype), np.sin(angles).astype(dtype), interleaved=self.integer(0, 1))

    def losses(self):
        value = self.number(lambda v: v.rank in (2, 3, 4) and v.dtype in (np.float32, np.float64))
        if not value or self.opset < 12:
            return
        classes = value.shape[1]
        targets = self.rng.integers(0, classes, (value.shape[0], *value.shape[2:]))
        weights = [self.data(classes, value.dtype, low=0.2)] if self.flip() else []
        reduction = self.pick(["mean", "sum", "none"])
        ignored = {"ignore_index": 0} if targets.any() and self.flip(0.3) else {}
        op = self.pick(["SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss"])
        self.node(op, value, targets, *weights, reduction=reduction, **ignored)

    def boxes(self):
        corners = np.sort(self.rng.uniform(0, 1, (1, 6, 2, 2)), axis=2).astype(np.float32)
        scores = self.rng.permutation(12).reshape(1, 2, 6).astype(np.float32) / 12
        if self.opset >= 11:
            self.node("NonMaxSuppression", self.input(corners.reshape(1, 6, 4)), self.input(scores), np.array(self.integer(1, 4)),
                      np.float32(0.4), np.float32(0.2), dynamic=True)
