"""What has bodies, states, scales or heads: control flow, recurrences, quantisation, attention, losses."""
import numpy as np
from core import Core, Draft, describe
from onnx import TensorProto, helper


class Composite(Core):
    # --- recurrences and control flow

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

    def body(self, prefix, state, captured):
        """Nodes of a body that compute `<prefix>_new` from a state and, with broadcasting, a captured value."""
        first = self.pick(["Tanh", "Sigmoid", "Abs", "Neg"])
        second = self.pick(["Add", "Mul", "Sub"])
        return [helper.make_node(first, [state], [f"{prefix}_f"]), helper.make_node(second, [f"{prefix}_f", captured], [f"{prefix}_new"])]

    def branch(self):
        value = self.number(lambda v: v.dtype in (np.float32, np.float64))
        if not value or self.opset < 11:
            return
        draft = Draft(self)
        captured = draft.use(value)
        bodies = []
        for _ in range(2):
            prefix = self.name()
            output = helper.make_empty_tensor_value_info(f"{prefix}_new")
            bodies.append(helper.make_graph(self.body(prefix, captured, captured), prefix, [], [output]))
        condition = self.value(lambda v: v.dtype == bool and v.array.size == 1 and v.rank <= 1)
        if condition is None:
            condition = self.input(np.array(self.flip())) if self.flip() else np.array(self.flip())
        draft.finish(draft.node("If", condition, then_branch=bodies[0], else_branch=bodies[1]))

    def loop(self):
        value = self.number(lambda v: v.dtype == np.float32)
        if not value or self.opset < 11:
            return
        draft, prefix = Draft(self), self.name()
        captured = draft.use(self.data(value.shape[-1:]) * np.float32(0.5))
        shape = helper.make_tensor_value_info
        keep = np.array(True)
        nodes = [*self.body(prefix, f"{prefix}_state", captured), helper.make_node("Identity", [f"{prefix}_go"], [f"{prefix}_on"]),
                 helper.make_node("Cast", [f"{prefix}_i"], [f"{prefix}_c"], to=TensorProto.FLOAT),
                 helper.make_node("Add", [f"{prefix}_new", f"{prefix}_c"], [f"{prefix}_scan"])]
        inputs = [shape(f"{prefix}_i", TensorProto.INT64, []), shape(f"{prefix}_go", TensorProto.BOOL, []),
                  describe(f"{prefix}_state", value.array)]
        outputs = [shape(f"{prefix}_on", TensorProto.BOOL, []), describe(f"{prefix}_new", value.array),
                   describe(f"{prefix}_scan", value.array)]
        body = helper.make_graph(nodes, prefix, inputs, outputs)
        draft.finish(*draft.node("Loop", np.array(self.integer(1, 6)), keep if self.flip() else None, value, outputs=2, body=body))

    def scan(self):
        value = self.number(lambda v: v.dtype == np.float32 and v.rank >= 2 and v.shape[0] <= 8)
        if not value or self.opset < 9:
            return
        draft, prefix = Draft(self), self.name()
        state = self.data(value.shape[1:])
        nodes = self.body(prefix, f"{prefix}_state", f"{prefix}_x")
        nodes.append(helper.make_node("Identity", [f"{prefix}_new"], [f"{prefix}_out"]))
        row = value.array[0]
        body = helper.make_graph(nodes, prefix, [describe(f"{prefix}_{n}", row) for n in ("state", "x")],
                                 [describe(f"{prefix}_{n}", row) for n in ("new", "out")])
        reverse = {"scan_input_directions": [1]} if self.flip(0.3) else {}
        draft.finish(*draft.node("Scan", state, value, outputs=2, body=body, num_scan_inputs=1, **reverse))

    # --- quantisation

    def quantise(self):
        value = self.value(lambda v: v.dtype in (np.int8, np.uint8))
        if value:
            axis = self.integer(0, value.rank - 1) if value.rank and self.opset >= 13 and self.flip() else None
            if axis is None:
                self.node("DequantizeLinear", value, np.float32(0.125), np.asarray(2, value.dtype), exact=True)
            else:
                scales = np.exp2(-self.rng.integers(1, 5, value.shape[axis])).astype(np.float32)
                zeros = [self.data(value.shape[axis], value.dtype)] if self.flip() else []
                self.node("DequantizeLinear", value, scales, *zeros, exact=True, axis=axis)
        value = self.value(lambda v: v.dtype == np.float32 and v.exact)
        if value:
            self.node("QuantizeLinear", value, np.float32(0.125), self.pick([np.uint8(100), np.int8(-3)]))
            if self.opset >= 11 and value.most > value.least:  # of zeros the scale may be anything
                self.node("DynamicQuantizeLinear", value, outputs=3, exact=True)

    def integer_product(self):
        value = self.value(lambda v: v.dtype in (np.int8, np.uint8) and v.rank >= 2)
        if not value:
            return
        zero = np.asarray(3, value.dtype)
        weights = self.data((value.shape[-1], self.size()), np.int8)
        if self.opset >= 10:
            self.node("MatMulInteger", value, weights, zero)
            # A power of two: the sum of products is exact and so is what is rounded.
            self.node("QLinearMatMul", value, np.float32(0.5), zero, weights, np.float32(0.25), np.int8(0), np.float32(4), zero)
        if value.rank == 4 and value.dtype == np.uint8 and self.opset >= 10:
            kernel = [min(2, d) for d in value.shape[2:]]
            weights = self.data((self.size(), value.shape[1], *kernel), np.int8)
            pads = [0, 0, 1, 1] if min(value.shape[2:]) > 1 else [0] * 4
            self.node("ConvInteger", value, weights.astype(np.uint8), zero, pads=pads)
            bias = [self.data(weights.shape[0], np.int32)] if self.flip() else []
            self.node("QLinearConv", value, np.float32(0.5), zero, weights, np.float32(0.25), np.int8(0), np.float32(4), zero, *bias, pads=pads)

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
