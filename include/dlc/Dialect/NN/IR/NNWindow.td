//===- NNWindow.td - Pooling, resampling and the like ------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNWINDOW_TD
#define DLC_DIALECT_NN_IR_NNWINDOW_TD

include "dlc/Dialect/NN/IR/NNBase.td"

defvar NN_poolLayout = [{
    The input is batch × channels × spatial…, or with `channels_last` batch ×
    spatial… × channels, and so is the result. `pads` holds first the padding in
    front of each spatial dimension, then that behind. The spatial size of the
    result is `(size + lo + hi - dilation * (kernel - 1) - 1) / stride + 1`.
  }];
defvar NN_poolConstraints = [{
    - (C2) The input has at least three dimensions.
    - (C3) `kernel`, `strides` and `dilations` hold one positive number, `pads` two
      non-negative ones for each spatial dimension.
    - (C4) Each dilated kernel fits into its padded input.
  }];

class NN_PoolOp<string mnemonic> : NN_InferredOp<mnemonic, [NN_PrefersPermutation]> {
  let hasCanonicalizer = 1;
  let arguments = (ins NN_Tensor:$input,
      DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
      DenseI64ArrayAttr:$dilations, UnitAttr:$channels_last);
  let assemblyFormat = [{
    $input `kernel` `=` $kernel `strides` `=` $strides `pads` `=` $pads
    `dilations` `=` $dilations (`channels_last` $channels_last^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_MaxPoolOp : NN_PoolOp<"max_pool"> {
  let summary = "largest element of each window";
  let description = NN_poolLayout # [{
    Padding never wins; a window of nothing but padding gives the smallest value of
    the type; NaN wins. Example:
    ```mlir
    %r = nn.max_pool %x kernel = [3, 3] strides = [2, 2] pads = [1, 1, 1, 1]
        dilations = [1, 1] : (tensor<1x8x32x32xf32>) -> tensor<1x8x16x16xf32>
    ```
    Constraints:
    - (C1) The element type is in the set `Numeric`.
  }] # NN_poolConstraints;
}

def NN_AvgPoolOp : NN_PoolOp<"avg_pool"> {
  let summary = "mean of each window";
  let description = NN_poolLayout # [{
    With `count_include_pad` padding counts as zeros, without it is left out of sum
    and count. Example:
    ```mlir
    %r = nn.avg_pool %x kernel = [3, 3] strides = [2, 2] pads = [1, 1, 1, 1]
        dilations = [1, 1] count_include_pad
        : (tensor<1x8x32x32xf32>) -> tensor<1x8x16x16xf32>
    ```
    Constraints:
    - (C1) The element type is floating-point.
  }] # NN_poolConstraints;
  let arguments = (ins NN_Tensor:$input,
      DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads,
      DenseI64ArrayAttr:$dilations, UnitAttr:$count_include_pad, UnitAttr:$channels_last);
  let assemblyFormat = [{
    $input `kernel` `=` $kernel `strides` `=` $strides `pads` `=` $pads
    `dilations` `=` $dilations (`count_include_pad` $count_include_pad^)?
    (`channels_last` $channels_last^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_LrnOp : NN_InferredOp<"lrn", [NN_Permutable]> {
  let summary = "local response normalisation over channels";
  let description = [{
    `result = x / (bias + alpha / size * s)^beta`, where `s` is the sum of the squares
    of the channels from `c - floor((size - 1) / 2)` to `c + ceil((size - 1) / 2)`
    that exist. Channels are dimension 1, with `channels_last` the last. Example:
    ```mlir
    %r = nn.lrn %x size = 5 alpha = 1.0e-4 beta = 0.75 bias = 1.0
        : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
    ```
    Constraints:
    - (C1) The element type is floating-point.
    - (C2) `x` has at least two dimensions.
    - (C3) `size` is positive.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Int:$size, NN_Float:$alpha, NN_Float:$beta,
                       NN_Float:$bias, UnitAttr:$channels_last);
  let assemblyFormat = [{
    $x `size` `=` $size `alpha` `=` $alpha `beta` `=` $beta `bias` `=` $bias
    (`channels_last` $channels_last^)? attr-dict `:` functional-type(operands, results)
  }];
}

def NN_ResizeMode : I32EnumAttr<"ResizeMode", "interpolation", [
    I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Linear", 1, "linear">,
    I32EnumAttrCase<"Cubic", 2, "cubic">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_ResizeModeAttr : NN_EnumAttr<NN_ResizeMode, "resize_mode">;

def NN_ResizeCoordinate : I32EnumAttr<"ResizeCoordinate", "map from result to input coordinates", [
    I32EnumAttrCase<"HalfPixel", 0, "half_pixel">,
    I32EnumAttrCase<"PytorchHalfPixel", 1, "pytorch_half_pixel">,
    I32EnumAttrCase<"AlignCorners", 2, "align_corners">,
    I32EnumAttrCase<"Asymmetric", 3, "asymmetric">,
    I32EnumAttrCase<"HalfPixelSymmetric", 4, "half_pixel_symmetric">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_ResizeCoordinateAttr : NN_EnumAttr<NN_ResizeCoordinate, "resize_coordinate">;

def NN_ResizeNearest : I32EnumAttr<"ResizeNearest", "rounding of coordinates", [
    I32EnumAttrCase<"RoundPreferFloor", 0, "round_prefer_floor">,
    I32EnumAttrCase<"RoundPreferCeil", 1, "round_prefer_ceil">,
    I32EnumAttrCase<"Floor", 2, "floor">, I32EnumAttrCase<"Ceil", 3, "ceil">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_ResizeNearestAttr : NN_EnumAttr<NN_ResizeNearest, "resize_nearest">;

def NN_ResizeOp : NN_Op<"resize", [NN_Permutable]> {
  let summary = "resamples a tensor to another size";
  let description = [{
    Each dimension `d` is resampled on its own. Result coordinate `i` lies at input
    coordinate (with `s = scales[d]`, `n` and `m` the sizes of input and result):
    - `half_pixel`: `(i + 0.5) / s - 0.5`
    - `half_pixel_symmetric`: the same about the centre,
      `n / 2 * (1 - m / (s * n)) + (i + 0.5) / s - 0.5`
    - `pytorch_half_pixel`: as `half_pixel`, but 0 where `m` is 1
    - `align_corners`: `i * (n - 1) / (m - 1)`, 0 where `m` is 1
    - `asymmetric`: `i / s`

    `nearest` takes the element at the coordinate rounded by `nearest_mode` (what is
    within 1e-6 of the middle between two elements is in the middle), `linear`
    interpolates two and `cubic` four neighbours (with coefficient `cubic_coeff`);
    coordinates outside are clamped to the edge. With `exclude_outside` the weights
    of neighbours outside are 0 and the rest is renormalised.

    `computed` are numbers that a run decides (what they are say hints, see
    ExtentHints.h); `nn-resolve-extents` resamples by them. Example:
    ```mlir
    %r = nn.resize nearest %x scales = [1.0, 1.0, 2.0, 2.0] coordinate = asymmetric
        nearest_mode = floor : (tensor<1x8x4x4xf32>) -> tensor<1x8x8x8xf32>
    ```
    Constraints:
    - (C1) `x` and the result have the same element type, in the set `Numeric`,
      floating-point unless the mode is `nearest`.
    - (C2) The result has the rank of `x`; only an empty dimension becomes empty.
    - (C3) `scales` holds one positive finite number a dimension.
    - (C4) A dimension of scale 1 keeps its size, unless numbers are computed.
    - (C5) `computed` are scalars of f32.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$x, Variadic<NN_Tensor>:$computed, NN_ResizeModeAttr:$mode, DenseF64ArrayAttr:$scales,
      NN_ResizeCoordinateAttr:$coordinate,
      DefaultValuedAttr<NN_ResizeNearestAttr, "::dlc::nn::ResizeNearest::RoundPreferFloor">:$nearest_mode,
      DefaultValuedAttr<NN_Float, "-0.75">:$cubic_coeff, UnitAttr:$exclude_outside);
  let assemblyFormat = [{
    `` $mode $x (`by` `(` $computed^ `)`)? `scales` `=` $scales `coordinate` `=` `` $coordinate
    (`nearest_mode` `=` `` $nearest_mode^)? (`cubic_coeff` `=` $cubic_coeff^)?
    (`exclude_outside` $exclude_outside^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // DLC_DIALECT_NN_IR_NNWINDOW_TD
