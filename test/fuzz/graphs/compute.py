"""Reductions, sorting, products, windows, resampling and normalisations."""
import numpy as np
from core import Core, Draft


def overflows(op, value, axes):
    """Whether integers get too large for their type: ONNX does not say what they are then."""
    wide = np.abs(value.array.astype(np.float64))
    if op == "ReduceSumSquare":
        wide = wide * wide
    with np.errstate(over="ignore", invalid="ignore"):
        return np.any((np.prod if op == "ReduceProd" else np.sum)(wide, axis=axes) > np.iinfo(value.dtype).max)


class Compute(Core):
    # --- reductions

    def reduce(self):
        op = self.pick(["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare", "ReduceL2",
                        "ReduceLogSumExp", "ReduceProd", "ReduceLogSum"])
        on_integers = op in ("ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare", "ReduceProd", "ReduceMean")
        value = self.value(lambda v: (v.is_float or on_integers and v.is_integer) and (op != "ReduceLogSum" or v.least > 0.1)
                           and (op != "ReduceL2" or v.smallest > 0.01), empty=op in ("ReduceSum", "ReduceProd"), dynamic=True)
        if not value:
            return
        keepdims, exact = self.integer(0, 1), op in ("ReduceMax", "ReduceMin")
        since = 13 if op == "ReduceSum" else 18
        # sums wrap everywhere; of the others onnxruntime gives the least number, or what a float is
        may_overflow = value.is_integer and op not in ("ReduceSum", "ReduceMax", "ReduceMin")
        if not value.rank or self.flip(0.15):
            if may_overflow and overflows(op, value, None):
                return
            identity = {"noop_with_empty_axes": 1} if self.opset >= since and self.flip(0.3) else {}
            self.node(op, value, exact=exact, keepdims=keepdims, **identity)
            return
        axes = self.rng.permutation(value.rank)[:self.integer(1, value.rank)]
        if self.opset >= 11:
            axes = axes - value.rank * self.integer(0, 1)
        if may_overflow and overflows(op, value, tuple(int(axis) for axis in axes)):
            return
        self.with_list(op, value, "axes", axes, since, exact=exact, keepdims=keepdims)

    def best(self):
        value = self.value(lambda v: v.exact and v.rank and v.dtype in (np.float32, np.float64, np.int64, np.int32))
        if not value or len(np.unique(value.array)) < value.array.size:
            return  # ties may be broken in any way
        axis, spelled = self.axis(value)
        self.node(self.pick(["ArgMax", "ArgMin"]), value, axis=spelled if self.opset >= 11 else axis, keepdims=self.integer(0, 1))
        most = self.integer(1, value.shape[axis])
        if self.opset >= 11:
            self.node("TopK", value, np.array([most]), outputs=2, exact=True, axis=spelled, largest=self.integer(0, 1))
        self.node("Hardmax", value, exact=True, **({"axis": spelled} if self.opset >= 13 else {"axis": axis}))

    def cumulate(self):
        value = self.value(lambda v: v.rank and v.dtype in (np.float32, np.float64, np.int32, np.int64))
        if value:
            op = "CumProd" if self.opset >= 26 and self.flip() else "CumSum"
            self.node(op, value, np.array(self.axis(value)[1]), exclusive=self.integer(0, 1), reverse=self.integer(0, 1))

    def rows(self):
        value = self.number(lambda v: v.rank)
        if not value:
            return
        axis, spelled = self.axis(value)
        self.node(self.pick(["Softmax", "LogSoftmax"]), value, axis=spelled if self.opset >= 11 else axis)
        first = self.integer(max(0, value.rank - 2), value.rank - 1)
        spread = np.std(value.array.astype(np.float64), axis=tuple(range(first, value.rank)))
        if np.prod(value.shape[first:]) > 2 and spread.min() > 0.1:
            scale = self.data(value.shape[first:], value.dtype)
            bias = [self.data(value.shape[first:], value.dtype)] if self.flip() else []
            if self.opset >= 17:  # onnxruntime has it earlier
                self.node("LayerNormalization", value, scale, *bias, axis=first - value.rank)
            self.node("RMSNormalization", value, scale, axis=first - value.rank)
        if value.smallest > 0.01:
            self.node("LpNormalization", value, axis=spelled, p=self.integer(1, 2))

    # --- products

    def matmul(self):
        value = self.number(lambda v: v.rank >= 1)
        if not value:
            return
        depth = value.shape[-1]
        partner = self.value(lambda v: v.dtype == value.dtype and v.rank >= 2 and v.shape[-2] == depth
                             and v.shape[:-2] == value.shape[:-2])
        shape = [depth] if self.flip(0.1) else [depth, self.size()]
        weights = (self.data(shape, value.dtype) / np.sqrt(depth)).astype(value.dtype)
        self.node("MatMul", value, partner if partner and self.flip() else weights)
        if value.rank == 2 and weights.ndim == 2 and self.flip():
            transposed, first = self.integer(0, 1), self.integer(0, 1)
            if first:
                value = self.one("Transpose", value, exact=True, perm=[1, 0])
            bias = self.pick([weights.shape[1:], (value.shape[first], 1), (1,)])
            add = [self.data(bias, value.dtype)] if self.opset < 11 or self.flip(0.8) else []
            self.node("Gemm", value, weights.T.copy() if transposed else weights, *add, transA=first,
                      transB=transposed, alpha=0.5, beta=self.pick([1.0, 0.25]))

    def integer_matmul(self):
        value = self.value(lambda v: v.is_integer and v.dtype.itemsize >= 4 and v.rank >= 1)
        if value:
            self.node("MatMul", value, self.data((value.shape[-1], self.size()), value.dtype))

    EQUATIONS = {2: ["ij,jk->ki", "ij,jk", "ij,jk->i"], 3: ["bij,jk->bik", "bij,jk->kb", "bij,jk->bki", "bij,jk->ik", "...ij,jk->...ik"],
                 4: ["abij,jk->abik", "abij,jk->kba"]}

    def einsum(self):
        value = self.number(lambda v: v.rank in self.EQUATIONS)
        if not value:
            return
        other = (self.data((value.shape[-1], self.size()), value.dtype) / np.sqrt(value.shape[-1])).astype(value.dtype)
        self.node("Einsum", value, other, equation=self.pick(self.EQUATIONS[value.rank]))
        if value.rank == 2 and value.shape[0] == value.shape[1]:
            self.node("Einsum", value, equation=self.pick(["ii->i", "ii", "ij->ji"]))
            if value.exact and value.shape[0] <= 4:
                self.node("Det", value)

    # --- windows

    def window(self, value, most=3):
        """Attributes of a window over the dims behind the channels."""
        dims = value.rank - 2
        kernel = [self.integer(1, min(most, value.shape[2 + d])) for d in range(dims)]
        attributes = {"kernel_shape": kernel, "strides": [int(self.pick([1, 1, 2, 3])) for _ in kernel]}
        if self.flip(0.15):
            return {**attributes, "auto_pad": self.pick(["SAME_UPPER", "SAME_LOWER", "VALID"])}
        pads = [self.integer(0, (k - 1) // 2 if k > 1 else 0) for k in kernel]
        return {**attributes, "pads": pads + [min(k - 1, p + self.integer(0, 1)) for k, p in zip(kernel, pads)]}

    def conv(self):
        value = self.number(lambda v: v.rank in (3, 4, 5) and v.shape[1] <= 40)
        if not value:
            return
        channels, dtype = value.shape[1], value.dtype
        attributes = self.window(value)
        if "auto_pad" not in attributes:
            attributes["dilations"] = [int(self.pick([1, 1, 2])) if (k - 1) * 2 < n else 1 for k, n in
                                       zip(attributes["kernel_shape"], value.shape[2:])]
        group, out = self.pick([(1, self.size()), (channels, channels), (channels, 2 * channels), (1, 2 * self.size())])
        if channels % 2 == 0 and self.flip(0.2):
            group, out = 2, 2 * self.integer(1, 8)
        kernel = attributes["kernel_shape"]
        scale = np.sqrt(channels / group * np.prod(kernel))
        bias = [self.data(out, dtype)] if self.flip() else []
        if self.flip(0.7):
            weights = (self.data((out, channels // group, *kernel)) / scale).astype(dtype)
            self.node("Conv", value, weights, *bias, group=group, **attributes)
        else:
            weights = (self.data((channels, out // group, *kernel)) / scale).astype(dtype)
            attributes.pop("auto_pad", 0)
            if self.flip(0.3):
                attributes["output_padding"] = [self.integer(0, s - 1) for s in attributes["strides"]]
            self.node("ConvTranspose", value, weights, *bias, group=group, **attributes)

    def pool(self):
        value = self.number(lambda v: v.rank in (3, 4, 5))
        if not value:
            return
        op = self.pick(["MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"])
        if op.startswith("Global"):
            self.node(op, value, exact=op == "GlobalMaxPool")
            return
        attributes = self.window(value)
        if op == "AveragePool":
            attributes["count_include_pad"] = self.integer(0, 1)
        if op == "LpPool":
            attributes["p"] = self.integer(1, 3)
        if "auto_pad" not in attributes and op in ("MaxPool", "AveragePool"):
            if self.opset >= 10:
                attributes["ceil_mode"] = int(self.flip(0.3))
            if self.opset >= (10 if op == "MaxPool" else 19) and not attributes.get("ceil_mode") and self.flip(0.3):
                attributes["dilations"] = [self.integer(1, 2) if (k - 1) * 2 < n else 1 for k, n in
                                           zip(attributes["kernel_shape"], value.shape[2:])]
        distinct = value.exact and len(np.unique(value.array)) == value.array.size
        outputs = 2 if op == "MaxPool" and distinct and value.dtype == np.float32 and self.flip(0.3) else 1
        pooled = self.node(op, value, exact=op == "MaxPool", outputs=outputs, **attributes)
        whole = [k == s for k, s in zip(attributes["kernel_shape"], attributes["strides"])]
        if len(pooled) == 2 and all(whole) and not attributes.get("ceil_mode") and not any(attributes.get("pads", [1])):
            self.node("MaxUnpool", *pooled, exact=True, kernel_shape=attributes["kernel_shape"], strides=attributes["strides"])

    def columns(self):
        value = self.number(lambda v: v.rank == 4 and v.dtype == np.float32)
        if not value or self.opset < 18:
            return
        flat = self.node("Reshape", value, np.array([value.shape[0], -1, value.shape[2] * value.shape[3]]), exact=True)
        if flat and flat[0].shape[1] % 4 == 0:
            self.node("Col2Im", flat[0], np.array([value.shape[2] + 1, value.shape[3] + 1]), np.array([2, 2]))

    # --- normalisations and resampling

    def norm(self):
        value = self.number(lambda v: v.rank >= 3)
        if not value:
            return
        channels, dtype = value.shape[1], value.dtype
        scale, bias = self.data(channels, dtype), self.data(channels, dtype)
        self.node("BatchNormalization", value, scale, bias, bias, self.data(channels, dtype, low=0.5),
                  **({"epsilon": 0.01} if self.flip() else {}))
        spread = np.std(value.array.astype(np.float64).reshape(*value.shape[:2], -1), axis=-1).min()
        if spread > 0.1:
            self.node("InstanceNormalization", value, scale, bias)
            groups = self.pick([g for g in range(1, channels + 1) if channels % g == 0])
            if self.opset >= 21 and dtype != np.float64:  # in float32 by default
                self.node("GroupNormalization", value, scale, bias, num_groups=groups)
            axes = (value.rank - 1, 0) if self.flip() else (0, 2)
            if np.std(value.array.astype(np.float64), axis=axes).min() > 0.1:
                self.node("MeanVarianceNormalization", value, axes=list(axes))
        if value.rank == 4:
            self.node("LRN", value, size=self.pick([3, 5]), alpha=0.1, beta=0.6, bias=1.5)

    def resize(self):
        value = self.number(lambda v: v.rank in (3, 4))
        if not value:
            return
        lead = [1] * (value.rank - 2)
        factors = np.array([*lead, *self.pick([(2, 2), (3, 1), (0.5, 0.5), (1.5, 2)])], np.float32)
        if self.opset < 11:
            if self.opset == 10 or factors.min() >= 1:
                self.node("Resize" if self.opset == 10 else "Upsample", value, factors, mode=self.pick(["nearest", "linear"]))
            return
        modes = {"mode": self.pick(["nearest", "linear", "cubic"]), "coordinate_transformation_mode": self.pick(
            ["half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel"])}
        if modes["coordinate_transformation_mode"] == "align_corners" and any((np.array(value.shape) * factors) % 1):
            return  # onnxruntime takes another length than the standard
        if modes["mode"] == "nearest":
            modes["nearest_mode"] = self.pick(["floor", "round_prefer_floor", "ceil", "round_prefer_ceil"])
        if modes["mode"] == "cubic" and self.flip(0.3):
            modes.update(cubic_coeff_a=-0.5, exclude_outside=self.integer(0, 1))
        if self.opset >= 18 and self.flip(0.2) and modes["mode"] != "nearest":
            modes["antialias"] = 1
        if self.flip(0.3):
            sizes = np.array([*value.shape[:-2], self.integer(1, 9), self.integer(1, 9)])
            self.node("Resize", value, None if self.opset >= 13 else np.zeros(0, np.float32),
                      None if self.opset >= 13 else np.zeros(0, np.float32), sizes, **modes)
        else:
            self.node("Resize", value, None if self.opset >= 13 else np.zeros(0, np.float32), factors, **modes)

    def sample(self):
        value = self.number(lambda v: v.rank == 4 and v.dtype == np.float32)
        if not value:
            return
        if self.flip():
            theta = self.data((value.shape[0], 2, 3)) * np.float32(0.5)
            grid = self.node("AffineGrid", theta, np.array([*value.shape[:2], 3, 4]), align_corners=self.integer(0, 1))
            grid = grid[0] if grid else None
        else:
            grid = self.rng.uniform(-1.2, 1.2, (value.shape[0], 3, 4, 2)).astype(np.float32)
        if grid is not None and self.opset >= 16:
            mode = self.pick(["bilinear", "bicubic"] if self.opset < 20 else ["linear", "cubic"])
            self.node("GridSample", value, grid, mode=mode, padding_mode=self.pick(["zeros", "border", "reflection"]),
                      align_corners=self.integer(0, 1))
        corners = np.sort(self.rng.uniform(0, 2 * max(value.shape[2:]), (2, 2, 2)), axis=1).astype(np.float32)
        boxes = np.concatenate([corners[:, 0], corners[:, 1]], axis=1)
        self.node("RoiAlign", value, boxes, self.rng.integers(0, value.shape[0], 2), output_height=2, output_width=3, sampling_ratio=2,
                  spatial_scale=0.5, mode="avg")

    def spectrum(self):
        value = self.number(lambda v: v.rank == 3 and v.dtype in (np.float32, np.float64))
        if not value or self.opset < 17:
            return
        whole = self.node("Reshape", value, np.array([value.shape[0], -1, 1]), exact=True)
        length = value.shape[1] * value.shape[2]
        if not whole or length < 4:
            return
        if self.opset >= 20:
            self.node("DFT", whole[0], None, np.array(1), onesided=self.integer(0, 1))
        else:
            self.node("DFT", whole[0], axis=1, onesided=self.integer(0, 1))
        self.node("STFT", whole[0], np.array(2), self.data(4, value.dtype), np.array(4))
        window = Draft(self)  # whose ends are what rounding leaves of 0
        values = window.node(self.pick(["HannWindow", "HammingWindow", "BlackmanWindow"]), np.array(self.integer(2, 12)), periodic=self.integer(0, 1))
        window.finish(window.node("Add", values, np.float32(1)))
