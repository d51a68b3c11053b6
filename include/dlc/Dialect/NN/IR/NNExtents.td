//===- NNExtents.td - Dimensions of which a part is used ---*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNEXTENTS_TD
#define DLC_DIALECT_NN_IR_NNEXTENTS_TD

include "dlc/Dialect/NN/IR/NNBase.td"

def NN_BoundedOp : NN_InferredOp<"bounded"> {
  let summary = "a tensor of which a dimension counts up to a computed extent only";
  let description = [{
    The size of dimension `axis` is a bound: what lies at or beyond `extent` is not
    part of the tensor, whatever `x` holds there. `nn-resolve-extents` makes
    everything that reads the result heed that, and has the program give the true
    shapes of its outputs. `extent` is at least 0 and at most the size. Example:
    ```mlir
    %r = nn.bounded %x, %n axis = 0 : (tensor<100x3xi64>, tensor<i64>) -> tensor<100x3xi64>
    ```
    Constraints:
    - (C1) `extent` is of i64 and has no dimensions.
    - (C2) `axis` is a dimension of `x`.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Tensor:$extent, NN_Int:$axis);
  let assemblyFormat = [{
    $x `,` $extent `axis` `=` $axis attr-dict `:` functional-type(operands, results)
  }];
}

def NN_ExtentOp : NN_InferredOp<"extent"> {
  let summary = "the extent of a dimension";
  let description = [{
    As i64: the extent of a bounded dimension (see `nn.bounded`), the size of
    another one. Example:
    ```mlir
    %n = nn.extent %x axis = 0 : (tensor<100x3xi64>) -> tensor<i64>
    ```
    Constraints:
    - (C1) `axis` is a dimension of `x`.
  }];
  let arguments = (ins NN_Tensor:$x, NN_Int:$axis);
  let assemblyFormat = "$x `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
}

#endif // DLC_DIALECT_NN_IR_NNEXTENTS_TD
