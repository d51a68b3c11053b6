//===- NNInterfaces.td - Interfaces of nn operations -------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNINTERFACES_TD
#define DLC_DIALECT_NN_IR_NNINTERFACES_TD

include "mlir/IR/OpBase.td"

def NN_ElementwiseOpInterface : OpInterface<"ElementwiseOpInterface"> {
  let cppNamespace = "::dlc::nn";
  let description = [{
    An operation that computes each element of its only result from the elements
    of its operands at the same position, all operands being broadcast (as numpy
    does) to the result's shape. Passes that treat all such operations alike
    look for this interface instead of a list of names.
  }];
}

def NN_PermutableOpInterface : OpInterface<"PermutableOpInterface"> {
  let cppNamespace = "::dlc::nn";
  let description = [{
    An operation with one result that can compute this result with its dimensions
    in another order from operands with theirs in another order. What layouts an
    operation can work in, and prefers, is known to the operation alone; passes
    that choose layouts have no list of names. See Permutation.h for the terms.
  }];
  let methods = [
    InterfaceMethod<[{
      The order of the result's dimensions in which the operation is much faster,
      empty where it has none or works in it already.
    }], "::dlc::nn::Permutation", "getPreferredPermutation", (ins), [{}], [{
      return {};
    }]>,
    InterfaceMethod<[{
      How the operation would work with operand `operand` permuted by
      `permutation`; nullopt where it can not.
    }], "std::optional<::dlc::nn::PermutationPlan>", "planFromOperand",
    (ins "unsigned":$operand, "::llvm::ArrayRef<int64_t>":$permutation)>,
    InterfaceMethod<[{
      How the operation would compute its result permuted by `permutation`;
      nullopt where it can not.
    }], "std::optional<::dlc::nn::PermutationPlan>", "planFromResult",
    (ins "::llvm::ArrayRef<int64_t>":$permutation)>,
    InterfaceMethod<[{
      Builds the permuted result from `operands`, which are permuted as a plan of
      this operation says.
    }], "::mlir::Value", "buildPermuted",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
         "const ::dlc::nn::PermutationPlan &":$plan)>,
  ];
}

#endif // DLC_DIALECT_NN_IR_NNINTERFACES_TD
