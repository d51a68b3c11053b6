"""Data movement: layouts, slices, indices."""
import numpy as np
import onnx
from core import Core, Draft


class Movement(Core):
    def transpose(self):
        value = self.value(lambda v: v.rank, empty=True, dynamic=True)
        if value:
            self.node("Transpose", value, exact=True, perm=self.rng.permutation(value.rank).tolist())

    def reshape(self):
        value = self.value()
        if not value:
            return
        total, parts = value.array.size, []
        for _ in range(self.integer(0, 3)):
            parts.append(int(self.pick([d for d in range(1, total + 1) if total % d == 0])))
            total //= parts[-1]
        parts.append(-1 if self.flip() else total)
        if value.rank and parts and parts[0] == value.shape[0] and self.flip():
            parts[0] = 0  # as it was
        self.node("Reshape", value, np.array(parts), exact=True)
        if value.rank and self.flip(0.3):
            self.node("Flatten", value, exact=True, axis=self.axis(value)[0])

    def squeeze(self):
        value = self.value(empty=True)
        lowest = -value.rank - 1 if self.opset >= 11 else 0
        self.with_list("Unsqueeze", value, "axes", [self.integer(lowest, value.rank)], 13, exact=True)
        if 1 in value.shape:
            self.with_list("Squeeze", value, "axes", [value.shape.index(1)], 13, exact=True)
            self.node("Squeeze", value, exact=True)

    def expand(self):
        value = self.value()
        if not value:
            return
        shape = [self.integer(1, 4) if d == 1 else d for d in value.shape]
        self.node("Expand", value, np.array([2, *shape] if self.flip(0.3) else shape), exact=True)
        if value.rank:
            self.node("Tile", value, self.rng.integers(1, 3, value.rank), exact=True)

    def concat(self):
        value = self.value(lambda v: v.rank, empty=True)
        if not value:
            return
        axis, spelled = self.axis(value)
        fitting = [v for v in self.values if v.dtype == value.dtype and v.rank == value.rank and not v.dynamic and not v.slack and
                   all(a == b or d == axis for d, (a, b) in enumerate(zip(v.shape, value.shape)))]
        self.node("Concat", *(self.pick(fitting) for _ in range(self.integer(1, 3))), exact=True, axis=spelled)

    def slice(self):
        value = self.value(lambda v: v.rank)
        if not value:
            return
        axis, spelled = self.axis(value)
        size, step = value.shape[axis], int(self.pick([1, 1, 2, -1, -2]))
        start, end = self.integer(0, size - 1), self.integer(0, size)
        if step < 0:
            start, end = max(start, end), self.pick([-size - 1, min(start, end) - 1 if min(start, end) else -size - 1])
        if self.opset >= 10:
            self.node("Slice", value, *(np.array([int(v)]) for v in (start, end, spelled, step)), exact=True)
        elif step == 1:
            self.node("Slice", value, exact=True, starts=[start], ends=[end], axes=[axis])

    def split(self):
        value = self.value(lambda v: v.rank and max(v.shape) > 1)
        if not value:
            return
        axis = int(np.argmax(value.shape))
        first = self.integer(1, value.shape[axis] - 1)
        if self.opset >= 18 and self.flip():
            parts = self.integer(1, min(4, value.shape[axis]))
            self.node("Split", value, outputs=parts, exact=True, axis=axis, num_outputs=parts)
        else:
            self.with_list("Split", value, "split", [first, value.shape[axis] - first], 13, outputs=2, exact=True, axis=axis)

    def pad(self):
        value = self.value(lambda v: v.rank and v.dtype != bool)
        if not value:
            return
        mode = self.pick(["constant", "constant", "edge", "reflect", "wrap"])
        low, high = (np.minimum(self.rng.integers(0, 3, value.rank), np.array(value.shape) - 1) for _ in range(2))
        pads = np.concatenate([low, high]).astype(np.int64)
        if self.opset >= 11 and mode == "constant":
            if self.flip(0.3):
                pads[:value.rank] -= 1  # takes away
            fill = self.data((), value.dtype) if self.flip() else None
            if self.opset >= 18 and self.flip():
                axis = self.integer(0, value.rank - 1)
                self.node("Pad", value, pads[axis::value.rank], fill, np.array([axis - value.rank]), exact=True)
            else:
                self.node("Pad", value, pads, fill, exact=True, mode=mode)
        else:
            self.with_list("Pad", value, "pads", pads, 11, exact=True, mode=mode)

    def indices(self, size, shape):
        array = self.rng.integers(-size if self.opset >= 11 else 0, size, shape)
        if self.flip(0.3):
            array = array.astype(np.int32)
        return self.input(array) if self.flip(0.3) else array

    def gather(self):
        value = self.value(lambda v: v.rank)
        if not value:
            return
        axis, spelled = self.axis(value)
        size = value.shape[axis]
        kind = self.integer(0, 2)
        if kind == 0:
            self.node("Gather", value, self.indices(size, [self.integer(1, 5)] * self.integer(0, 2)), exact=True, axis=spelled)
        elif kind == 1:
            shape = [d if d_axis != axis else self.integer(1, 5) for d_axis, d in enumerate(value.shape)]
            self.node("GatherElements", value, self.indices(size, shape), exact=True, axis=spelled)
        else:
            batch = self.integer(0, 1) if value.rank > 1 and self.opset >= 12 else 0
            shape = (*value.shape[:batch], self.integer(1, 4), 1)
            self.node("GatherND", value, self.indices(value.shape[batch], shape), exact=True, **({"batch_dims": 1} if batch else {}))

    def scatter(self):
        value = self.value(lambda v: v.rank and v.dtype != bool)
        if not value:
            return
        axis, spelled = self.axis(value)
        # each place once: the order of several is not defined
        rows = self.rng.permutation(value.shape[axis])[:self.integer(1, value.shape[axis])]
        shape = list(value.shape)
        shape[axis] = len(rows)
        reductions = {} if self.opset < 16 else {"reduction": self.pick(["none", "add", "mul", *(["max", "min"] if self.opset >= 18 else [])])}
        places = np.broadcast_to(rows.reshape([-1 if d == axis else 1 for d in range(value.rank)]), shape).copy()
        op = "ScatterElements" if self.opset >= 11 else "Scatter"
        self.node(op, value, places, self.data(shape, value.dtype), exact=True, axis=spelled, **reductions)
        rows = self.rng.permutation(value.shape[0])[:self.integer(1, value.shape[0])]
        self.node("ScatterND", value, rows.reshape(-1, 1), self.data((len(rows), *value.shape[1:]), value.dtype),
                  exact=True, **reductions)

    def blocks(self):
        value = self.value(lambda v: v.rank == 4 and v.is_float)
        if not value:
            return
        if value.shape[1] % 4 == 0:
            self.node("DepthToSpace", value, exact=True, blocksize=2, **({"mode": self.pick(["DCR", "CRD"])} if self.opset >= 11 else {}))
        if value.shape[2] % 2 == 0 and value.shape[3] % 2 == 0:
            self.node("SpaceToDepth", value, exact=True, blocksize=2)

    def triangle(self):
        value = self.value(lambda v: v.rank >= 2)
        if value:
            offset = [np.array(self.integer(-2, 2))] if self.flip(0.8) else []
            self.node("Trilu", value, *offset, exact=True, upper=self.integer(0, 1))

    def shapes(self):
        """Shapes as numbers, and what is made of them."""
        value = self.value(empty=True)
        draft = Draft(self)
        choice = self.integer(0, 3)
        if choice == 0:
            ends = {"start": self.integer(-2, 1), "end": self.integer(1, 3)} if self.opset >= 15 and self.flip() else {}
            self.node("Shape", value, **ends)
            self.node("Size", value)
        elif choice == 1:
            dtype = self.pick([np.float32, np.int32, bool])
            fill = onnx.numpy_helper.from_array(self.data(1, dtype))
            draft.finish(draft.node("ConstantOfShape", draft.node("Shape", value), value=fill), exact=True)
        elif choice == 2 and self.opset >= 11:
            dtype = np.dtype(self.pick([np.float32, np.int64, np.int32, np.float64, np.int16]))
            start, step = self.integer(-5, 5), self.pick([1, 2, -1, -3])
            self.node("Range", *(np.asarray(n).astype(dtype) for n in (start, start + step * self.integer(0, 8), step)), exact=True)
        else:
            value = self.value(lambda v: v.rank == 2)
            if value:
                self.node("EyeLike", value, k=self.integer(-2, 2), **({"dtype": 6} if self.flip() else {}))

    def rearranged(self):
        value = self.value(lambda v: v.rank >= 2)
        if not value:
            return
        time, batch = (0, 1) if self.flip() else (1, 0)
        lengths = self.rng.integers(1, value.shape[time] + 1, value.shape[batch])
        self.node("ReverseSequence", value, lengths, exact=True, time_axis=time, batch_axis=batch)
        axis = self.integer(0, value.rank - 1)
        self.node("CenterCropPad", value, np.array([self.integer(1, value.shape[axis] + 3)]), exact=True, axes=[axis])

    def one_hot(self):
        value = self.value(lambda v: v.dtype in (np.int64, np.int32) and v.rank < 4)
        if value:
            depth = self.integer(2, 6)
            self.node("OneHot", value, np.array(depth), self.data(2, self.pick([np.float32, np.int64, np.float32])),
                      exact=True, axis=self.pick([-1, 0]))

    def chosen(self):
        """Results sized by values."""
        value = self.value(lambda v: v.exact and v.rank and v.dtype in (np.float32, np.int64, np.int32))
        if not value:
            return
        choice = self.integer(0, 2)
        if choice == 0:
            self.node("NonZero", value, dynamic=True)
        elif choice == 1:
            axis = self.integer(0, value.rank - 1)
            self.node("Compress", value, self.data(value.shape[axis], bool), exact=True, dynamic=True, axis=axis)
        else:
            self.node("Unique", value, outputs=4, exact=True, dynamic=True, sorted=self.integer(0, 1))

    def sequence(self):
        """Sequences live within a draft: they can't be compared."""
        value = self.value(lambda v: v.rank and v.dtype != bool)
        if not value or self.opset < 12:
            return
        draft = Draft(self)
        axis = self.integer(0, value.rank - 1)
        if self.flip():
            sequence = draft.node("SplitToSequence", value, np.array(self.integer(1, value.shape[axis])), axis=axis)
        else:
            sequence = draft.node("SequenceConstruct", value, value)
            if self.flip():
                sequence = draft.node("SequenceInsert", sequence, value, np.array(self.integer(0, 2)))
            if self.flip():
                sequence = draft.node("SequenceErase", sequence, np.array(0))
        if self.flip():
            draft.finish(draft.node("ConcatFromSequence", sequence, axis=axis), exact=True)
        else:
            draft.finish(draft.node("SequenceAt", sequence, np.array(self.pick([0, -1]))), draft.node("SequenceLength", sequence), exact=True)
