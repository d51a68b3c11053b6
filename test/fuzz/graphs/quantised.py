"""Quantised tensors: pairs of quantise and dequantise around operators, the operators of ONNX and of
com.microsoft.

Sums of products of integers are exact, and so is what is rounded of them where scales are powers of two.
With other scales a number may lie on the border of two steps: such proposals are taken back. Operators
of com.microsoft may be one step off, but for sums and products whose scales are powers of two.
"""
import numpy as np
from core import Core, Draft, Unfit

MICROSOFT = "com.microsoft"
# onnxruntime adds two products of bytes in 16 bits, which saturate, on CPUs without VNNI: weights have 7 bits.
MOST_WEIGHT = 63


class Quantised(Core):
    def scale(self):
        if self.flip(0.6):
            return np.float32(2.0 ** -self.integer(2, 6))
        return np.float32(self.rng.uniform(0.01, 0.2))

    def zero(self, dtype):
        return np.asarray(self.integer(100, 150) if dtype == np.uint8 else self.integer(-20, 20), dtype)

    def bytes(self, fits=lambda v: True):
        """Quantised values: there are few in the beginning."""
        value = self.value(lambda v: v.dtype in (np.int8, np.uint8) and v.rank and v.exact and fits(v))
        if value is None or self.flip(0.3):
            shape = [self.integer(1, 2), self.pick([1, 3, 4, 8, 16, 17]), self.pick([4, 5, 8, 9]), self.pick([4, 7, 8])]
            shape = shape[self.pick([0, 0, 1, 2]):]
            if self.sizes[-1] > 100 and self.flip():
                shape[-1] = self.size()
            dtype = self.pick([np.uint8, np.int8])
            value = self.input(self.rng.integers(0, 256, shape).astype(np.uint8).view(dtype))
            if not fits(value):
                raise Unfit
        return value

    def opened(self, draft, value):
        """The name of `value` as floats."""
        return draft.node("DequantizeLinear", value, self.scale(), self.zero(value.dtype))

    def weights_of(self, draft, shape, axis, pairs):
        """The name of weights as floats: quantised, by tensor or by channel of `axis`."""
        weights = self.rng.integers(-127, 128, shape).astype(np.int8)
        by_channel = self.opset >= 13 and self.flip()
        scales = np.asarray([self.scale() for _ in range(shape[axis])] if by_channel else self.scale(), np.float32) / np.float32(8)
        if not pairs:
            shaped = scales.reshape([-1 if a == axis else 1 for a in range(len(shape))]) if by_channel else scales
            return (weights * shaped).astype(np.float32)
        zero = [np.zeros(scales.shape, np.int8)] if self.flip(0.7) else []
        return draft.node("DequantizeLinear", weights, scales, *zero, **({"axis": axis} if by_channel else {}))

    def closed(self, draft, name):
        """Quantises `name`, with a scale that suits its numbers, and finishes; the value."""
        computed = draft.compute([name])
        if computed is None:
            raise Unfit
        array = computed[0]
        most = np.abs(array).max(initial=0)
        if not most or not np.isfinite(most):
            raise Unfit
        power = self.flip(0.6)
        scale = np.float32(2.0 ** np.ceil(np.log2(most / 100)) if power else most / self.integer(60, 130))
        dtype = self.pick([np.uint8, np.int8])
        zero = self.zero(dtype)
        steps = array.astype(np.float64) / float(scale)
        if np.any(np.abs(steps - np.floor(steps) - 0.5) < 2e-4):
            raise Unfit
        result = draft.finish(draft.node("QuantizeLinear", name, scale, zero))
        if not result:
            raise Unfit
        return result[0]

    # --- pairs

    def pairs(self):
        """A few operators between dequantise and quantise, one after the other."""
        value = self.bytes()
        for _ in range(self.integer(1, 3)):
            draft = Draft(self)
            name = self.opened(draft, value)
            choice = self.integer(0, 6)
            if choice == 0 and value.rank in (3, 4):
                name = self.conv_of(draft, name, value)
            elif choice in (0, 1) and value.rank >= 2:
                columns = self.size()
                name = draft.node("MatMul", name, self.weights_of(draft, (value.shape[-1], columns), 1, self.flip(0.8)))
                if self.flip():
                    name = draft.node("Add", name, self.data((columns,)))
            elif choice == 2:
                other = self.value(lambda v: v.dtype in (np.int8, np.uint8) and v.shape == value.shape) or value
                name = draft.node(self.pick(["Add", "Mul", "Sub", "Max"]), name, self.opened(draft, other))
            elif choice == 3:
                axis = self.integer(0, value.rank - 1)
                fitting = [v for v in self.values if v.dtype in (np.int8, np.uint8) and v.rank == value.rank and not v.slack and not v.dynamic
                           and all(a == b or d == axis for d, (a, b) in enumerate(zip(v.shape, value.shape)))]
                name = draft.node("Concat", *(self.opened(draft, self.pick(fitting)) for _ in range(self.integer(1, 2))), name, axis=axis)
            elif choice == 4 and value.rank == 4 and min(value.shape[2:]) > 1:
                op = self.pick(["MaxPool", "AveragePool", "GlobalAveragePool"])
                window = {} if op.startswith("Global") else {"kernel_shape": [2, 2], "strides": [self.integer(1, 2)] * 2, "pads": [0, 0, 1, 1]}
                name = draft.node(op, name, **window)
            elif choice == 5:
                name = draft.node("Transpose", name, perm=self.rng.permutation(value.rank).tolist())
            else:
                name = draft.node(self.pick(["Sigmoid", "Tanh", "Softmax", "Relu", "LeakyRelu"]), name)
            if self.flip(0.3):
                name = draft.node("Relu", name)
            value = self.closed(draft, name)
        if self.flip(0.3):
            self.node("DequantizeLinear", value, np.float32(0.125), np.asarray(2, value.dtype), exact=True)

    def conv_of(self, draft, name, value):
        channels, dims = value.shape[1], value.rank - 2
        by_channel = self.flip(0.3)
        group, outputs = (channels, channels) if by_channel else (1, self.pick([1, 3, 8, 16, 17]))
        kernel = [self.integer(1, min(3, d)) for d in value.shape[2:]]
        weights = self.weights_of(draft, (outputs, channels // group, *kernel), 0, self.flip(0.85))
        bias = [self.data(outputs)] if self.flip() else []
        return draft.node("Conv", name, weights, *bias, group=group, kernel_shape=kernel, strides=[self.pick([1, 1, 2])] * dims,
                          pads=[(k - 1) // 2 for k in kernel] + [k // 2 for k in kernel])

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

    # --- operators on integers

    def integer_product(self):
        if self.opset < 10:
            return
        value = self.bytes(lambda v: v.rank >= 2)
        zero = np.asarray(3, value.dtype)
        columns = self.size()
        weights = self.rng.integers(-9, 10, (value.shape[-1], columns)).astype(np.int8)
        self.node("MatMulInteger", value, weights, zero)
        # A power of two: the sum of products is exact and so is what is rounded.
        scale = np.float32(2.0 ** self.integer(2, 5))
        self.node("QLinearMatMul", value, np.float32(0.5), zero, weights, np.float32(0.25), np.int8(0), scale, zero)
        if value.rank == 4 and value.dtype == np.uint8:
            kernel = [min(2, d) for d in value.shape[2:]]
            weights = self.rng.integers(-9, 10, (self.size(), value.shape[1], *kernel)).astype(np.int8)
            pads = [0, 0, 1, 1] if min(value.shape[2:]) > 1 else [0] * 4
            self.node("ConvInteger", value, weights.astype(np.uint8), zero, pads=pads)
            bias = [self.data(weights.shape[0], np.int32)] if self.flip() else []
            self.node("QLinearConv", value, np.float32(0.5), zero, weights, np.float32(0.25), np.int8(0), scale, zero, *bias, pads=pads)

    def dynamic_product(self):
        """As onnxruntime's dynamic quantiser writes them."""
        value = self.value(lambda v: v.dtype == np.float32 and v.exact and v.rank >= 2 and v.most > v.least)
        if value is None or self.opset < 11:
            return
        columns = self.size()
        weights = self.rng.integers(-MOST_WEIGHT, MOST_WEIGHT + 1, (value.shape[-1], columns)).astype(np.int8)
        scale, draft = self.scale() / np.float32(16), Draft(self)
        if self.flip():
            quantised, unit, zero = draft.node("DynamicQuantizeLinear", value, outputs=3)
            product = draft.node("Cast", draft.node("MatMulInteger", quantised, weights, zero, np.int8(0)), to=1)
            result = draft.node("Mul", product, draft.node("Mul", unit, scale))
            result = draft.node("Add", result, self.data((columns,))) if self.flip() else result
        else:
            bias = [self.data((columns,))] if self.flip() else []
            result = draft.node("DynamicQuantizeMatMul", value, weights, scale, np.int8(0), *bias, domain=MICROSOFT)
        draft.finish(result)

    def microsoft(self):
        if self.opset < 10:
            return
        value = self.bytes()
        dtype, draft, slack = value.dtype, Draft(self), 1
        given = (value, self.scale(), self.zero(dtype))
        out = (np.float32(2.0 ** -self.integer(0, 4)), self.zero(dtype))
        choice = self.integer(0, 8)
        if choice <= 1:
            fitting = lambda v: v.dtype == dtype and v.shape == value.shape and not v.slack
            other = self.value(fitting) or value
            if self.flip(0.3):
                other = self.rng.integers(0, 256, value.shape[-1:]).astype(np.uint8).view(dtype)
            scale = self.scale()
            if all(np.frexp(s)[0] == 0.5 for s in (given[1], scale)):
                slack = 0
            name = draft.node("QLinearAdd" if choice else "QLinearMul", *given, other, scale, self.zero(dtype), *out, domain=MICROSOFT)
        elif choice == 2:
            fitting = [v for v in self.values if v.dtype == dtype and v.shape == value.shape and not v.slack and not v.dynamic]
            pieces = [part for _ in range(self.integer(1, 3)) for part in (self.pick(fitting), self.scale(), self.zero(dtype))]
            name = draft.node("QLinearConcat", *out, *pieces, axis=self.integer(0, value.rank - 1), domain=MICROSOFT)
        elif choice == 3:
            op, attributes = self.pick([("QLinearSigmoid", {}), ("QLinearLeakyRelu", {"alpha": 0.3})])
            out = out if attributes else (np.float32(1 / 256), np.asarray(0 if dtype == np.uint8 else -128, dtype))
            name = draft.node(op, *given, *out, domain=MICROSOFT, **attributes)
        elif choice == 4:
            out = (np.float32(1 / 256), np.asarray(0 if dtype == np.uint8 else -128, dtype))
            name = draft.node("QLinearSoftmax", *given, *out, axis=-1, opset=self.opset, domain=MICROSOFT)
        elif choice == 5 and value.rank == 4 and min(value.shape[2:]) > 1:
            name = draft.node("QLinearAveragePool", *given, *out, kernel_shape=[2, 2], strides=[self.integer(1, 2)] * 2,
                              count_include_pad=self.integer(0, 1), pads=[0, 0, self.integer(0, 1), 1], domain=MICROSOFT)
        elif choice == 6 and value.rank == 4:
            name = draft.node("QLinearGlobalAveragePool", *given, *out, domain=MICROSOFT)
        elif choice == 7 and value.rank == 2:
            columns, turned = self.size(), self.integer(0, 1)
            weights = self.rng.integers(-MOST_WEIGHT, MOST_WEIGHT + 1, (columns, value.shape[1]) if turned else (value.shape[1], columns)).astype(np.int8)
            bias = self.data((columns,), np.int32) if self.flip() else None
            last = (np.float32(2.0), self.zero(dtype)) if self.flip() else ()
            name = draft.node("QGemm", *given, weights, np.float32(0.0625), np.int8(0), *([bias, *last] if last or bias is not None else []),
                              transB=turned, alpha=0.5, domain=MICROSOFT)
        elif value.rank >= 2:
            columns = self.size()
            weights = self.rng.integers(-MOST_WEIGHT, MOST_WEIGHT + 1, (value.shape[-1], columns)).astype(np.int8)
            bias = [self.data((columns,))] if self.flip() else []
            name = draft.node("MatMulIntegerToFloat", value, weights, self.scale() / np.float32(8), self.scale(), self.zero(dtype), np.int8(0), *bias,
                              domain=MICROSOFT)
        else:
            return
        draft.finish(name, slack=slack)
