//===- Passes.td - NN passes ------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_TRANSFORMS_PASSES_TD
#define DLC_DIALECT_NN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

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
