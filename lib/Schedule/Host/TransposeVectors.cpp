//===- TransposeVectors.cpp - Squares of vectors in registers -------------===//
//
// By shuffles of two vectors that are one instruction each on x86: first the
// squares within parts of 128 bits, by interleaving their halves (unpck), then
// the parts, by taking those with even and odd numbers (vperm2f128,
// vshuff64x2). A square of n vectors takes n log2 n of them.
//
//===----------------------------------------------------------------------===//

#include "NestEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace dlc::schedule;

static constexpr int64_t partBits = 128;

/// Of each part of `part` elements, one half of two vectors, whose groups of
/// `group` elements alternate.
static SmallVector<int64_t> interleaved(int64_t lanes, int64_t part,
                                        int64_t group, bool upper) {
  SmallVector<int64_t> mask;
  for (int64_t start = 0; start < lanes; start += part)
    for (int64_t at = 0; at < part / 2; at += group)
      for (int64_t source : {int64_t(0), lanes})
        for (int64_t i = 0; i < group; ++i)
          mask.push_back(source + start + (upper ? part / 2 : 0) + at + i);
  return mask;
}

/// The parts of two vectors with even or odd numbers.
static SmallVector<int64_t> alternating(int64_t lanes, int64_t part, bool odd) {
  SmallVector<int64_t> mask;
  for (int64_t start = odd ? part : 0; start < 2 * lanes; start += 2 * part)
    for (int64_t i = 0; i < part; ++i)
      mask.push_back(start + i);
  return mask;
}

static int64_t reverseBits(int64_t value, int64_t below) {
  int64_t reversed = 0;
  for (int64_t bit = 1; bit < below; bit *= 2, value /= 2)
    reversed = 2 * reversed + value % 2;
  return reversed;
}

SmallVector<Value> dlc::schedule::transposeVectors(OpBuilder &b, Location loc,
                                                   ValueRange rows) {
  SmallVector<Value> vectors(rows);
  auto type = cast<VectorType>(vectors.front().getType());
  int64_t lanes = type.getNumElements();
  assert(lanes == int64_t(vectors.size()) && llvm::isPowerOf2_64(lanes));
  int64_t part =
      std::min<int64_t>(lanes, partBits / type.getElementTypeBitWidth());
  // Vectors whose numbers differ by `distance` become two others.
  auto shuffle = [&](int64_t distance, ArrayRef<int64_t> first,
                     ArrayRef<int64_t> second) {
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & distance)
        continue;
      Value low = vectors[i], high = vectors[i + distance];
      vectors[i] = vector::ShuffleOp::create(b, loc, low, high, first);
      vectors[i + distance] =
          vector::ShuffleOp::create(b, loc, low, high, second);
    }
  };
  for (int64_t group = 1; group < part; group *= 2)
    shuffle(group, interleaved(lanes, part, group, false),
            interleaved(lanes, part, group, true));
  for (int64_t distance = part; distance < lanes; distance *= 2)
    shuffle(distance, alternating(lanes, part, false),
            alternating(lanes, part, true));
  // Halves that were interleaved came to stand in reversed order.
  SmallVector<Value> columns;
  for (int64_t i = 0; i < lanes; ++i)
    columns.push_back(vectors[i / part * part + reverseBits(i % part, part)]);
  return columns;
}
