//===- NNCustom.td - Operations of the user's --------------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNCUSTOM_TD
#define DLC_DIALECT_NN_IR_NNCUSTOM_TD

include "mlir/Interfaces/ControlFlowInterfaces.td"
include "dlc/Dialect/NN/IR/NNBase.td"

def NN_CustomOp : NN_Op<"custom", [IsolatedFromAbove, SingleBlock]> {
  let summary = "an operation that the user wrote";
  let description = [{
    Its body computes the results with structured operations on tensors, which are
    fused, scheduled and planned like those of the other operations. Example:
    ```mlir
    %r = nn.custom "double"(%x) {
    ^bb0(%a: tensor<4xf32>):
      %e = tensor.empty() : tensor<4xf32>
      %s = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>)
                      outs(%e : tensor<4xf32>) -> tensor<4xf32>
      nn.yield %s : tensor<4xf32>
    } : (tensor<4xf32>) -> tensor<4xf32>
    ```
    Constraints:
    - (C1) Element types are f64, f32, f16, bf16, i8, i16, i32 or i64.
    - (C2) The body takes tensors of the types of `inputs`, and yields ones of the
      types of the results, of which there is at least one.
    - (C3) The body consists of operations of the dialects linalg, tensor, arith and
      math without side effects.
  }];
  let arguments = (ins StrAttr:$label, Variadic<NN_Tensor>:$inputs);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $label `(` $inputs `)` $body attr-dict `:` functional-type($inputs, $results)
  }];
}

def NN_YieldOp : Op<NN_Dialect, "yield", [
    Pure, Terminator, ReturnLike, ParentOneOf<["CustomOp", "LoopOp"]>]> {
  let summary = "the results of the body of an nn.custom or nn.loop";
  let description = [{
    Example:
    ```mlir
    nn.yield %s : tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<NN_Tensor>:$results);
  let assemblyFormat = "$results attr-dict `:` type($results)";
}

#endif // DLC_DIALECT_NN_IR_NNCUSTOM_TD
