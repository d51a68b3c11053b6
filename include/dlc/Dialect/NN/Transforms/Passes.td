//===- Passes.td - NN passes ------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_TRANSFORMS_PASSES_TD
#define DLC_DIALECT_NN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def NNVariances : Pass<"nn-variances"> {
  let summary = "Computes variances from differences";
  let description = [{
    `mean(x^2) - mean(x)^2` becomes the mean of the squares of `x - mean(x)`: the
    difference of what is nearly equal has lost its digits, and its root is no
    number where it comes out below 0. It is the first pass, also without
    optimisations: extents of bounded dimensions are resolved for what it makes.
  }];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNResolveExtents : Pass<"nn-resolve-extents", "::mlir::func::FuncOp"> {
  let summary = "Makes everything heed the extents of bounded dimensions";
  let description = [{
    A dimension may count up to an extent only that the program computes
    (`nn.bounded`) or reads (`dlc.extents` on an argument); its size is the bound,
    for which memory is planned. The pass follows such dimensions through the graph,
    across reshapes too. Operations that read across one get what does not count
    filled with what does not matter to them (0 for a sum, -inf for a maximum);
    where gaps would come to lie between what counts (a concatenation, a result of
    two joined dimensions), it is gathered to the beginning. `nn.extent` becomes the
    extent. The extents of results become the elements of one more result, and
    `dlc.extents` on the others says which. An operation that can not heed an
    extent is an error. Afterwards there is no `nn.bounded` and no `nn.extent`.
  }];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNFoldBatchNorm : Pass<"nn-fold-batch-norm"> {
  let summary = "Folds batch normalisation and constant factors into the operation before";
  let description = [{
    `nn.batch_norm` with constant parameters becomes a multiplication and an
    addition per channel. Multiplications (and divisions) of the result of a
    convolution, transposed convolution or matrix product by a constant per output
    channel go into its filter; where there is no filter to take them, constant factors and
    constant additions that follow each other become one of each.
    What is computed on filters stays an `nn` operation on constants: it is
    evaluated at the end of compilation like every other constant subgraph.
    Operands shared with other users are left alone, since they would be doubled.
  }];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNIntegerProducts : Pass<"nn-integer-products"> {
  let summary = "Multiplies quantised tensors as integers";
  let description = [{
    A matrix product or convolution of two quantised tensors of at most 8 bits,
    `(bytes - zero) * scale` with scales that do not vary along what is summed over
    (or without scales, in wider integers), becomes one of integers with sums of 32
    bits, which is exact, times both scales. Where the right operand has no zero
    point, the bytes themselves are multiplied, and what the left one's zero point
    adds is taken off the sums (a convolution is padded with the zero point, and
    with channels of zeros to a multiple of four, if its filter is constant); else
    both are, without their zero points, of 16 bits. With `always-bytes`, for targets
    whose products of bytes are much faster, these stay bytes, too: the sums of the left
    operand's rows (or windows) are computed and, times the right one's zero points,
    taken off. Constant right operands lose a zero point where they are bytes without it.
    What follows, the bias and a quantisation, stays as it is. So models with pairs of
    QuantizeLinear and DequantizeLinear are computed as quantised operators are.
  }];
  let options = [
    Option<"alwaysBytes", "always-bytes", "bool", /*default=*/"false",
           "multiply bytes whatever their zero points">
  ];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNMoveBytes : Pass<"nn-move-bytes"> {
  let summary = "Moves quantised tensors as bytes, not as the floats they stand for";
  let description = [{
    Max pools, reshapes, transpositions, slices and gathers of a tensor that is dequantised
    with one constant scale work on its bytes, and the dequantisation comes after them. What
    is quantised again with the same scale and zero point is the bytes. (Quantisers put
    such pairs around everything.)
  }];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNUnsignedBytes : Pass<"nn-unsigned-bytes"> {
  let summary = "Quantises activations to unsigned bytes instead of signed ones";
  let description = [{
    CPUs with VNNI multiply unsigned bytes with signed ones, four at a time; two signed
    ones have to become 16 bits first. What is quantised to a signed byte with a constant
    zero point, and has this taken off again wherever it is read, becomes an unsigned one
    with a zero point that is 128 more. Max pools, reshapes, transpositions, slices and
    broadcasts in between move unsigned bytes. Results are the same (but that NaN, whose
    quantisation ONNX leaves open, becomes another number).
  }];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNReducePrecision : Pass<"nn-reduce-precision"> {
  let summary = "Rounds the operands of f32 products to 16 bits";
  let description = [{
    Operands of matrix products and convolutions of f32 are rounded to f16 or bf16
    where they are made, so that they take half of the memory, weights included.
    Sums, and everything that is no product (softmax, normalisations, reductions),
    stay f32.

    bf16 is multiplied in pairs of neighbours: a convolution of an odd number of channels,
    three or more, gets one of zeros beside them.

    What only moves numbers before a product (concatenations, reshapes …), or takes the
    largest ones, moves rounded ones.

    Where the CPU would have to widen the operands for each product, that takes
    longer than reading twice as much, if they are read often. With
    `widen-from=N` operands of products that use each element N times or more are
    rounded and become f32 again where they are made (weights when the program is
    compiled): the products are the same, computed as those of f32 are.
  }];
  let options = [
    Option<"precision", "precision", "std::string", "\"f32\"",
           "f16 or bf16; f32 and tf32 leave operands as they are">,
    Option<"widenFrom", "widen-from", "int64_t", "0",
           "Uses of each element from which on operands are kept as f32, rounded "
           "(0: never)">
  ];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNSimplify : Pass<"nn-simplify"> {
  let summary = "Merges operations that neighbours can do on the way";
  let description = [{
    Padding with zeros becomes the padding of the convolution or average pool that
    follows, padding with -inf that of a max pool; unlike canonicalizations these
    change which operation does the work. A division by a tensor that is broadcast
    becomes a multiplication by its reciprocal, which is computed once an element.
  }];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

def NNChannelsLast : Pass<"nn-channels-last", "::mlir::func::FuncOp"> {
  let summary = "Gives convolutions and pools their channels as the last dimension";
  let description = [{
    Starts at the operations that prefer an order of dimensions
    (PermutableOpInterface: convolutions and pools) and carries this order along
    values through all operations that can work in it, forward as far as it goes
    and backward where that is no loss. `nn.transpose` remains where the two orders
    meet: at the edges of the graph, and in front of operations that can not
    follow; a last step draws such borders back to where the tensors are smallest.
    Transposes that the model itself has vanish where the orders allow. Graphs
    without an operation that prefers an order are left alone.
  }];
  let dependentDialects = ["::dlc::nn::NNDialect"];
}

#endif // DLC_DIALECT_NN_TRANSFORMS_PASSES_TD
