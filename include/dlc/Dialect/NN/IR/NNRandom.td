//===- NNRandom.td - Random numbers ------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNRANDOM_TD
#define DLC_DIALECT_NN_IR_NNRANDOM_TD

include "dlc/Dialect/NN/IR/NNBase.td"

def NN_RandomBitsOp : NN_InferredOp<"random_bits"> {
  let summary = "32 random bits an element, each a function of its position";
  let description = [{
    One word of what Philox4x32-10 (Salmon et al.: Parallel random numbers, as easy as
    1, 2, 3; 2011) makes of a key of two words, `seed` and `stream`, and a counter of
    four: the element's position in row-major order, `step`, the low and the high half
    of `run`. Of `seed` and `step` the low halves count. There is no state: the same
    operands give the same bits on every machine, and whoever counts (runs,
    iterations of a loop) gets other ones. Other streams and words are independent.
    Distributions are elementwise operations on the bits. Example:
    ```mlir
    %r = nn.random_bits %seed, %run, %step stream = 3 word = 0 shape = [2, 3]
        : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<2x3xui32>
    ```
    Constraints:
    - (C1) `seed`, `run` and `step` are of i64 and have no dimensions.
    - (C2) `shape` has at most 2^32 elements, and no negative dimension.
    - (C3) `stream` is less than 2^32, `word` is less than 4, neither is negative.
  }];
  let arguments = (ins NN_Tensor:$seed, NN_Tensor:$run, NN_Tensor:$step, NN_Int:$stream,
      NN_Int:$word, DenseI64ArrayAttr:$shape);
  let assemblyFormat = [{
    $seed `,` $run `,` $step `stream` `=` $stream `word` `=` $word
    `shape` `=` $shape attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // DLC_DIALECT_NN_IR_NNRANDOM_TD
