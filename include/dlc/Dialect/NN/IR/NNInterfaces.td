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

#endif // DLC_DIALECT_NN_IR_NNINTERFACES_TD
