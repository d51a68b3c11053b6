//===- ShortSums.cpp - Sums of products that fit into 16 bits -------------===//

#include "ShortSums.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include <array>

using namespace mlir;
using namespace dlc::schedule;

/// What the positive and the negative weights of a sum may add up to, each:
/// times 255, the largest unsigned byte, it fits into 16 bits.
static constexpr int64_t maxWeights = 32767 / 255;

/// The bytes of a constant; one where all are the same.
static ArrayRef<char> bytesOf(ElementsAttr constant) {
  if (auto dense = dyn_cast<DenseElementsAttr>(constant))
    return dense.getRawData();
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  return {};
}

namespace {
/// The weights of sums of 1, 2, 4, … groups, for the first and the second pairs
/// of each.
class SumsOfGroups {
public:
  explicit SumsOfGroups(int64_t most) : most(most) {}

  /// Adds group `number`, counted from 0.
  void add(int64_t number, const std::array<int64_t, shortSumGroup> &group) {
    for (unsigned pair : {0, 1}) {
      int64_t positive = 0, negative = 0;
      for (int64_t weight : {group[pair * 2], group[pair * 2 + 1]})
        (weight > 0 ? positive : negative) += std::abs(weight);
      unsigned level = 0;
      for (int64_t groups = 1; groups <= most; groups *= 2, ++level) {
        Sum &sum = sums[level][pair];
        if (number % groups == 0)
          sum = {};
        sum.positive += positive;
        sum.negative += negative;
        if (std::max(sum.positive, sum.negative) > maxWeights)
          most = groups / 2;
      }
    }
  }
  int64_t getMost() const { return most; }

private:
  struct Sum {
    int64_t positive = 0, negative = 0;
  };
  std::array<std::array<Sum, 2>, 8> sums;
  int64_t most;
};
} // namespace

int64_t dlc::schedule::countShortSums(ElementsAttr weights,
                                      const Access &access, const Nest &nest,
                                      unsigned loop, int64_t most) {
  ArrayRef<char> bytes = bytesOf(weights);
  bool isSplat = bytes.size() == 1;
  if (bytes.empty() ||
      (!isSplat && static_cast<int64_t>(bytes.size()) < weights.size()))
    return 0;
  int64_t extent = nest.loops[loop].extent;
  while (most > 0 && extent % (most * shortSumGroup) != 0)
    most /= 2;
  // All other loops that choose weights, as an odometer.
  SmallVector<unsigned> others;
  for (auto [index, coef] : llvm::enumerate(access.coef))
    if (coef != 0 && index != loop)
      others.push_back(index);
  SmallVector<int64_t> at(others.size(), 0);
  SumsOfGroups sums(most);
  int64_t address = access.base;
  while (sums.getMost() > 0) {
    for (int64_t k = 0; k < extent; k += shortSumGroup) {
      std::array<int64_t, shortSumGroup> group;
      for (int64_t i = 0; i < shortSumGroup; ++i)
        group[i] = static_cast<signed char>(
            bytes[isSplat ? 0 : address + (k + i) * access.coef[loop]]);
      sums.add(k / shortSumGroup, group);
    }
    unsigned digit = 0;
    for (; digit < others.size(); ++digit) {
      int64_t coef = access.coef[others[digit]];
      address += coef;
      if (++at[digit] < nest.loops[others[digit]].extent)
        break;
      address -= coef * at[digit];
      at[digit] = 0;
    }
    if (digit == others.size())
      break;
  }
  return sums.getMost();
}
