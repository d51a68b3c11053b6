//===- NNElementwise.td - Element by element operations ----*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNELEMENTWISE_TD
#define DLC_DIALECT_NN_IR_NNELEMENTWISE_TD

include "dlc/Dialect/NN/IR/NNBase.td"

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

/// `kinds` is a member of ElementKinds, `toBool` "true" where the result is i1.
class NN_UnaryOp<string mnemonic, string kinds, string formula, string toBool = "false">
    : NN_InferredOp<mnemonic, NN_Elementwise> {
  let summary = formula;
  let description = [{
    Element by element. Example:
    ```mlir
    %r = nn.}] # mnemonic # [{ %x : (tensor<2x3xf32>) -> tensor<2x3x}]
      # !if(!eq(toBool, "true"), "i1", "f32") # [{>
    ```
    Constraints:
    - (C1) The element type of `x` is in the set `}] # kinds # [{`.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let extraClassDefinition = [{
    ::mlir::FailureOr<::mlir::RankedTensorType>
    $cppClass::inferType(Adaptor adaptor, ::dlc::nn::ErrorFn error) {
      return ::dlc::nn::detail::inferUnary(adaptor.getOperands(),
          ::dlc::nn::ElementKinds::}] # kinds # ", " # toBool # [{, error);
    }
  }];
}

def NN_AbsOp : NN_UnaryOp<"abs", "Numeric", "|x|; the smallest integer stays itself">;
def NN_NegOp : NN_UnaryOp<"neg", "Negatable", "-x">;
def NN_CeilOp : NN_UnaryOp<"ceil", "Float", "the smallest integer >= x">;
def NN_FloorOp : NN_UnaryOp<"floor", "Float", "the largest integer <= x">;
def NN_RoundOp : NN_UnaryOp<"round", "Float", "the nearest integer, halves to the even one">;
def NN_SqrtOp : NN_UnaryOp<"sqrt", "Float", "square root of x">;
def NN_RsqrtOp : NN_UnaryOp<"rsqrt", "Float", "1 / sqrt(x)">;
def NN_ReciprocalOp : NN_UnaryOp<"reciprocal", "Float", "1 / x"> { let hasCanonicalizer = 1; }
def NN_ExpOp : NN_UnaryOp<"exp", "Float", "e to the power x">;
def NN_LogOp : NN_UnaryOp<"log", "Float", "natural logarithm of x">;
def NN_SinOp : NN_UnaryOp<"sin", "Float", "sine of x">;
def NN_CosOp : NN_UnaryOp<"cos", "Float", "cosine of x">;
def NN_TanOp : NN_UnaryOp<"tan", "Float", "tangent of x">;
def NN_AsinOp : NN_UnaryOp<"asin", "Float", "inverse sine of x">;
def NN_AcosOp : NN_UnaryOp<"acos", "Float", "inverse cosine of x">;
def NN_AtanOp : NN_UnaryOp<"atan", "Float", "inverse tangent of x">;
def NN_SinhOp : NN_UnaryOp<"sinh", "Float", "hyperbolic sine of x">;
def NN_CoshOp : NN_UnaryOp<"cosh", "Float", "hyperbolic cosine of x">;
def NN_AsinhOp : NN_UnaryOp<"asinh", "Float", "inverse hyperbolic sine of x">;
def NN_AcoshOp : NN_UnaryOp<"acosh", "Float", "inverse hyperbolic cosine of x">;
def NN_AtanhOp : NN_UnaryOp<"atanh", "Float", "inverse hyperbolic tangent of x">;
def NN_ErfOp : NN_UnaryOp<"erf", "Float", "error function of x">;
def NN_TanhOp : NN_UnaryOp<"tanh", "Float", "hyperbolic tangent of x">;
def NN_SigmoidOp : NN_UnaryOp<"sigmoid", "Float", "1 / (1 + exp(-x))">;
def NN_ReluOp : NN_UnaryOp<"relu", "Numeric", "max(x, 0); NaN stays NaN">;
def NN_SignOp : NN_UnaryOp<"sign", "Numeric", "-1, 0 or 1 by the sign of x; NaN stays NaN">;
def NN_NotOp : NN_UnaryOp<"not", "Bool", "logical negation">;
def NN_BitwiseNotOp : NN_UnaryOp<"bitwise_not", "Integer", "all bits of x inverted">;
def NN_IsNanOp : NN_UnaryOp<"is_nan", "Float", "true where x is NaN", "true">;
def NN_IsInfOp : NN_UnaryOp<"is_inf", "Float", "true where x is +inf or -inf", "true">;

def NN_RoundMode : I32EnumAttr<"RoundMode", "how casts to f8E8M0FNU round", [
    I32EnumAttrCase<"Up", 0, "up">, I32EnumAttrCase<"Down", 1, "down">,
    I32EnumAttrCase<"Nearest", 2, "nearest">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_RoundModeAttr : NN_EnumAttr<NN_RoundMode, "round_mode">;

def NN_CastOp : NN_Op<"cast", NN_Elementwise> {
  let summary = "converts elements to another type";
  let description = [{
    By ONNX's rules: float to integer truncates toward zero (values out of range,
    and NaN, give an unspecified value), integer to narrower integer keeps the low
    bits, to i1 gives `x != 0`, from i1 gives 0 or 1, to a narrower float rounds to
    nearest even.

    Numbers too large for a narrow float, and infinities, become its largest number
    with `saturate`, else its infinity, or NaN where it has none (f4E2M1FN has neither
    and always saturates). NaN stays NaN; where there is none, it becomes zero.

    f8E8M0FNU holds powers of two from 2^-127 to 2^127 and NaN: the sign of `x` is
    ignored, its magnitude goes to the power of two above (`up`), below (`down`) or
    next to it (`nearest`, halfway goes up). With `saturate` what is out of range
    (zero, too) becomes the nearest end of the range, without it NaN. Examples:
    ```mlir
    %r = nn.cast %x : (tensor<2x3xi64>) -> tensor<2x3xf32>
    %s = nn.cast %y {saturate = false} : (tensor<2x3xf32>) -> tensor<2x3xf8E5M2>
    %t = nn.cast %z {round = #nn<round_mode nearest>}
        : (tensor<2x3xf32>) -> tensor<2x3xf8E8M0FNU>
    ```
    Constraints:
    - (C1) `x` and the result have the same shape.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins NN_Tensor:$x,
                       DefaultValuedAttr<BoolAttr, "true">:$saturate,
                       DefaultValuedAttr<NN_RoundModeAttr, "::dlc::nn::RoundMode::Up">:$round);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Type":$elementType,
                                 CArg<"bool", "true">:$saturate,
                                 CArg<"::dlc::nn::RoundMode", "::dlc::nn::RoundMode::Up">:$round)>];
  let skipDefaultBuilders = 1;
}

def NN_BitcastOp : NN_Op<"bitcast", NN_Elementwise> {
  let summary = "reads the bits of elements as another type";
  let description = [{
    Booleans are bytes: 0 or 1, and every other byte reads as true. Types narrower than
    a byte are read from its low bits. Example:
    ```mlir
    %r = nn.bitcast %x : (tensor<2x3xf32>) -> tensor<2x3xi32>
    ```
    Constraints:
    - (C1) `x` and the result have the same shape.
    - (C2) The element types have the same number of bits, i1 counting as 8.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::mlir::Type":$elementType)>];
  let skipDefaultBuilders = 1;
}

//===----------------------------------------------------------------------===//
// Binary and more
//===----------------------------------------------------------------------===//

class NN_BinaryOp<string mnemonic, string kinds, string formula,
                  list<Trait> traits = []>
    : NN_InferredOp<mnemonic, !listconcat(NN_Elementwise, traits)> {
  let summary = formula;
  let description = [{
    Element by element with broadcasting. Example:
    ```mlir
    %r = nn.}] # mnemonic # [{ %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    ```
    Constraints:
    - (C1) `lhs` and `rhs` have the same element type.
    - (C2) It is in the set `}] # kinds # [{`.
    - (C3) The shapes broadcast.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$lhs, NN_Tensor:$rhs);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
  let extraClassDefinition = [{
    ::mlir::FailureOr<::mlir::RankedTensorType>
    $cppClass::inferType(Adaptor adaptor, ::dlc::nn::ErrorFn error) {
      return ::dlc::nn::detail::inferBinary(adaptor.getOperands(),
          ::dlc::nn::ElementKinds::}] # kinds # [{, /*toBool=*/false, error);
    }
  }];
}

def NN_AddOp : NN_BinaryOp<"add", "Numeric", "lhs + rhs; integers wrap", [Commutative]>;
def NN_SubOp : NN_BinaryOp<"sub", "Numeric", "lhs - rhs; integers wrap">;
def NN_MulOp : NN_BinaryOp<"mul", "Numeric", "lhs * rhs; integers wrap", [Commutative]>;
def NN_DivOp : NN_BinaryOp<"div", "Numeric", "lhs / rhs; integers truncate toward zero"> { let hasCanonicalizer = 1; }
def NN_PowOp : NN_BinaryOp<"pow", "Numeric", "lhs to the power rhs"> { let hasCanonicalizer = 1; }
def NN_MaxOp : NN_BinaryOp<"max", "Numeric", "the larger one; NaN wins", [Commutative]>;
def NN_MinOp : NN_BinaryOp<"min", "Numeric", "the smaller one; NaN wins", [Commutative]>;
def NN_AndOp : NN_BinaryOp<"and", "Bool", "logical and", [Commutative]>;
def NN_OrOp : NN_BinaryOp<"or", "Bool", "logical or", [Commutative]>;
def NN_XorOp : NN_BinaryOp<"xor", "Bool", "logical exclusive or", [Commutative]>;
def NN_BitwiseAndOp : NN_BinaryOp<"bitwise_and", "Integer", "bitwise and", [Commutative]>;
def NN_BitwiseOrOp : NN_BinaryOp<"bitwise_or", "Integer", "bitwise or", [Commutative]>;
def NN_BitwiseXorOp : NN_BinaryOp<"bitwise_xor", "Integer", "bitwise exclusive or", [Commutative]>;

def NN_ModOp : NN_BinaryOp<"mod", "Numeric", "remainder of lhs / rhs"> {
  let description = [{
    With `fmod`, the remainder of the truncating division (C's `fmod` and `%`: it has
    the sign of `lhs`); without, that of the flooring one (Python's `%`: it has the
    sign of `rhs`). Broadcasts. Example:
    ```mlir
    %r = nn.mod %a, %b fmod : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
    ```
    Constraints:
    - (C1) `lhs` and `rhs` have the same element type.
    - (C2) It is in the set `Numeric`.
    - (C3) The shapes broadcast.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$lhs, NN_Tensor:$rhs, UnitAttr:$fmod);
  let assemblyFormat = [{
    $lhs `,` $rhs (`fmod` $fmod^)? attr-dict `:` functional-type(operands, results)
  }];
}

def NN_ShiftDirection : I32EnumAttr<"ShiftDirection", "direction of a shift", [
    I32EnumAttrCase<"Left", 0, "left">, I32EnumAttrCase<"Right", 1, "right">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_ShiftDirectionAttr : NN_EnumAttr<NN_ShiftDirection, "shift_direction">;

def NN_ShiftOp : NN_BinaryOp<"shift", "Integer", "lhs shifted by rhs bits"> {
  let description = [{
    Shifts by the width of the type or more give 0; shifting signed integers to the
    right copies the sign. Broadcasts. Example:
    ```mlir
    %r = nn.shift left %a, %b : (tensor<2x3xui8>, tensor<3xui8>) -> tensor<2x3xui8>
    ```
    Constraints:
    - (C1) `lhs` and `rhs` have the same element type.
    - (C2) It is in the set `Integer`.
    - (C3) The shapes broadcast.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$lhs, NN_Tensor:$rhs, NN_ShiftDirectionAttr:$direction);
  let assemblyFormat = [{
    `` $direction $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
}

def NN_ComparePredicate : I32EnumAttr<"ComparePredicate", "relation of two numbers", [
    I32EnumAttrCase<"EQ", 0, "eq">, I32EnumAttrCase<"NE", 1, "ne">,
    I32EnumAttrCase<"LT", 2, "lt">, I32EnumAttrCase<"LE", 3, "le">,
    I32EnumAttrCase<"GT", 4, "gt">, I32EnumAttrCase<"GE", 5, "ge">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_ComparePredicateAttr : NN_EnumAttr<NN_ComparePredicate, "compare_predicate">;

def NN_CompareOp : NN_InferredOp<"compare", NN_Elementwise> {
  let summary = "lhs <predicate> rhs, as i1";
  let description = [{
    Every relation with a NaN is false, but `ne`, which is true. Broadcasts. Example:
    ```mlir
    %r = nn.compare lt %a, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xi1>
    ```
    Constraints:
    - (C1) `lhs` and `rhs` have the same element type.
    - (C2) It is in the set `Numeric`, for `eq` and `ne` in the set `Any`.
    - (C3) The shapes broadcast.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_ComparePredicateAttr:$predicate, NN_Tensor:$lhs, NN_Tensor:$rhs);
  let assemblyFormat = [{
    `` $predicate $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
}

def NN_SelectOp : NN_InferredOp<"select", NN_Elementwise> {
  let summary = "condition ? on_true : on_false";
  let description = [{
    Element by element with broadcasting of all three. Example:
    ```mlir
    %r = nn.select %c, %a, %b : (tensor<3xi1>, tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    ```
    Constraints:
    - (C1) `condition` is of i1.
    - (C2) `on_true` and `on_false` have the same element type.
    - (C3) The shapes broadcast.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$condition, NN_Tensor:$on_true, NN_Tensor:$on_false);
  let assemblyFormat = [{
    $condition `,` $on_true `,` $on_false attr-dict `:` functional-type(operands, results)
  }];
}

#endif // DLC_DIALECT_NN_IR_NNELEMENTWISE_TD
