"""Quantised tensors: pairs of quantise and dequantise around operators, the operators of ONNX and of com.microsoft."""
import numpy as np
from core import Core, Draft


class Quantised(Core):
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
