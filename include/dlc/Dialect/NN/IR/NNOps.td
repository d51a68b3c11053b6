//===- NNOps.td - The nn dialect ---------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNOPS_TD
#define DLC_DIALECT_NN_IR_NNOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::dlc::nn";
  let summary = "What a model means: value-semantics tensor operations";
  let description = [{
    Operations on statically shaped tensors with one meaning each. The importers
    normalise operator-set versions, attributes and optional inputs, so that
    nothing below has to know where a model came from.
  }];
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

class NN_Op<string mnemonic, list<Trait> traits = []>
    : Op<NN_Dialect, mnemonic, traits>;

#endif // DLC_DIALECT_NN_IR_NNOPS_TD
