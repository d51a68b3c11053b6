//===- NN.h - The nn dialect ------------------------------------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_IR_NN_H
#define DLC_DIALECT_NN_IR_NN_H

#include "dlc/Dialect/NN/IR/Permutation.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace dlc::nn {

/// Sets of element types, named by what an operation accepts.
enum class ElementKinds : unsigned {
  Float = 1,    ///< f64, f32, f16, bf16
  Signed = 2,   ///< i2 … i64
  Unsigned = 4, ///< ui2 … ui64
  Bool = 8,     ///< i1
  Narrow = 16,  ///< f8… and f4…, which only travel
  Integer = Signed | Unsigned,
  Negatable = Float | Signed,
  Numeric = Float | Integer,
  Any = Numeric | Bool | Narrow,
};

/// Whether `elementType` is in the set.
bool isOneOf(mlir::Type elementType, ElementKinds kinds);

/// The set as text for messages: "floating-point or signed integer".
std::string describeKinds(ElementKinds kinds);

/// Whether the dialect's operations can take or return this type.
bool isSupportedTensor(mlir::RankedTensorType type);

/// The shape that `a` and `b` have after numpy broadcasting; nullopt where they
/// do not fit.
std::optional<llvm::SmallVector<int64_t>>
broadcastShapes(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);

/// The one element that all elements of a dense constant are equal to, else
/// null.
mlir::Attribute splatOf(mlir::Value value);

/// Whether `value` is a dense constant whose elements all equal `number`.
bool isSplat(mlir::Value value, double number);

/// Attributes of a graph function's arguments and results: `dlc.extents` holds
/// one number a dimension, -1 where the size is fixed, else which element of
/// the tensor with `dlc.is_extents` (i64, one dimension) says how much counts.
constexpr llvm::StringLiteral kExtentsAttrName = "dlc.extents";
constexpr llvm::StringLiteral kIsExtentsAttrName = "dlc.is_extents";
/// Of an argument (i64, two elements): the seed and the number of the run.
constexpr llvm::StringLiteral kIsRandomAttrName = "dlc.is_random";
/// Attribute of a graph function in which something has a computed extent, be
/// it no input or output.
constexpr llvm::StringLiteral kHasExtentsAttrName = "dlc.has_extents";
/// What was built for the sizes of its operands, such as padding or positions
/// in memory: it would be another one for the extents.
constexpr llvm::StringLiteral kFittedAttrName = "nn.fitted";

/// Begins an error message; inactive where only the answer is wanted.
using ErrorFn = llvm::function_ref<mlir::InFlightDiagnostic()>;

/// Marks operations whose class has inferType (see NNBase.td).
template <typename ConcreteType>
class InferredType
    : public mlir::OpTrait::TraitBase<ConcreteType, InferredType> {};

/// Marks operations that fold by the table in Fold.cpp and permute all alike.
template <typename ConcreteType>
class ElementwiseImpl
    : public mlir::OpTrait::TraitBase<ConcreteType, ElementwiseImpl> {};

namespace detail {
inline mlir::InFlightDiagnostic ignoreError() { return {}; }
mlir::Type typeOrGuess(mlir::FailureOr<mlir::RankedTensorType> type,
                       mlir::ValueRange operands, mlir::MLIRContext *context);
llvm::LogicalResult
verifyResult(mlir::Operation *op,
             mlir::FailureOr<mlir::RankedTensorType> inferred);
mlir::FailureOr<mlir::RankedTensorType> inferUnary(mlir::ValueRange operands,
                                                   ElementKinds kinds,
                                                   bool toBool, ErrorFn error);
mlir::FailureOr<mlir::RankedTensorType> inferBinary(mlir::ValueRange operands,
                                                    ElementKinds kinds,
                                                    bool toBool, ErrorFn error);
mlir::OpFoldResult foldElementwise(mlir::Operation *op,
                                   llvm::ArrayRef<mlir::Attribute> operands);
std::optional<PermutationPlan>
planElementwiseFromOperand(mlir::Operation *op, unsigned operand,
                           llvm::ArrayRef<int64_t> permutation);
std::optional<PermutationPlan>
planElementwiseFromResult(mlir::Operation *op,
                          llvm::ArrayRef<int64_t> permutation);
mlir::Value copyPermuted(mlir::Operation *op, mlir::OpBuilder &builder,
                         mlir::ValueRange operands,
                         const PermutationPlan &plan);
} // namespace detail
} // namespace dlc::nn

#include "dlc/Dialect/NN/IR/NNDialect.h.inc"
#include "dlc/Dialect/NN/IR/NNEnums.h.inc"
#include "dlc/Dialect/NN/IR/NNInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dlc/Dialect/NN/IR/NNAttrs.h.inc"

#define GET_OP_CLASSES
#include "dlc/Dialect/NN/IR/NNOps.h.inc"

#endif // DLC_DIALECT_NN_IR_NN_H
