//===- Lowering.h - Shared parts of the nn lowering -------------*- C++ -*-===//
//
// Private to NNToLinalg. Two kinds of helpers that every op family uses:
//
// - scalars: how an element of an nn type is stored below nn (i1 as i8, uiN as
//   iN) and what it is computed in (i1, iN, f32 for the 16-bit floats), and the
//   conversions between them;
// - tensors: linalg.generic over the exact iteration space, padding, slicing
// and
//   reshaping with static shapes.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_CONVERSION_NNTOLINALG_LOWERING_H
#define DLC_LIB_CONVERSION_NNTOLINALG_LOWERING_H

#include "dlc/Dialect/NN/IR/NN.h"

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"

namespace dlc::conversion {

using LocBuilder = mlir::ImplicitLocOpBuilder;
using Body = llvm::function_ref<mlir::Value(LocBuilder &, mlir::ValueRange)>;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

/// The element type below nn: bool is a byte that holds 0 or 1, narrow floats
/// and integers of less than 8 bits take a byte, unsigned integers are
/// signless.
mlir::Type storedType(mlir::Type nnElement);
mlir::RankedTensorType storedType(mlir::RankedTensorType nnTensor);

/// What an element is computed in: i1 for bool, f32 for floats of 16 bits and
/// less, signless integers, else the type itself.
mlir::Type computedType(mlir::Type nnElement);

bool isBool(mlir::Type nnElement);
/// Unsigned integers and bool.
bool isUnsigned(mlir::Type nnElement);

/// Floats of 8 bits and less.
bool isNarrowFloat(mlir::Type nnElement);

/// A byte with a narrow integer or float in its low bits as it is stored:
/// extended by its sign or zeros. Others stay as they are.
mlir::Value cleanByte(LocBuilder &b, mlir::Value byte, mlir::Type nnElement);

/// The bits of a narrow float as f32, and f32 or f64 as narrow float; see
/// nn.cast for the rules.
mlir::Value decodeFloat(LocBuilder &b, mlir::Value byte, mlir::FloatType type);
mlir::Value encodeFloat(LocBuilder &b, mlir::Value x, mlir::FloatType type,
                        bool saturate = true,
                        nn::RoundMode round = nn::RoundMode::Up);

/// Whether a result of half precision may stay f32 where the same kernel reads
/// it. It must not where a model says that it is rounded (a cast), and where
/// what reads it jumps: two kernels would see it on two sides of the jump.
enum class Rounding { Free, Kept };

/// Stored element -> computed element, and back. Of bytes that hold narrower
/// types only the low bits count, so that the callers of programs need not
/// agree on what the others are. A number stays unrounded where both of its
/// store and load are free.
mlir::Value load(LocBuilder &b, mlir::Value stored, mlir::Type nnElement,
                 Rounding rounding = Rounding::Free);
mlir::Value store(LocBuilder &b, mlir::Value computed, mlir::Type nnElement,
                  Rounding rounding = Rounding::Free);

/// Loads a factor of a product whose sums have the computed type `sum`.
mlir::Value loadFactor(LocBuilder &b, mlir::Value stored, mlir::Type nnElement,
                       mlir::Type sum);

/// ONNX Cast between computed elements. Out-of-range floats become what x86
/// (and so numpy) gives, never poison.
mlir::Value castScalar(LocBuilder &b, mlir::Value computed, mlir::Type from,
                       mlir::Type to);

mlir::Value floatConstant(LocBuilder &b, mlir::Type type, double value);
mlir::Value intConstant(LocBuilder &b, mlir::Type type, int64_t value);
mlir::Value indexConstant(LocBuilder &b, int64_t value);
/// Zero of a float or integer type.
mlir::Value zeroConstant(LocBuilder &b, mlir::Type type);
/// The least (or greatest) value of a computed type; infinities for floats.
mlir::Value limitConstant(LocBuilder &b, mlir::Type computed,
                          bool isUnsignedType, bool lowest);

/// The one element of a constant tensor whose elements are all equal.
std::optional<mlir::TypedAttr> splatElement(mlir::Value tensor);

/// max/min of computed values; NaN propagates.
mlir::Value maximum(LocBuilder &b, mlir::Value x, mlir::Value y,
                    bool isUnsignedType);
mlir::Value minimum(LocBuilder &b, mlir::Value x, mlir::Value y,
                    bool isUnsignedType);
/// Sum and product. Float ones may be reassociated: they are steps of
/// reductions.
mlir::Value accumulate(LocBuilder &b, mlir::Value x, mlir::Value y);
/// acc + x * y, the step of a contraction.
mlir::Value multiplyAccumulate(LocBuilder &b, mlir::Value acc, mlir::Value x,
                               mlir::Value y);

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

inline mlir::RankedTensorType typeOf(mlir::Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value tensor) {
  return typeOf(tensor).getShape();
}

/// A tensor and how a loop nest reads it.
struct Access {
  mlir::Value tensor;
  mlir::AffineMap map;
};

mlir::Value emptyTensor(LocBuilder &b, llvm::ArrayRef<int64_t> shape,
                        mlir::Type element);
mlir::Value filledTensor(LocBuilder &b, llvm::ArrayRef<int64_t> shape,
                         mlir::Value scalar);

/// The numpy broadcast of an operand as a map from the result's loops.
mlir::AffineMap broadcastMap(mlir::MLIRContext *context,
                             llvm::ArrayRef<int64_t> operandShape,
                             llvm::ArrayRef<int64_t> resultShape);
inline Access broadcastAccess(mlir::Value operand,
                              llvm::ArrayRef<int64_t> resultShape) {
  return {operand,
          broadcastMap(operand.getContext(), shapeOf(operand), resultShape)};
}

/// One parallel loop per dimension of the result; the body gets one stored
/// element per access. Splat constants become scalars in the body.
mlir::Value mapTensors(LocBuilder &b, mlir::RankedTensorType result,
                       llvm::ArrayRef<Access> accesses, Body body);

/// Combines into `result`, which starts as `init`. The loops that `outputMap`
/// does not use are reduction loops. The body gets the accesses' elements, then
/// the accumulator.
mlir::Value reduceTensors(LocBuilder &b, mlir::RankedTensorType result,
                          mlir::AffineMap outputMap, mlir::Value init,
                          llvm::ArrayRef<Access> accesses, Body body);

/// Row-major reshape through the fewest expand and collapse ops.
mlir::Value reshapeTensor(LocBuilder &b, mlir::Value tensor,
                          llvm::ArrayRef<int64_t> shape);

/// Pads with `scalar`; negative amounts cut.
mlir::Value padTensor(LocBuilder &b, mlir::Value tensor,
                      llvm::ArrayRef<int64_t> lo, llvm::ArrayRef<int64_t> hi,
                      mlir::Value scalar);

mlir::Value sliceTensor(LocBuilder &b, mlir::Value tensor,
                        llvm::ArrayRef<int64_t> offsets,
                        llvm::ArrayRef<int64_t> sizes,
                        llvm::ArrayRef<int64_t> strides);
mlir::Value insertTensor(LocBuilder &b, mlir::Value tensor, mlir::Value into,
                         llvm::ArrayRef<int64_t> offsets);

/// Element-wise conversion between stored tensors of nn element types that no
/// op of the graph asks for.
mlir::Value castTensor(LocBuilder &b, mlir::Value tensor, mlir::Type from,
                       mlir::Type to);

/// A constant tensor of doubles as `element` (a float type), or of integers.
mlir::Value constantTensor(LocBuilder &b, llvm::ArrayRef<int64_t> shape,
                           mlir::Type element, llvm::ArrayRef<double> values);
mlir::Value constantTensor(LocBuilder &b, llvm::ArrayRef<int64_t> shape,
                           llvm::ArrayRef<int64_t> values);

//===----------------------------------------------------------------------===//
// Patterns, one function per op family
//===----------------------------------------------------------------------===//

/// Base of the patterns: `lower` builds the replacement of the op's only result
/// from converted operands, or returns null after reporting why it can not.
template <typename OpT>
struct Lowering : mlir::OpConversionPattern<OpT> {
  using Base = mlir::OpConversionPattern<OpT>;
  using Base::Base;
  using Adaptor = typename OpT::Adaptor;

  virtual mlir::Value lower(OpT op, Adaptor operands, LocBuilder &b) const = 0;

  mlir::LogicalResult
  matchAndRewrite(OpT op, Adaptor operands,
                  mlir::ConversionPatternRewriter &rewriter) const final {
    LocBuilder b(op.getLoc(), rewriter);
    mlir::RankedTensorType type = storedType(
        mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType()));
    // nothing below has to care for loops over nothing
    mlir::Value result =
        type.getNumElements() == 0
            ? emptyTensor(b, type.getShape(), type.getElementType())
            : lower(op, operands, b);
    if (!result)
      return mlir::failure();
    rewriter.replaceOp(op, result);
    return mlir::success();
  }
};

void populateElementwise(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateConvolution(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populatePooling(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateContraction(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateReduction(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateNormalization(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateResize(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateShape(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateRandom(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateIndexing(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateCustom(mlir::TypeConverter &, mlir::RewritePatternSet &);
void populateLoop(mlir::TypeConverter &, mlir::RewritePatternSet &);

} // namespace dlc::conversion

#endif // DLC_LIB_CONVERSION_NNTOLINALG_LOWERING_H
