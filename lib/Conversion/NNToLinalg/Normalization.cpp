//===- Normalization.cpp - Softmax, layer and batch normalisation ---------===//
//
// Each becomes a few generics that share their outer loops (rows, channels);
// the dispatch level makes one kernel of them.
//
//===----------------------------------------------------------------------===//

#include "Reduction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace dlc;
using namespace dlc::conversion;

namespace {
struct SoftmaxLowering : Lowering<nn::SoftmaxOp> {
  using Lowering::Lowering;

  Value lower(nn::SoftmaxOp op, Adaptor adaptor, LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    ArrayRef<int64_t> shape = result.getShape();
    Type nnElement = result.getElementType();
    Type computed = computedType(nnElement);
    int64_t axis = op.getAxis();
    AffineMap identity = b.getMultiDimIdentityMap(shape.size());
    AffineMap rows = dropDimsMap(b.getContext(), shape.size(), axis);
    auto computedTensor = RankedTensorType::get(shape, computed);
    Value x = adaptor.getX();

    Value largest = reduceDims(
        b, {{x, identity}}, shape, axis,
        limitConstant(b, computed, false, /*lowest=*/true),
        [&](LocBuilder &b, ValueRange args) {
          return maximum(b, args[1], load(b, args[0], nnElement), false);
        });
    Value exps = mapTensors(b, computedTensor, {{x, identity}, {largest, rows}},
                            [&](LocBuilder &b, ValueRange args) {
                              Value value = load(b, args[0], nnElement);
                              return math::ExpOp::create(
                                  b, arith::SubFOp::create(b, value, args[1]));
                            });
    Value sum = reduceDims(b, {{exps, identity}}, shape, axis,
                           zeroConstant(b, computed),
                           [&](LocBuilder &b, ValueRange args) {
                             return accumulate(b, args[1], args[0]);
                           });
    RankedTensorType rowType = typeOf(sum);
    Value inverse = mapTensors(
        b, rowType, {{sum, b.getMultiDimIdentityMap(rowType.getRank())}},
        [&](LocBuilder &b, ValueRange args) {
          return arith::DivFOp::create(b, floatConstant(b, computed, 1.0),
                                       args[0]);
        });
    return mapTensors(b, storedType(result),
                      {{exps, identity}, {inverse, rows}},
                      [&](LocBuilder &b, ValueRange args) {
                        Value y = arith::MulFOp::create(b, args[0], args[1]);
                        return store(b, y, nnElement);
                      });
  }
};

struct LayerNormLowering : Lowering<nn::LayerNormOp> {
  using Lowering::Lowering;

  Value lower(nn::LayerNormOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    ArrayRef<int64_t> shape = result.getShape();
    Type nnElement = result.getElementType();
    Type computed = computedType(nnElement);
    MLIRContext *context = b.getContext();
    auto axes = llvm::to_vector(
        llvm::seq<int64_t>(op.getAxis(), (int64_t)shape.size()));
    double count = 1.0;
    for (int64_t axis : axes)
      count *= shape[axis];
    AffineMap identity = b.getMultiDimIdentityMap(shape.size());
    AffineMap rows = dropDimsMap(context, shape.size(), axes);
    Value x = adaptor.getX();
    Value zero = zeroConstant(b, computed);

    auto mapRows = [&](Value row, Body body) {
      RankedTensorType type = typeOf(row);
      return mapTensors(
          b, type, {{row, b.getMultiDimIdentityMap(type.getRank())}}, body);
    };
    Value sum = reduceDims(b, {{x, identity}}, shape, axes, zero,
                           [&](LocBuilder &b, ValueRange args) {
                             Value value = load(b, args[0], nnElement);
                             return accumulate(b, args[1], value);
                           });
    Value mean = mapRows(sum, [&](LocBuilder &b, ValueRange args) {
      return arith::DivFOp::create(b, args[0],
                                   floatConstant(b, computed, count));
    });
    // The rounding of a mean that is large beside the deviations would be the
    // largest error by far: the mean of the deviations is what it was.
    Value lost =
        reduceDims(b, {{x, identity}, {mean, rows}}, shape, axes, zero,
                   [&](LocBuilder &b, ValueRange args) {
                     Value value = load(b, args[0], nnElement);
                     return accumulate(
                         b, args[2], arith::SubFOp::create(b, value, args[1]));
                   });
    Value rest = mapRows(lost, [&](LocBuilder &b, ValueRange args) {
      return arith::DivFOp::create(b, args[0],
                                   floatConstant(b, computed, count));
    });
    Value squares =
        reduceDims(b, {{x, identity}, {mean, rows}}, shape, axes, zero,
                   [&](LocBuilder &b, ValueRange args) {
                     Value value = load(b, args[0], nnElement);
                     Value centred = arith::SubFOp::create(b, value, args[1]);
                     return multiplyAccumulate(b, args[2], centred, centred);
                   });
    Value inverse = mapRows(squares, [&](LocBuilder &b, ValueRange args) {
      Value variance =
          arith::DivFOp::create(b, args[0], floatConstant(b, computed, count));
      return math::RsqrtOp::create(
          b, arith::AddFOp::create(
                 b, variance, floatConstant(b, computed, op.getEpsilon())));
    });

    SmallVector<Access> accesses{{x, identity},
                                 {mean, rows},
                                 {rest, rows},
                                 {inverse, rows},
                                 broadcastAccess(adaptor.getScale(), shape)};
    if (adaptor.getBias())
      accesses.push_back(broadcastAccess(adaptor.getBias(), shape));
    return mapTensors(
        b, storedType(result), accesses, [&](LocBuilder &b, ValueRange args) {
          Value value = load(b, args[0], nnElement);
          Value scale = load(b, args[4], nnElement);
          Value centred = arith::SubFOp::create(
              b, arith::SubFOp::create(b, value, args[1]), args[2]);
          Value scaled = arith::MulFOp::create(
              b, arith::MulFOp::create(b, centred, args[3]), scale);
          if (op.getBias())
            scaled =
                arith::AddFOp::create(b, scaled, load(b, args[5], nnElement));
          return store(b, scaled, nnElement);
        });
  }
};

/// Where the statistics are constants, so are factor and offset of each
/// channel, and one multiplication and addition are left.
struct BatchNormLowering : Lowering<nn::BatchNormOp> {
  using Lowering::Lowering;

  Value lower(nn::BatchNormOp op, Adaptor adaptor,
              LocBuilder &b) const override {
    auto result = cast<RankedTensorType>(op.getType());
    Type nnElement = result.getElementType();
    Type computed = computedType(nnElement);
    int64_t rank = result.getRank();
    int64_t channel = op.getChannelsLast() ? rank - 1 : 1;
    AffineMap line = b.getMultiDimIdentityMap(1);
    auto perChannel =
        RankedTensorType::get({result.getDimSize(channel)}, computed);

    Value factor =
        mapTensors(b, perChannel,
                   {{adaptor.getScale(), line}, {adaptor.getVariance(), line}},
                   [&](LocBuilder &b, ValueRange args) {
                     Value epsilon =
                         floatConstant(b, computed, op.getEpsilon());
                     Value scale = load(b, args[0], nnElement);
                     Value variance = load(b, args[1], nnElement);
                     Value root = math::SqrtOp::create(
                         b, arith::AddFOp::create(b, variance, epsilon));
                     return arith::DivFOp::create(b, scale, root);
                   });
    Value offset = mapTensors(
        b, perChannel,
        {{adaptor.getBias(), line}, {adaptor.getMean(), line}, {factor, line}},
        [&](LocBuilder &b, ValueRange args) {
          Value bias = load(b, args[0], nnElement);
          Value mean = load(b, args[1], nnElement);
          return arith::SubFOp::create(b, bias,
                                       arith::MulFOp::create(b, mean, args[2]));
        });
    AffineMap channelMap = AffineMap::get(rank, 0, b.getAffineDimExpr(channel));
    return mapTensors(
        b, storedType(result),
        {{adaptor.getX(), b.getMultiDimIdentityMap(rank)},
         {factor, channelMap},
         {offset, channelMap}},
        [&](LocBuilder &b, ValueRange args) {
          Value value = load(b, args[0], nnElement);
          Value scaled = arith::MulFOp::create(b, value, args[1]);
          return store(b, arith::AddFOp::create(b, scaled, args[2]), nnElement);
        });
  }
};
} // namespace

void dlc::conversion::populateNormalization(TypeConverter &converter,
                                            RewritePatternSet &patterns) {
  patterns.add<SoftmaxLowering, LayerNormLowering, BatchNormLowering>(
      converter, patterns.getContext());
}
