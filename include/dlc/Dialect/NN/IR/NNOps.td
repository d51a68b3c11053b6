//===- NNOps.td - The operations of the nn dialect ---------*- tablegen -*-===//
//
// One file a family; see NNBase.td for what all operations share.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_DIALECT_NN_IR_NNOPS_TD
#define DLC_DIALECT_NN_IR_NNOPS_TD

include "dlc/Dialect/NN/IR/NNBase.td"
include "dlc/Dialect/NN/IR/NNElementwise.td"
include "dlc/Dialect/NN/IR/NNContraction.td"
include "dlc/Dialect/NN/IR/NNWindow.td"
include "dlc/Dialect/NN/IR/NNReduction.td"
include "dlc/Dialect/NN/IR/NNData.td"
include "dlc/Dialect/NN/IR/NNExtents.td"
include "dlc/Dialect/NN/IR/NNCustom.td"
include "dlc/Dialect/NN/IR/NNLoop.td"
include "dlc/Dialect/NN/IR/NNRandom.td"

#endif // DLC_DIALECT_NN_IR_NNOPS_TD
