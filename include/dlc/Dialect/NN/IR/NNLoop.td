//===- NNLoop.td - Loops -----------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNLOOP_TD
#define DLC_DIALECT_NN_IR_NNLOOP_TD

include "dlc/Dialect/NN/IR/NNBase.td"

def NN_LoopOp : NN_Op<"loop", [
    AttrSizedOperandSegments, IsolatedFromAbove, SingleBlock]> {
  let summary = "runs its body a known number of times";
  let description = [{
    The body takes the states `carried`, one slice along dimension 0 of each of
    `sliced`, and `invariant` as it is; it yields the next states and one slice of
    each further result. Results are the last states and the slices, stacked
    along dimension 0. Iteration i reads slice i, or slice `trips` - 1 - i where
    `reversed` says so; so are the slices of results placed by `stacked_reversed`.
    Recurrent networks, `Loop` and `Scan` of ONNX are such loops; a counter is a
    sliced constant. Example:
    ```mlir
    %last, %all = nn.loop 100 carried(%h : tensor<4xf32>) sliced(%x : tensor<100x4xf32>)
        invariant(%w : tensor<4xf32>) {
    ^bb0(%state: tensor<4xf32>, %in: tensor<4xf32>, %weight: tensor<4xf32>):
      %scaled = nn.mul %state, %weight : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %next = nn.add %scaled, %in : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      nn.yield %next, %next : tensor<4xf32>, tensor<4xf32>
    } {reversed = array<i1: false>, stacked_reversed = array<i1: false>}
      -> (tensor<4xf32>, tensor<100x4xf32>)
    ```
    Constraints:
    - (C1) `trips` is at least 1, and there is a result.
    - (C2) Dimension 0 of each of `sliced` is `trips`; `reversed` has an element for
      each of them.
    - (C3) The body takes values of the types of `carried`, of `sliced` without
      dimension 0, and of `invariant`.
    - (C4) The body yields values of the types of `carried`, followed by the slices.
    - (C5) The results have the types of `carried`, followed by those of the slices
      with dimension `trips` in front; `stacked_reversed` has an element for each of
      the latter.
  }];
  let arguments = (ins NN_Int:$trips, Variadic<NN_Tensor>:$carried,
                       Variadic<NN_Tensor>:$sliced,
                       Variadic<NN_Tensor>:$invariant,
                       DenseBoolArrayAttr:$reversed,
                       DenseBoolArrayAttr:$stacked_reversed);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $trips (`carried` `(` $carried^ `:` type($carried) `)`)?
    (`sliced` `(` $sliced^ `:` type($sliced) `)`)?
    (`invariant` `(` $invariant^ `:` type($invariant) `)`)?
    $body attr-dict `->` `(` type($results) `)`
  }];
}

#endif // DLC_DIALECT_NN_IR_NNLOOP_TD
