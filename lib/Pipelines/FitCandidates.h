//===- FitCandidates.h - Changes that may lower the peak --------*- C++ -*-===//

#ifndef DLC_LIB_PIPELINES_FITCANDIDATES_H
#define DLC_LIB_PIPELINES_FITCANDIDATES_H

#include "MemoryEstimate.h"

#include <string>

namespace dlc {

/// A change of the graph: marks for dispatch-tile-chains, dispatch-recompute
/// and dispatch-form-regions.
struct FitCandidate {
  struct Mark {
    mlir::Operation *op;
    llvm::StringRef name;
    mlir::Attribute value;
  };
  llvm::SmallVector<Mark> marks;
  /// "computes 'conv1 (Conv)' to 'pool1 (MaxPool)' in 4 bands".
  std::string text;
};

/// Changes of the graph that `estimate` is about which may lower its peak,
/// the most promising first of each kind: chains through what holds the peak
/// computed in bands, cheap values that only wait at the peak computed anew,
/// and fusions of the kernel at the peak undone.
std::vector<FitCandidate> findFitCandidates(const MemoryEstimate &estimate,
                                            int64_t budget);

} // namespace dlc

#endif // DLC_LIB_PIPELINES_FITCANDIDATES_H
