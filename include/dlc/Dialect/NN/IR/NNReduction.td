//===- NNReduction.td - Reductions and normalisations ------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNREDUCTION_TD
#define DLC_DIALECT_NN_IR_NNREDUCTION_TD

include "dlc/Dialect/NN/IR/NNBase.td"

def NN_ReduceKind : I32EnumAttr<"ReduceKind", "what a reduction computes", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">,
    I32EnumAttrCase<"Max", 2, "max">, I32EnumAttrCase<"Min", 3, "min">,
    I32EnumAttrCase<"Prod", 4, "prod">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_ReduceKindAttr : NN_EnumAttr<NN_ReduceKind, "reduce_kind">;

def NN_ReduceOp : NN_InferredOp<"reduce", [NN_Permutable]> {
  let summary = "sum, mean, max, min or prod over some dimensions";
  let description = [{
    Reduces over `axes`; with `keepdims` they stay as dimensions of 1, without they
    go. f16 and bf16 are summed and multiplied in f32; integer `mean` truncates; NaN
    wins in `max` and `min`. Over no elements: 0, NaN, the smallest value, the
    largest value, 1. Example:
    ```mlir
    %r = nn.reduce mean %x axes = [2, 3] keepdims
        : (tensor<1x8x4x4xf32>) -> tensor<1x8x1x1xf32>
    ```
    Constraints:
    - (C1) The element type is in the set `Numeric`.
    - (C2) `axes` is ascending, without duplicates, within the rank.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins NN_ReduceKindAttr:$kind, NN_Tensor:$x, DenseI64ArrayAttr:$axes,
                       UnitAttr:$keepdims);
  let assemblyFormat = [{
    `` $kind $x `axes` `=` $axes (`keepdims` $keepdims^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_ArgReduceKind : I32EnumAttr<"ArgReduceKind", "which element is looked for", [
    I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Min", 1, "min">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_ArgReduceKindAttr : NN_EnumAttr<NN_ArgReduceKind, "arg_reduce_kind">;

def NN_ArgReduceOp : NN_InferredOp<"arg_reduce", [NN_Permutable]> {
  let summary = "index of the largest or smallest element along a dimension";
  let description = [{
    The first such index, with `select_last` the last; as i64. Example:
    ```mlir
    %r = nn.arg_reduce max %x axis = 1 keepdims : (tensor<4x10xf32>) -> tensor<4x1xi64>
    ```
    Constraints:
    - (C1) The element type is in the set `Numeric`.
    - (C2) `axis` is a dimension of `x`, and not an empty one.
  }];
  let arguments = (ins NN_ArgReduceKindAttr:$kind, NN_Tensor:$x, NN_Int:$axis,
                       UnitAttr:$keepdims, UnitAttr:$select_last);
  let assemblyFormat = [{
    `` $kind $x `axis` `=` $axis (`keepdims` $keepdims^)? (`select_last` $select_last^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def NN_CumSumOp : NN_InferredOp<"cumsum", [NN_Permutable]> {
  let summary = "running sum along a dimension";
  let description = [{
    Element `i` is the sum of the elements 0 … i, with `exclusive` 0 … i-1; with
    `reverse` the sums run from the end. Example:
    ```mlir
    %r = nn.cumsum %x axis = 1 exclusive : (tensor<4x10xf32>) -> tensor<4x10xf32>
    ```
    Constraints:
    - (C1) The element type is in the set `Numeric`.
    - (C2) `axis` is a dimension of `x`.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Int:$axis, UnitAttr:$exclusive, UnitAttr:$reverse);
  let assemblyFormat = [{
    $x `axis` `=` $axis (`exclusive` $exclusive^)? (`reverse` $reverse^)?
    attr-dict `:` functional-type(operands, results)
  }];
}

def NN_SoftmaxOp : NN_InferredOp<"softmax", [NN_Permutable]> {
  let summary = "exp(x) / sum of exp(x) along a dimension";
  let description = [{
    Computed with the largest element subtracted first. Example:
    ```mlir
    %r = nn.softmax %x axis = 1 : (tensor<4x10xf32>) -> tensor<4x10xf32>
    ```
    Constraints:
    - (C1) The element type is floating-point.
    - (C2) `axis` is a dimension of `x`.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Int:$axis);
  let assemblyFormat = "$x `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
}

def NN_LayerNormOp : NN_InferredOp<"layer_norm", [NN_Permutable]> {
  let summary = "normalises over the dimensions from axis on";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) * scale + bias`, mean and (biased)
    variance over the dimensions `axis` … rank - 1; `bias` may be missing. Example:
    ```mlir
    %r = nn.layer_norm %x, %s, %b axis = 2 epsilon = 1.0e-5
        : (tensor<1x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x4x8xf32>
    ```
    Constraints:
    - (C1) All operands have the same floating-point element type.
    - (C2) `axis` is a dimension of `x`.
    - (C3) `scale` and `bias` broadcast to the shape of `x`.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$scale, Optional<NN_Tensor>:$bias,
                       NN_Int:$axis, NN_Float:$epsilon);
  let assemblyFormat = [{
    $x `,` $scale (`,` $bias^)? `axis` `=` $axis `epsilon` `=` $epsilon attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_BatchNormOp : NN_InferredOp<"batch_norm", [NN_Permutable]> {
  let summary = "normalises each channel by given mean and variance";
  let description = [{
    `(x - mean) / sqrt(variance + epsilon) * scale + bias`, channel by channel.
    Channels are dimension 1, with `channels_last` the last one. Example:
    ```mlir
    %r = nn.batch_norm %x, %s, %b, %m, %v epsilon = 1.0e-5
        : (tensor<1x8x4x4xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>)
        -> tensor<1x8x4x4xf32>
    ```
    Constraints:
    - (C1) All operands have the same floating-point element type.
    - (C2) `x` has at least two dimensions.
    - (C3) The other operands have one dimension, of as many elements as there are
      channels.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$scale, NN_Tensor:$bias, NN_Tensor:$mean,
                       NN_Tensor:$variance, NN_Float:$epsilon, UnitAttr:$channels_last);
  let assemblyFormat = [{
    $x `,` $scale `,` $bias `,` $mean `,` $variance `epsilon` `=` $epsilon
    (`channels_last` $channels_last^)? attr-dict `:` functional-type(operands, results)
  }];
}

#endif // DLC_DIALECT_NN_IR_NNREDUCTION_TD
