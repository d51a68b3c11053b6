//===- dlc.cpp - Turns a neural network into a program --------------------===//

#include "dlc/Driver/Driver.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/InitLLVM.h"

#include <cstdlib>
#include <unistd.h>

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::install_bad_alloc_error_handler([](void *, const char *, bool) {
    constexpr llvm::StringLiteral text = "dlc: error: out of memory\n";
    (void)!write(2, text.data(), text.size());
    std::_Exit(dlc::ModelError);
  });
  std::optional<dlc::DriverOptions> options = dlc::parseCommandLine(argc, argv);
  return options ? dlc::runDriver(*options) : dlc::UsageError;
}
