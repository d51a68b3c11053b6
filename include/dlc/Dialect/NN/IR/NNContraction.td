//===- NNContraction.td - Matrix products, convolutions ----*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNCONTRACTION_TD
#define DLC_DIALECT_NN_IR_NNCONTRACTION_TD

include "dlc/Dialect/NN/IR/NNBase.td"

def NN_MatmulOp : NN_InferredOp<"matmul"> {
  let summary = "matrix product over the last two dimensions";
  let description = [{
    `result[…, i, j] = sum over k of lhs[…, i, k] * rhs[…, k, j]`; the leading
    dimensions broadcast. f16 and bf16 are summed in f32, which is the result's type
    only where the operation is `wide`; integers of 8 bits and i16 are summed in i32,
    which always is. Example:
    ```mlir
    %r = nn.matmul %a, %b : (tensor<8x2x3xf32>, tensor<3x4xf32>) -> tensor<8x2x4xf32>
    ```
    Constraints:
    - (C1) `lhs` and `rhs` have the same element type, in the set `Numeric`, or are
      i8 and ui8.
    - (C2) Both have at least two dimensions.
    - (C3) The last dimension of `lhs` equals the last but one of `rhs`.
    - (C4) The leading dimensions broadcast.
  }];
  let arguments = (ins NN_Tensor:$lhs, NN_Tensor:$rhs, UnitAttr:$wide);
  let assemblyFormat = [{
    $lhs `,` $rhs (`wide` $wide^)? attr-dict `:` functional-type(operands, results)
  }];
}

def NN_ConvOp : NN_InferredOp<"conv", [NN_PrefersPermutation]> {
  let summary = "convolution (cross-correlation) over N spatial dimensions";
  let description = [{
    `input` is batch × channels × spatial…, or with `channels_last` batch × spatial…
    × channels, and so is the result; `filter` is always output channels × (input
    channels / groups) × kernel…. `pads` holds first the zeros put in front of each
    spatial dimension, then those behind. The spatial size of the result is
    `(size + lo + hi - dilation * (kernel - 1) - 1) / stride + 1`. A bias is an
    `nn.add` after it. Sums are as in `nn.matmul`. Example:
    ```mlir
    %r = nn.conv %x, %w strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1]
        : (tensor<1x3x32x32xf32>, tensor<8x3x3x3xf32>) -> tensor<1x8x16x16xf32>
    ```
    Constraints:
    - (C1) `input` and `filter` have the same element type, in the set `Numeric`, or
      are i8 and ui8.
    - (C2) Both have the same rank, at least 3.
    - (C3) `strides` and `dilations` hold one positive number, `pads` two
      non-negative ones for each spatial dimension.
    - (C4) `groups` is positive and divides the filter's output channels.
    - (C5) The input's channels are `groups` times the filter's second dimension.
    - (C6) The kernel has no empty dimension and each dilated kernel fits into its
      padded input.
  }];
  let arguments = (ins NN_Tensor:$input, NN_Tensor:$filter,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
      DefaultValuedAttr<NN_Int, "1">:$groups, UnitAttr:$channels_last, UnitAttr:$wide);
  let assemblyFormat = [{
    $input `,` $filter `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations
    (`groups` `=` $groups^)? (`channels_last` $channels_last^)?
    (`wide` $wide^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_ConvTransposeOp : NN_InferredOp<"conv_transpose", [NN_PrefersPermutation]> {
  let summary = "transposed convolution over N spatial dimensions";
  let description = [{
    The gradient of `nn.conv` with respect to its input. `input` is batch × channels
    × spatial…, or with `channels_last` batch × spatial… × channels, and so is the
    result; `filter` is always input channels × (output channels / groups) ×
    kernel…. The spatial size of the result is
    `stride * (size - 1) + output_padding + dilation * (kernel - 1) + 1 - lo - hi`:
    `pads` (first all lo, then all hi) cuts off the result. Sums are as in `nn.matmul`.
    Example:
    ```mlir
    %r = nn.conv_transpose %x, %w strides = [2, 2] pads = [0, 0, 0, 0]
        dilations = [1, 1] output_padding = [0, 0]
        : (tensor<1x8x16x16xf32>, tensor<8x3x2x2xf32>) -> tensor<1x3x32x32xf32>
    ```
    Constraints:
    - (C1) `input` and `filter` have the same element type, in the set `Numeric`, or
      are i8 and ui8.
    - (C2) Both have the same rank, at least 3.
    - (C3) `strides` and `dilations` hold one positive number, `output_padding` one
      and `pads` two non-negative ones for each spatial dimension.
    - (C4) `groups` is positive and divides the filter's first dimension.
    - (C5) The input's channels are the filter's first dimension.
    - (C6) The input and the kernel have no empty spatial dimension and the size of
      the result is not negative.
  }];
  let arguments = (ins NN_Tensor:$input, NN_Tensor:$filter,
      DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
      DenseI64ArrayAttr:$output_padding,
      DefaultValuedAttr<NN_Int, "1">:$groups, UnitAttr:$channels_last, UnitAttr:$wide);
  let assemblyFormat = [{
    $input `,` $filter `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations
    `output_padding` `=` $output_padding
    (`groups` `=` $groups^)? (`channels_last` $channels_last^)?
    (`wide` $wide^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // DLC_DIALECT_NN_IR_NNCONTRACTION_TD
