//===- dlc-opt.cpp - Runs dlc's and MLIR's passes on .mlir files ----------===//

#include "dlc/Conversion/Passes.h"
#include "dlc/Dialect/Arena/IR/Arena.h"
#include "dlc/Dialect/Arena/Transforms/Passes.h"
#include "dlc/Dialect/Dispatch/IR/Dispatch.h"
#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
#include "dlc/Dialect/NN/IR/NN.h"
#include "dlc/Dialect/NN/Transforms/Passes.h"
#include "dlc/Schedule/Host/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  dlc::nn::registerNNPasses();
  dlc::dispatch::registerDispatchPasses();
  dlc::arena::registerArenaPasses();
  dlc::conversion::registerConversionPasses();
  dlc::schedule::registerScheduleHostPasses();

  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<dlc::nn::NNDialect, dlc::dispatch::DispatchDialect,
                  dlc::arena::ArenaDialect>();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "dlc optimizer driver\n", registry));
}
