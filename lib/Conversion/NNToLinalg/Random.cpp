//===- Random.cpp - Lowering of random numbers ----------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {

/// Philox4x32-10 on values of i32.
class Philox {
public:
  explicit Philox(LocBuilder &b)
      : b(b), i32(b.getI32Type()), i64(b.getI64Type()) {}

  Value constant(uint32_t value) {
    return arith::ConstantOp::create(
        b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value low(Value wide) { return arith::TruncIOp::create(b, i32, wide); }
  Value high(Value wide) {
    Value half = arith::ConstantOp::create(b, b.getI64IntegerAttr(32));
    return low(arith::ShRUIOp::create(b, wide, half));
  }

  std::array<Value, 4> run(std::array<Value, 4> counter,
                           std::array<Value, 2> key) {
    constexpr uint32_t factors[] = {0xD2511F53, 0xCD9E8D57},
                       weyl[] = {0x9E3779B9, 0xBB67AE85};
    for (int round = 0; round < 10; ++round) {
      if (round)
        for (int i : {0, 1})
          key[i] = arith::AddIOp::create(b, key[i], constant(weyl[i]));
      Value first = product(factors[0], counter[0]),
            second = product(factors[1], counter[2]);
      counter = {mixed(second, counter[1], key[0]), low(second),
                 mixed(first, counter[3], key[1]), low(first)};
    }
    return counter;
  }

private:
  Value product(uint32_t factor, Value x) {
    return arith::MulIOp::create(
        b, arith::ExtUIOp::create(b, i64, x),
        arith::ConstantOp::create(b, b.getI64IntegerAttr(factor)));
  }
  Value mixed(Value wide, Value x, Value key) {
    return arith::XOrIOp::create(b, arith::XOrIOp::create(b, high(wide), x),
                                 key);
  }

  LocBuilder &b;
  Type i32, i64;
};

struct RandomBitsLowering final : Lowering<nn::RandomBitsOp> {
  using Lowering::Lowering;

  Value lower(nn::RandomBitsOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    RankedTensorType type = storedType(op.getType());
    AffineMap scalar = AffineMap::get(type.getRank(), 0, b.getContext());
    return mapTensors(
        b, type,
        {{adaptor.getSeed(), scalar},
         {adaptor.getRun(), scalar},
         {adaptor.getStep(), scalar}},
        [&](LocBuilder &b, ValueRange args) {
          Philox philox(b);
          Value position = philox.constant(0);
          uint32_t stride = 1; // (positions are taken modulo 2^32)
          for (int64_t d = type.getRank(); d-- > 0;) {
            Value at = arith::IndexCastUIOp::create(
                b, b.getI32Type(), linalg::IndexOp::create(b, d));
            at = arith::MulIOp::create(b, at, philox.constant(stride));
            position = arith::AddIOp::create(b, position, at);
            stride *= static_cast<uint32_t>(type.getDimSize(d));
          }
          Value seed = args[0], run = args[1], step = args[2];
          return philox.run(
              {position, philox.low(step), philox.low(run), philox.high(run)},
              {philox.low(seed), philox.constant(static_cast<uint32_t>(
                                     op.getStream()))})[op.getWord()];
        });
  }
};

} // namespace

void dlc::conversion::populateRandom(TypeConverter &converter,
                                     RewritePatternSet &patterns) {
  patterns.add<RandomBitsLowering>(converter, patterns.getContext());
}
