//===- Random.cpp - Random numbers ----------------------------------------===//

#include "Infer.h"

using namespace mlir;
using namespace dlc::nn;

static constexpr int64_t kWords = int64_t(1) << 32;

FailureOr<RankedTensorType> RandomBitsOp::inferType(Adaptor adaptor,
                                                    ErrorFn error) {
  MLIRContext *context = adaptor.getSeed().getContext();
  auto scalar = RankedTensorType::get({}, IntegerType::get(context, 64));
  for (auto [name, value] : {std::pair("seed", adaptor.getSeed()),
                             std::pair("run", adaptor.getRun()),
                             std::pair("step", adaptor.getStep())})
    if (value.getType() != scalar)
      return error() << "(C1) `" << name << "` is " << value.getType()
                     << " instead of " << scalar;
  int64_t elements = 1;
  for (int64_t size : adaptor.getShape())
    if (size < 0 || llvm::MulOverflow(elements, size, elements) ||
        elements > kWords)
      return error() << "(C2) the shape " << shapeText(adaptor.getShape())
                     << " has a negative dimension or more than 2^32 elements";
  if (adaptor.getStream() < 0 || adaptor.getStream() >= kWords)
    return error() << "(C3) the stream " << adaptor.getStream()
                   << " has no place in 32 bits";
  if (adaptor.getWord() < 0 || adaptor.getWord() > 3)
    return error() << "(C3) the word " << adaptor.getWord() << " is not 0 to 3";
  return RankedTensorType::get(
      adaptor.getShape(), IntegerType::get(context, 32, IntegerType::Unsigned));
}
