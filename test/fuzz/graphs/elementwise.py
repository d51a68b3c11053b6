"""Elementwise functions, casts, and what else looks at one element at a time."""
import numpy as np
from core import BF16, FLOATS, INTEGERS, Core, Draft, kind
from onnx import TensorProto, helper


# onnxruntime computes float64 with numbers that it has rounded to float32: the 1/6 of HardSwish, the whole of Shrink.
FLOAT32_INSIDE = ("HardSwish", "Shrink")


class Elementwise(Core):
    UNARY = {  # what the operand has to be like
        "Relu": None, "Tanh": None, "Sigmoid": None, "HardSwish": None, "Erf": None, "Softsign": None,
        "LeakyRelu": None, "Sin": None, "Cos": None, "Softplus": None, "Elu": None, "Selu": None, "Celu": None,
        "Gelu": None, "Mish": None, "HardSigmoid": None, "Atan": None, "Asinh": None, "Identity": None,
        "Swish": None, "ThresholdedRelu": lambda v: v.exact, "Shrink": lambda v: v.exact, "Dropout": None,
        "Exp": lambda v: v.most < 4, "Sinh": lambda v: v.most < 4 and v.least > -4,
        "Cosh": lambda v: v.most < 4 and v.least > -4, "Log": lambda v: v.least > 0.1,
        "Sqrt": lambda v: v.least > 0.05, "Reciprocal": lambda v: v.smallest > 0.1,
        "Acosh": lambda v: v.least > 1.1, "Acos": lambda v: v.most < 0.9 and v.least > -0.9,
        "Asin": lambda v: v.most < 0.9 and v.least > -0.9, "Atanh": lambda v: v.most < 0.9 and v.least > -0.9,
        "Tan": lambda v: v.most < 1.2 and v.least > -1.2}
    ATTRIBUTES = {  # given half of the time
        "LeakyRelu": {"alpha": 0.3}, "Elu": {"alpha": 0.7}, "Selu": {"alpha": 1.5, "gamma": 0.8}, "Celu": {"alpha": 1.3},
        "HardSigmoid": {"alpha": 0.3, "beta": 0.4}, "Gelu": {"approximate": "tanh"}, "Swish": {"alpha": 0.5},
        "ThresholdedRelu": {"alpha": 0.25}, "Shrink": {"bias": 0.25, "lambd": 0.75}}

    def unary(self):
        op = self.pick(list(self.UNARY))
        fits = self.UNARY[op]
        if fits and self.depth:
            return  # who knows what it is like in the next iteration
        value = self.number(fits or (lambda v: True), empty=True, dynamic=True)
        if op == "ThresholdedRelu" and self.opset < 10:
            return  # onnxruntime has it earlier
        if value and not (op in FLOAT32_INSIDE and value.dtype == np.float64):
            attributes = self.ATTRIBUTES.get(op, {}) if self.flip() else {}
            self.node(op, value, exact=op in ("Relu", "Identity", "Dropout"), **attributes)

    def positive(self):
        """Makes operands for those that want such."""
        value = self.value(lambda v: v.is_float or v.is_integer)
        if not value:
            return
        self.node(self.pick(["Abs", "Neg", "Relu"]), value, exact=True)
        low, high = np.sort(self.data(2, value.dtype))
        if self.opset >= 11:
            missing = self.integer(0, 3)
            self.node("Clip", value, None if missing == 1 else low, *([] if missing == 2 else [high]), exact=True)
        else:
            self.node("Clip", value, exact=True, min=float(low), max=float(high))

    def steps(self):
        value = self.number(lambda v: v.exact)
        if value:
            self.node(self.pick(["Floor", "Ceil", "Round", "Sign", "IsNaN", "IsInf"]), value, exact=True)

    def partner(self, value):
        """A value, or a constant, of the same type, that broadcasts with it."""
        def broadcasts(other):
            try:
                return other.dtype == value.dtype and np.prod(np.broadcast_shapes(value.shape, other.shape)) <= self.most_elements
            except ValueError:
                return False

        if self.flip():
            return self.value(broadcasts, empty=not value.array.size)
        keep = self.integer(0, value.rank)
        return self.data([d if self.flip(0.7) else 1 for d in value.shape[value.rank - keep:]], value.dtype)

    def arithmetic(self):
        value = self.value(lambda v: v.is_float or v.is_integer, empty=True)
        other = self.partner(value) if value else None
        if other is None:
            return
        op = self.pick(["Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean"])
        operands = [value, other] if self.flip() else [other, value]
        if op in ("Max", "Min", "Sum", "Mean") and self.flip(0.3):
            operands = operands[:1] if self.flip(0.3) else [*operands, value]
        self.node(op, *operands, exact=op in ("Max", "Min"))

    def divide(self):
        value = self.value(lambda v: v.is_float or v.is_integer)
        if not value:
            return
        divisor = self.data(value.shape[-1:], value.dtype, low=1)
        if value.is_integer and kind(value.dtype) == "i" and self.flip():
            divisor = -divisor
        self.node("Div", value, divisor)
        if value.is_integer:
            self.node("Mod", value, divisor, **({"fmod": 1} if self.flip(0.3) else {}))
        elif value.exact:
            self.node("Mod", value, divisor, fmod=1)

    def power(self):
        value = self.number(lambda v: 0.05 < v.least and v.most < 4)
        if not value:
            return
        exponent = self.pick([0.5, 2, 3, -1, 1.5])
        other = value.dtype if self.flip(0.7) or self.opset < 12 or exponent % 1 else np.dtype(self.pick([np.int32, np.int64]))
        if self.flip(0.3) and value.rank:
            self.node("Pow", value, np.abs(self.data(value.shape[-1:], value.dtype)))
        else:
            self.node("Pow", value, np.asarray(exponent).astype(other))

    def bits(self):
        value = self.value(lambda v: v.is_integer)
        if not value:
            return
        choice = self.integer(0, 2)
        if choice == 0:
            self.node("BitwiseNot", value)
        elif choice == 1:
            self.node(self.pick(["BitwiseAnd", "BitwiseOr", "BitwiseXor"]), value, self.data(value.shape, value.dtype))
        else:
            self.node("BitShift", value, self.data(value.shape, value.dtype, low=0) % 8, direction=self.pick(["LEFT", "RIGHT"]))

    def logic(self):
        value = self.value(lambda v: v.dtype == bool, empty=True)
        if value:
            other = self.partner(value)
            if other is not None:
                self.node(self.pick(["And", "Or", "Xor"]), value, other)
            self.node("Not", value)

    def compare(self):
        value = self.value(lambda v: v.exact)
        if value:
            other = self.data(value.shape[-1:], value.dtype)
            ops = ["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"]
            self.node("Equal" if value.dtype == bool else self.pick(ops), value, other)

    def select(self):
        value = self.value(empty=True)
        other = self.partner(value) if value else None
        if other is not None:
            condition = self.value(lambda v: v.dtype == bool and v.shape == value.shape, empty=True)
            shape = [d if self.flip(0.8) else 1 for d in value.shape]
            self.node("Where", condition or self.data(shape, bool), value, other, exact=True)

    def cast(self):
        value = self.value(lambda v: v.exact, empty=True)
        if not value:
            return
        to = np.dtype(self.pick([*FLOATS, *INTEGERS, bool]))
        if value.is_float and kind(to) in "iu" and (kind(to) == "u" and value.least < 0 or value.most > 100 or value.least < -100):
            return  # out of range: undefined
        if value.dtype == BF16 and kind(to) != "f":
            return  # onnxruntime truncates what it rounds first
        if self.opset >= 15 and BF16 not in (to, value.dtype) and self.flip(0.3):
            self.node("CastLike", value, self.data((1,), to), exact=True)
        else:
            self.node("Cast", value, exact=True, to=helper.np_dtype_to_tensor_dtype(to))

    NARROW = {TensorProto.FLOAT8E4M3FN: 19, TensorProto.FLOAT8E4M3FNUZ: 19, TensorProto.FLOAT8E5M2: 19,
              TensorProto.FLOAT8E5M2FNUZ: 19, TensorProto.INT4: 21, TensorProto.UINT4: 21, TensorProto.FLOAT4E2M1: 23}

    def narrow(self):
        """To one of the small types and back: onnxruntime computes nothing else in them."""
        types = [t for t, since in self.NARROW.items() if self.opset >= since]
        value = self.value(lambda v: v.exact and v.dtype in (np.float32, np.float16) and v.most < 7)
        if not value or not types:
            return
        to = self.pick(types)
        if to in (TensorProto.INT4, TensorProto.UINT4):
            if value.least < (0 if to == TensorProto.UINT4 else -8) or (value.array % 1).any():
                return  # onnxruntime rounds where the standard truncates
        draft = Draft(self)
        small = draft.node("Cast", value, to=to)
        draft.finish(draft.node("Cast", small, to=helper.np_dtype_to_tensor_dtype(value.dtype)), exact=True)

    def bit_cast(self):
        pairs = {np.dtype(np.int32): np.uint32, np.dtype(np.float32): np.int32, np.dtype(np.int64): np.uint64, np.dtype(np.int8): np.uint8}
        value = self.value(lambda v: v.exact and v.dtype in pairs)
        if value and self.opset >= 26:
            self.node("BitCast", value, exact=True, to=helper.np_dtype_to_tensor_dtype(np.dtype(pairs[value.dtype])))

    def prelu(self):
        value = self.number()
        if value:
            shape = value.shape[-1:] if self.flip() else [1] * (value.rank > 0)
            self.node("PRelu", value, self.data(shape, value.dtype))

    def binarise(self):
        value = self.number(lambda v: v.exact and v.dtype == np.float32)
        if value:
            self.node("Binarizer", value, exact=True, domain="ai.onnx.ml", threshold=0.25)
