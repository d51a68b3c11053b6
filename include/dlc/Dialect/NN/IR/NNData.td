//===- NNData.td - Constants and movement of data ----------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNDATA_TD
#define DLC_DIALECT_NN_IR_NNDATA_TD

include "dlc/Dialect/NN/IR/NNBase.td"

def NN_ConstantOp : NN_InferredOp<"constant", [ConstantLike]> {
  let summary = "a tensor known at compile time";
  let description = [{
    Large ones are `dense_resource` blobs, so that weights are never copied. Example:
    ```mlir
    %c = nn.constant dense<[1.0, 2.0]> : tensor<2xf32>
    ```
    Constraints:
    - (C1) `value` is a dense or dense_resource attribute of a static tensor type.
  }];
  let arguments = (ins ElementsAttr:$value);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
}

def NN_ReshapeOp : NN_Op<"reshape", [NN_Permutable]> {
  let summary = "the same elements in row-major order under another shape";
  let description = [{
    Example:
    ```mlir
    %r = nn.reshape %x : (tensor<2x3xf32>) -> tensor<6xf32>
    ```
    Constraints:
    - (C1) `x` and the result have the same element type.
    - (C2) They have the same number of elements.
  }];
  let hasFolder = 1;
  let arguments = (ins NN_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$shape)>];
}

def NN_TransposeOp : NN_InferredOp<"transpose", [NN_Permutable]> {
  let summary = "permutes dimensions";
  let description = [{
    Dimension `i` of the result is dimension `perm[i]` of `x`. Example:
    ```mlir
    %r = nn.transpose %x perm = [0, 2, 1] : (tensor<1x2x3xf32>) -> tensor<1x3x2xf32>
    ```
    Constraints:
    - (C1) `perm` is a permutation of the dimensions of `x`.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$perm);
  let assemblyFormat = "$x `perm` `=` $perm attr-dict `:` functional-type(operands, results)";
}

def NN_BroadcastOp : NN_Op<"broadcast", [NN_Permutable]> {
  let summary = "repeats a tensor to a larger shape";
  let description = [{
    By the broadcasting rules. Elementwise operations broadcast by themselves. Example:
    ```mlir
    %r = nn.broadcast %x : (tensor<3x1xf32>) -> tensor<2x3x4xf32>
    ```
    Constraints:
    - (C1) `x` and the result have the same element type.
    - (C2) The shape of `x` broadcasts to that of the result.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins NN_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$shape)>];
}

def NN_ConcatOp : NN_InferredOp<"concat", [NN_Permutable]> {
  let summary = "joins tensors along a dimension";
  let description = [{
    Example:
    ```mlir
    %r = nn.concat %a, %b axis = 1 : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
    ```
    Constraints:
    - (C1) There is at least one operand.
    - (C2) All operands have the same element type and rank.
    - (C3) `axis` is one of their dimensions.
    - (C4) All other dimensions are equal.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins Variadic<NN_Tensor>:$inputs, NN_Int:$axis);
  let assemblyFormat = [{
    $inputs `axis` `=` $axis attr-dict `:` functional-type(operands, results)
  }];
}

def NN_SliceOp : NN_Op<"slice", [NN_Permutable]> {
  let summary = "a regular part of a tensor";
  let description = [{
    `result[i, j, …] = x[starts[0] + i * steps[0], starts[1] + j * steps[1], …]`; the
    result's shape says how many. Steps may be negative. Example:
    ```mlir
    %r = nn.slice %x starts = [0, 9] steps = [1, -2] : (tensor<4x10xf32>) -> tensor<4x5xf32>
    ```
    Constraints:
    - (C1) `x` and the result have the same element type and rank.
    - (C2) `starts` and `steps` hold one number a dimension; no step is 0.
    - (C3) All elements taken lie within `x`.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins NN_Tensor:$x, DenseI64ArrayAttr:$starts, DenseI64ArrayAttr:$steps);
  let assemblyFormat = [{
    $x `starts` `=` $starts `steps` `=` $steps attr-dict
    `:` functional-type(operands, results)
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$x, "::llvm::ArrayRef<int64_t>":$starts,
      "::llvm::ArrayRef<int64_t>":$sizes, "::llvm::ArrayRef<int64_t>":$steps)>];
}

def NN_PadMode : I32EnumAttr<"PadMode", "what padding consists of", [
    I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Edge", 1, "edge">,
    I32EnumAttrCase<"Reflect", 2, "reflect">, I32EnumAttrCase<"Wrap", 3, "wrap">]> {
  let cppNamespace = "::dlc::nn";
  let genSpecializedAttr = 0;
}
def NN_PadModeAttr : NN_EnumAttr<NN_PadMode, "pad_mode">;

def NN_PadOp : NN_InferredOp<"pad", [NN_Permutable]> {
  let summary = "adds elements around a tensor";
  let description = [{
    Puts `lo[d]` elements in front of dimension `d` and `hi[d]` behind: copies of
    `value`, of the edge, of the tensor mirrored at the edge (which itself is not
    repeated), or of the tensor repeated. Example:
    ```mlir
    %r = nn.pad constant %x, %v lo = [0, 1] hi = [0, 2]
        : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x6xf32>
    %s = nn.pad edge %x lo = [0, 1] hi = [0, 2] : (tensor<2x3xf32>) -> tensor<2x6xf32>
    ```
    Constraints:
    - (C1) `value` is there exactly when the mode is `constant`, is a tensor without
      dimensions and has the element type of `x`.
    - (C2) `lo` and `hi` hold one non-negative number a dimension.
    - (C3) `reflect` pads at most size - 1 elements, `edge` and `wrap` no empty
      dimension.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins NN_PadModeAttr:$mode, NN_Tensor:$x, Optional<NN_Tensor>:$value,
                       DenseI64ArrayAttr:$lo, DenseI64ArrayAttr:$hi);
  let assemblyFormat = [{
    `` $mode $x (`,` $value^)? `lo` `=` $lo `hi` `=` $hi attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_GatherOp : NN_InferredOp<"gather", [NN_Permutable]> {
  let summary = "picks slices along a dimension by index";
  let description = [{
    The dimension `axis` of `data` is replaced by the dimensions of `indices`:
    `result[a…, i…, b…] = data[a…, indices[i…], b…]`. Negative indices count from
    the end; indices outside are undefined behaviour of the model and are clamped.
    Example:
    ```mlir
    %r = nn.gather %x, %i axis = 0 : (tensor<100x8xf32>, tensor<4xi64>) -> tensor<4x8xf32>
    ```
    Constraints:
    - (C1) `indices` is of i32 or i64.
    - (C2) `axis` is a dimension of `data`, not empty unless the result is.
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let arguments = (ins NN_Tensor:$data, NN_Tensor:$indices, NN_Int:$axis);
  let assemblyFormat = [{
    $data `,` $indices `axis` `=` $axis attr-dict `:` functional-type(operands, results)
  }];
}

def NN_GatherNDOp : NN_InferredOp<"gather_nd"> {
  let summary = "picks slices by index tuples";
  let description = [{
    The first `batch_dims` dimensions of `data` and `indices` run together; the last
    dimension of `indices` holds tuples that index the following dimensions of
    `data`: `result[b…, i…, r…] = data[b…, indices[b…, i…, :]…, r…]`. Negative
    indices count from the end; indices outside are clamped. Example:
    ```mlir
    %r = nn.gather_nd %x, %i batch_dims = 0
        : (tensor<10x8x3xf32>, tensor<4x2xi64>) -> tensor<4x3xf32>
    ```
    Constraints:
    - (C1) `indices` is of i32 or i64 and has at least one dimension.
    - (C2) `batch_dims` is not negative and smaller than both ranks; these
      dimensions are equal.
    - (C3) The tuples are not longer than the remaining dimensions of `data`.
    - (C4) The indexed dimensions are not empty unless the result is.
  }];
  let arguments = (ins NN_Tensor:$data, NN_Tensor:$indices, NN_Int:$batch_dims);
  let assemblyFormat = [{
    $data `,` $indices `batch_dims` `=` $batch_dims attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_SearchSortedOp : NN_InferredOp<"search_sorted"> {
  let summary = "where numbers would go in a sorted sequence";
  let description = [{
    Element by element the number of elements of `sorted`, which ascends, that are
    less than the one of `values`. Example:
    ```mlir
    %r = nn.search_sorted %s, %v : (tensor<100xi64>, tensor<4x2xi64>) -> tensor<4x2xi64>
    ```
    Constraints:
    - (C1) `sorted` and `values` have the same element type, i32 or i64.
    - (C2) `sorted` has one dimension.
  }];
  let arguments = (ins NN_Tensor:$sorted, NN_Tensor:$values);
  let assemblyFormat = "$sorted `,` $values attr-dict `:` functional-type(operands, results)";
}

#endif // DLC_DIALECT_NN_IR_NNDATA_TD
