//===- dlc-opt.cpp - Runs dlc's and MLIR's passes on .mlir files ----------===//

#include "dlc/Pipelines/Pipelines.h"

#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::registerAllPasses();
  dlc::registerPassesAndPipelines();

  mlir::DialectRegistry registry;
  dlc::registerDialects(registry);
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Runs passes of dlc and MLIR\n", registry));
}
