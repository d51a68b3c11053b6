//===- NNBase.td - What all nn operations share ------------*- tablegen -*-===//

#ifndef DLC_DIALECT_NN_IR_NNBASE_TD
#define DLC_DIALECT_NN_IR_NNBASE_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dlc/Dialect/NN/IR/NNInterfaces.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::dlc::nn";
  let summary = "What a model means: value-semantics tensor operations";
  let description = [{
    Operations on statically shaped tensors with one meaning each. The importers
    normalise operator-set versions, attributes and optional inputs, so that
    nothing below has to know where a model came from.

    Element types are f64, f32, f16, bf16, i1 (boolean), iN for signed and uiN for
    unsigned integers (N = 2, 4, 8, 16, 32, 64), and the narrow floats f8E4M3FN,
    f8E4M3FNUZ, f8E5M2, f8E5M2FNUZ, f8E8M0FNU and f4E2M1FN, which can be moved,
    compared for equality and cast, but not computed with. "Broadcasting" is numpy's:
    shapes are aligned at their last dimension, a dimension of 1 or a missing one
    repeats.

    Each operation lists its constraints as (C1), (C2) …; the verifier's messages
    carry the same labels. (C0) holds for every operation: the type of its result is
    the one that follows from its operands and attributes.

    Builders infer the result type and never fail: where operands break a
    constraint, the type is a guess and the verifier names the constraint.
  }];
  let hasConstantMaterializer = 1;
  let hasCanonicalizer = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// Types and attributes
//===----------------------------------------------------------------------===//

/// Any tensor of the dialect: ranked, static, of a known element type.
def NN_Tensor : Type<
    And<[CPred<"::llvm::isa<::mlir::RankedTensorType>($_self)">,
         CPred<"::dlc::nn::isSupportedTensor(::llvm::cast<::mlir::RankedTensorType>($_self))">]>,
    "statically shaped tensor of floats, i1, iN or uiN",
    "::mlir::RankedTensorType">;

/// A 64-bit integer attribute that reads as int64_t.
def NN_Int : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer"> {
  let convertFromStorage = "$_self.getInt()";
}

/// A 64-bit float attribute that reads as double.
def NN_Float : FloatAttrBase<F64, "64-bit float"> {
  let returnType = "double";
  let convertFromStorage = "$_self.getValueAsDouble()";
  let constBuilderCall = "$_builder.getF64FloatAttr($0)";
}

class NN_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<NN_Dialect, info, mnemonic> {
  let assemblyFormat = "$value";
}

//===----------------------------------------------------------------------===//
// Classes of operations
//===----------------------------------------------------------------------===//

/// An operation with one result. Its C++ class has, written in the family's .cpp:
///   static FailureOr<RankedTensorType> inferType(Adaptor, ErrorFn)
/// which checks the constraints and computes the result type; builders and the
/// verifier both come from it.
def NN_InferredType : NativeOpTrait<"InferredType", [], [{
    static ::mlir::FailureOr<::mlir::RankedTensorType>
    inferType(Adaptor adaptor, ::dlc::nn::ErrorFn error);
    static bool isCompatibleReturnTypes(::mlir::TypeRange, ::mlir::TypeRange);
  }], [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(
        ::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
        ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
        ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
        ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      Adaptor adaptor(operands, attributes, properties, regions);
      types.push_back(::dlc::nn::detail::typeOrGuess(
          inferType(adaptor, ::dlc::nn::detail::ignoreError), operands, context));
      return ::mlir::success();
    }
    // The verifier below compares with a better message.
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange, ::mlir::TypeRange) {
      return true;
    }
    ::llvm::LogicalResult $cppClass::verify() {
      return ::dlc::nn::detail::verifyResult(
          *this, inferType(Adaptor(*this), [&] { return emitOpError(); }));
    }
  }]> {
  let cppNamespace = "::dlc::nn";
}
def NN_Inferred : TraitList<[
  DeclareOpInterfaceMethods<InferTypeOpInterface>,
  NN_InferredType]>;

class NN_Op<string mnemonic, list<Trait> traits = []>
    : Op<NN_Dialect, mnemonic, !listconcat([Pure], traits)> {
  let results = (outs NN_Tensor:$result);
  let hasVerifier = 1;
}

class NN_InferredOp<string mnemonic, list<Trait> traits = []>
    : NN_Op<mnemonic, !listconcat([NN_Inferred], traits)>;

/// Permutable, with the three methods in the family's .cpp.
defvar NN_Permutable = DeclareOpInterfaceMethods<NN_PermutableOpInterface>;
/// The same for operations that prefer an order.
defvar NN_PrefersPermutation =
    DeclareOpInterfaceMethods<NN_PermutableOpInterface, ["getPreferredPermutation"]>;

/// An elementwise operation: constants and identities fold by one table (Fold.cpp),
/// and all permute in the same way.
def NN_ElementwiseImpl : NativeOpTrait<"ElementwiseImpl", [], [{}], [{
    ::mlir::OpFoldResult $cppClass::fold(FoldAdaptor adaptor) {
      return ::dlc::nn::detail::foldElementwise(*this, adaptor.getOperands());
    }
    std::optional<::dlc::nn::PermutationPlan> $cppClass::planFromOperand(
        unsigned operand, ::llvm::ArrayRef<int64_t> permutation) {
      return ::dlc::nn::detail::planElementwiseFromOperand(*this, operand, permutation);
    }
    std::optional<::dlc::nn::PermutationPlan>
    $cppClass::planFromResult(::llvm::ArrayRef<int64_t> permutation) {
      return ::dlc::nn::detail::planElementwiseFromResult(*this, permutation);
    }
    ::mlir::Value $cppClass::buildPermuted(::mlir::OpBuilder &builder,
        ::mlir::ValueRange operands, const ::dlc::nn::PermutationPlan &plan) {
      return ::dlc::nn::detail::copyPermuted(*this, builder, operands, plan);
    }
  }]> {
  let cppNamespace = "::dlc::nn";
}
defvar NN_Elementwise = [NN_ElementwiseOpInterface, NN_Permutable, NN_ElementwiseImpl];

#endif // DLC_DIALECT_NN_IR_NNBASE_TD
