"""What models are made of: several operators at once that a compiler puts together again, or lays out
in another way."""
import numpy as np
from core import Core, Draft, Unfit


class Patterns(Core):
    def need(self, fits, **allowed):
        value = self.number(fits, **allowed)
        if value is None:
            raise Unfit
        return value

    def like(self, value, number):
        return np.asarray(number, value.dtype)

    def weights(self, value, *shape):
        """Those that keep the size of numbers: the last but one dimension is summed over."""
        return (self.data(shape) / np.sqrt(shape[-2])).astype(value.dtype)

    def reduced(self, op, value, axes, since=18, keepdims=1):
        values = self.with_list(op, value, "axes", axes, since, keepdims=keepdims)
        if not values:
            raise Unfit
        return values[0]

    # --- normalisations by their parts

    def softened(self, value, axis):
        """A softmax, its logarithm, or only exponentials by their sum, along one axis."""
        parts = self.integer(0, 3)
        if parts == 0:
            return self.one("Softmax", value, axis=axis if self.opset >= 13 else axis % value.rank if axis % value.rank == value.rank - 1 else self.unfit())
        if parts < 3:
            value = self.one("Sub", value, self.reduced("ReduceMax", value, [axis % value.rank]))
        elif value.most > 4:
            raise Unfit
        exponentials = self.one("Exp", value)
        total = self.reduced("ReduceSum", exponentials, [axis % value.rank], 13)
        if parts == 2:
            return self.one("Sub", value, self.one("Log", total))
        return self.one("Div", exponentials, total)

    def unfit(self):
        raise Unfit

    def soft_parts(self):
        value = self.need(lambda v: v.rank)
        self.softened(value, self.integer(-value.rank, -1))

    def normed(self, value, axes):
        """A layer norm or an RMS norm over `axes`, as exporters write it."""
        root_mean = self.flip(0.3)
        centred = value if root_mean else self.one("Sub", value, self.reduced("ReduceMean", value, axes))
        choice = self.integer(0, 2)
        square = (self.one("Mul", centred, centred) if choice == 0 else
                  self.one("Pow", centred, self.like(value, 2)) if choice == 1 else self.one("Mul", centred, self.one("Identity", centred)))
        variance = self.reduced("ReduceMean", square, axes)
        if variance.least < 0.05:
            raise Unfit
        root = self.one("Sqrt", self.one("Add", variance, self.like(value, 1e-5 if value.dtype.itemsize > 2 else 1e-2)))
        if self.flip(0.3):
            result = self.one("Mul", centred, self.one("Reciprocal", root))
        else:
            result = self.one("Div", centred, root)
        shape = [d if axis in axes else 1 for axis, d in enumerate(value.shape)]
        result = self.one("Mul", result, self.data(shape, value.dtype))
        return self.one("Add", result, self.data(shape, value.dtype)) if self.flip(0.7) else result

    def norm_parts(self):
        value = self.need(lambda v: v.rank and max(v.shape) > 2)
        axes = [a for a in range(value.rank) if self.flip(0.3)] or [value.rank - 1]
        if self.flip(0.5):
            axes = [value.rank - 1]
        self.normed(value, axes)

    def broadcast_parts(self):
        """Reductions that are spread again, one after the other."""
        value = self.need(lambda v: v.rank >= 1)
        for _ in range(self.integer(1, 3)):
            axes = [a for a in range(value.rank) if self.flip()] or [0]
            op, since = self.pick([("ReduceMean", 18), ("ReduceMax", 18), ("ReduceSum", 13), ("ReduceMin", 18)])
            reduced = self.reduced(op, value, axes, since)
            operands = [value, reduced] if self.flip() else [reduced, value]
            value = self.one(self.pick(["Sub", "Add", "Max", "Min", "Mul"]), *operands)
            if self.flip(0.3):
                value = self.one(self.pick(["Tanh", "Sigmoid", "Relu"]), value)

    def activated(self, value):
        """A function that exporters write by its parts, or an operator."""
        choice, like = self.integer(0, 7), lambda number: self.like(value, number)
        if choice == 0:  # Gelu
            inner = self.one("Add", self.one("Erf", self.one("Div", value, like(np.sqrt(2)))), like(1))
            return self.one("Mul", self.one("Mul", value, inner), like(0.5))
        if choice == 1:  # by Tanh
            cube = self.one("Add", value, self.one("Mul", self.one("Mul", self.one("Mul", value, value), value), like(0.044715)))
            inner = self.one("Add", self.one("Tanh", self.one("Mul", cube, like(0.7978846))), like(1))
            return self.one("Mul", self.one("Mul", value, like(0.5)), inner)
        if choice == 2:  # SiLU
            return self.one("Mul", value, self.one("Sigmoid", value))
        if choice == 3:  # HardSwish
            inner = self.one("Div", self.clipped(self.one("Add", value, like(3)), 0, 6), like(6))
            return self.one("Mul", value, inner)
        if choice == 4:
            return self.clipped(value, 0, 6)
        if choice == 5:  # Mish
            return self.one("Mul", value, self.one("Tanh", self.one("Softplus", value)))
        return self.one(self.pick(["Relu", "LeakyRelu", "Sigmoid", "Tanh"]), value)

    def clipped(self, value, low, high):
        if self.opset >= 11:
            return self.one("Clip", value, self.like(value, low), self.like(value, high))
        return self.one("Clip", value, min=float(low), max=float(high))

    def activation_parts(self):
        self.activated(self.need(lambda v: v.most < 50 and v.least > -50))

    # --- transformers

    def linear(self, value, columns):
        result = self.one("MatMul", value, self.weights(value, value.shape[-1], columns))
        if self.flip(0.7):
            bias = self.data((columns,), value.dtype)
            result = self.one("Add", result, bias) if self.flip() else self.one("Add", bias, result)
        return result

    def mask(self, batch, queries, keys, dtype):
        """What is added to scores, or where they stay; each row keeps one of them."""
        shape = [self.pick([1, batch]), 1, self.pick([1, queries]), keys]
        keep = self.rng.random(shape) < 0.7
        if queries == keys and shape[2] > 1 and self.flip():
            keep = np.broadcast_to(np.tri(queries, dtype=bool), shape).copy()
        keep[..., 0] = True
        while keep.ndim > 2 and keep.shape[0] == 1 and self.flip():
            keep = keep[0]
        if self.flip():
            return keep
        return np.where(keep, 0, -np.inf if self.flip(0.3) else -500).astype(dtype)

    def attention_parts(self):
        """Self attention with heads, or attention to other rows, by its parts, with what stands around it."""
        value = self.need(lambda v: v.rank in (2, 3) and v.dtype in (np.float32, np.float16, np.float64) and v.smallest < 50 and v.most < 50)
        if value.rank == 2:
            value = self.one("Unsqueeze", value, np.array([0])) if self.opset >= 13 else self.one("Unsqueeze", value, axes=[0])
        batch, rows, _ = value.shape
        heads, depth = self.pick([1, 2, 3, 4]), self.pick([1, 4, 5, 8, 16, 32])
        width = heads * depth
        other = value
        if self.flip(0.2):
            other = self.one("Add", self.one("Concat", value, value, axis=1), self.like(value, 0.1))
        keys = other.shape[1]
        shape = lambda count: np.array([batch if self.flip() else 0, count if self.flip() else -1, heads, depth])
        if other is value and self.flip(0.4):  # one product for all three
            joined = self.linear(value, 3 * width)
            if self.opset >= 18:
                parts = self.node("Split", joined, outputs=3, axis=-1, num_outputs=3)
            else:
                parts = self.with_list("Split", joined, "split", [width] * 3, 13, outputs=3, axis=-1 if self.opset >= 11 else 2)
            if len(parts) != 3:
                raise Unfit
            query, key, values = parts
        else:
            query, key, values = (self.linear(v, width) for v in (value, other, other))
        query = self.one("Transpose", self.one("Reshape", query, shape(rows)), perm=[0, 2, 1, 3])
        values = self.one("Transpose", self.one("Reshape", values, shape(keys)), perm=[0, 2, 1, 3])
        key = self.one("Reshape", key, shape(keys))
        if self.flip():
            key = self.one("Transpose", key, perm=[0, 2, 3, 1])
        else:
            key = self.one("Transpose", self.one("Transpose", key, perm=[0, 2, 1, 3]), perm=[0, 1, 3, 2])
        scale, before = self.like(value, np.sqrt(depth)), self.integer(0, 2)
        if before == 0:
            query = self.one("Div", query, scale)
        scores = self.one("MatMul", query, key)
        if before == 1:
            scores = self.one("Div", scores, scale)
        elif before == 2:
            scores = self.one("Mul", scores, self.like(value, 1 / np.sqrt(depth)))
        weights = self.soft_scores(scores, batch, rows, keys)
        mixed = self.one("Transpose", self.one("MatMul", weights, values), perm=[0, 2, 1, 3])
        mixed = self.one("Reshape", mixed, np.array([0, 0, width]) if self.flip() else np.array([batch, -1, width]))
        result = self.linear(mixed, value.shape[2])
        if self.flip():
            result = self.one("Add", result, value)
            if value.shape[2] > 2 and self.flip():
                result = self.normed(result, [2])
            if self.flip(0.4):
                self.one("Add", self.linear(self.activated(self.linear(result, self.size())), value.shape[2]), result)

    def soft_scores(self, scores, batch, rows, keys):
        if self.flip(0.3):
            return self.softened(scores, -1)
        mask = self.mask(batch, rows, keys, scores.dtype)
        draft = Draft(self)  # what is masked is no good to compare
        if mask.dtype == bool:
            fill = self.like(scores, -np.inf if self.flip(0.3) else -1e4)
            masked = draft.node("Where", mask, scores, fill) if self.flip() else draft.node("Where", ~mask, fill, scores)
        else:
            masked = draft.node("Add", scores, mask)
        results = draft.finish(draft.node("Softmax", masked, axis=3))
        if not results:
            raise Unfit
        return results[0]

    def turned_products(self):
        """A product with transpositions, reshapes and broadcasts in all places."""
        value = self.need(lambda v: 2 <= v.rank <= 4 and v.array.size > 1)
        for _ in range(self.integer(1, 2)):
            if self.flip(0.7):
                value = self.one("Transpose", value, perm=self.rng.permutation(value.rank).tolist())
            columns = self.size()
            lead = list(value.shape[:-2]) if self.flip() else []
            if lead and self.flip(0.3):
                lead = [d if self.flip() else 1 for d in lead]
            shape = [*lead, value.shape[-1], columns]
            order = np.arange(len(shape)) if self.flip() else self.rng.permutation(len(shape))
            weights = self.weights(value, *shape).transpose(order)
            weights = np.ascontiguousarray(weights)
            if self.flip(0.4):
                weights = self.input(weights)
            if (order != np.arange(len(shape))).any():
                weights = self.one("Transpose", weights, perm=np.argsort(order).tolist())
            value = self.one("MatMul", value, weights)
            if self.flip(0.3):
                value = self.one("Add", value, self.data(self.pick([(columns,), (value.shape[-2], 1), value.shape]), value.dtype))
            if self.flip(0.4):
                value = self.activated(value)
            if self.flip(0.6):
                value = self.one("Transpose", value, perm=self.rng.permutation(value.rank).tolist())
            if self.flip(0.3):
                value = self.one("Reshape", value, np.array([value.shape[0], -1]))
        if self.flip(0.3):
            turned = self.one("Transpose", value, perm=[*range(value.rank - 2), value.rank - 1, value.rank - 2])
            self.one("Mul", self.one("MatMul", value, turned), self.like(value, 0.1))

    # --- images

    def convolved(self, value, outputs, size, group=1, stride=1):
        channels = value.shape[1]
        attributes = {"group": group, "strides": [stride] * 2}
        reach = min(value.shape[2:])
        size = min(size, reach)
        dilation = 2 if size > 1 and stride == 1 and (size - 1) * 2 < reach and self.flip(0.15) else 1
        pad = dilation * (size - 1) // 2
        attributes.update(pads=[pad] * 4, dilations=[dilation] * 2, kernel_shape=[size] * 2)
        scale = np.sqrt(channels / group * size * size)
        weights = (self.data((outputs, channels // group, size, size)) / scale).astype(value.dtype)
        bias = [self.data(outputs, value.dtype)] if self.flip() else []
        value = self.one("Conv", value, weights, *bias, **attributes)
        if self.flip(0.4):
            value = self.one("BatchNormalization", value, *(self.data(outputs, value.dtype) for _ in range(3)),
                             self.data(outputs, value.dtype, low=0.5))
        return self.activated(value) if self.flip(0.6) else value

    def image(self):
        value = self.number(lambda v: v.rank == 4 and v.shape[1] <= 70 and min(v.shape[2:]) > 2 and v.most < 50)
        if value is None or self.flip(0.4):
            shape = [self.integer(1, 2), self.pick([1, 3, 4, 8, 12, 16, 20, 32, 33]), self.pick([4, 5, 7, 8, 12, 14, 17]), self.pick([4, 7, 8, 9, 16, 19])]
            value = self.input(self.data(shape, self.pick([np.float32, np.float32, np.float32, np.float16, np.float64])))
        return value

    def network(self):
        """Convolutions, pointwise and by channel, pools, residual sums, attention to channels, joined branches."""
        value = self.image()
        for _ in range(self.integer(2, 4)):
            channels, before = value.shape[1], value
            step = self.pick(["plain", "plain", "separable", "residual", "pool", "squeeze", "branches", "turned", "grow", "shuffle"])
            if step == "plain":
                value = self.convolved(value, self.pick([1, 3, 8, 16, 17, 24, 32]), self.pick([1, 1, 3, 3, 5]), stride=self.pick([1, 1, 2]))
            elif step == "separable":
                value = self.convolved(value, channels, 3, group=channels, stride=self.pick([1, 1, 2]))
                value = self.convolved(value, self.pick([4, 8, 16, 20]), 1)
            elif step == "residual":
                inner = self.convolved(self.convolved(value, channels * self.pick([1, 2]), 1), channels, 1)
                value = self.one("Add", *([inner, value] if self.flip() else [value, inner]))
            elif step == "pool":
                op = self.pick(["MaxPool", "AveragePool"])
                size = min(self.pick([2, 3]), *value.shape[2:])
                value = self.one(op, value, kernel_shape=[size] * 2, strides=[self.pick([1, 2])] * 2, pads=[(size - 1) // 2] * 4)
            elif step == "squeeze":
                mean = self.one("GlobalAveragePool", value) if self.flip() else self.reduced("ReduceMean", value, [2, 3])
                gate = self.one("Sigmoid", self.convolved(self.convolved(mean, max(1, channels // 4), 1), channels, 1))
                value = self.one("Mul", *([value, gate] if self.flip() else [gate, value]))
            elif step == "branches":
                pieces = [self.convolved(value, self.pick([3, 4, 8, 16]), self.pick([1, 3])) for _ in range(self.integer(1, 2))]
                pieces += [value] if self.flip() else []
                pieces = [piece for piece in pieces if piece.shape[2:] == pieces[0].shape[2:]]
                value = self.one("Concat", *(pieces[i] for i in self.rng.permutation(len(pieces))), axis=1)
            elif step == "turned":  # norms and products over channels, as ConvNeXt has them
                last = self.one("Transpose", value, perm=[0, 2, 3, 1])
                last = self.normed(last, [3]) if channels > 2 and self.flip() else last
                last = self.linear(self.activated(self.linear(last, 2 * channels)), channels)
                value = self.one("Transpose", last, perm=[0, 3, 1, 2])
                value = self.one("Add", value, before) if self.flip() else value
            elif step == "grow" and self.opset >= 11 and value.dtype == np.float32:
                factors = np.array([1, 1, 2, 2], np.float32)
                empty = None if self.opset >= 13 else np.zeros(0, np.float32)
                value = self.one("Resize", value, empty, factors, mode=self.pick(["nearest", "linear"]),
                                 coordinate_transformation_mode="asymmetric", nearest_mode="floor")
            elif step == "shuffle" and channels % 2 == 0:
                batch, _, rows, columns = value.shape
                split = self.one("Reshape", value, np.array([batch, 2, channels // 2, rows, columns]))
                value = self.one("Reshape", self.one("Transpose", split, perm=[0, 2, 1, 3, 4]), np.array([0, -1, rows, columns]))
        if self.flip(0.3):
            flat = self.one("Flatten", self.one("GlobalAveragePool", value))
            self.linear(flat, self.size())

    # --- pieces in place

    def moved_parts(self):
        """Pieces that are taken, changed, and put together: slices of one buffer."""
        value = self.need(lambda v: v.rank and max(v.shape) > 1)
        for _ in range(self.integer(1, 2)):
            axis = self.pick([a for a, d in enumerate(value.shape) if d > 1] or [self.unfit])
            if callable(axis):
                axis()
            size = value.shape[axis]
            cuts = sorted({self.integer(1, size - 1) for _ in range(self.integer(1, 3))})
            sizes = np.diff([0, *cuts, size]).tolist()
            pieces = self.with_list("Split", value, "split", sizes, 13, outputs=len(sizes), exact=True, axis=axis)
            if len(pieces) != len(sizes):
                raise Unfit
            changed = []
            for piece in pieces:
                choice = self.integer(0, 4)
                if choice == 0:
                    piece = self.activated(piece)
                elif choice == 1:
                    piece = self.one("Mul", piece, self.data(piece.shape[-1:], piece.dtype))
                elif choice == 2 and piece.rank >= 2 and axis != piece.rank - 1:
                    piece = self.one("MatMul", piece, self.weights(piece, piece.shape[-1], value.shape[-1]))
                elif choice == 3:
                    piece = self.one("Sub", piece, self.reduced("ReduceMax", piece, [self.integer(0, piece.rank - 1)]))
                changed.append(piece)
            if self.flip(0.3):
                changed.append(self.pick(changed))
            if self.flip(0.3):
                changed = [changed[i] for i in self.rng.permutation(len(changed))]
            value = self.one("Concat", *changed, axis=axis)
            if self.flip(0.3):
                value = self.activated(value)

    def replaced_parts(self):
        """A part of a buffer that another value takes the place of, as caches of keys do."""
        value = self.need(lambda v: v.rank and v.shape[0] > 1 and v.dtype in (np.float32, np.float64, np.float16))
        if self.opset < 11:
            return
        count = self.integer(1, value.shape[0] - 1)
        rows = self.rng.permutation(value.shape[0])[:count]
        if self.flip():
            rows = np.arange(count) + self.integer(0, value.shape[0] - count)
        part = self.one("Gather", value, self.rng.integers(0, value.shape[0], count), axis=0)
        part = self.activated(part)
        whole = self.activated(value) if self.flip() else value
        self.one("ScatterND", whole, rows.reshape(-1, 1), part)
        if self.flip():
            self.activated(whole)  # which still is what it was
