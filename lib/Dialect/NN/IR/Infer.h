//===- Infer.h - Helpers of the inferType functions -------------*- C++ -*-===//

#ifndef DLC_LIB_DIALECT_NN_IR_INFER_H
#define DLC_LIB_DIALECT_NN_IR_INFER_H

#include "dlc/Dialect/NN/IR/NN.h"

namespace dlc::nn {

using TypeOrFailure = mlir::FailureOr<mlir::RankedTensorType>;

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return typeOf(value).getShape();
}

inline mlir::Type elementOf(mlir::Value value) {
  return typeOf(value).getElementType();
}

/// Fails where `value`'s element type is not one of `kinds`.
inline llvm::LogicalResult requireKind(mlir::Value value, ElementKinds kinds,
                                       llvm::StringRef label, ErrorFn error) {
  if (isOneOf(elementOf(value), kinds))
    return mlir::success();
  return error() << "(" << label << ") the element type must be "
                 << describeKinds(kinds) << ", got " << elementOf(value);
}

/// Fails where the element types of `values` differ.
inline llvm::LogicalResult requireSameElement(mlir::ValueRange values,
                                              llvm::StringRef label,
                                              ErrorFn error) {
  for (mlir::Value value : values.drop_front())
    if (elementOf(value) != elementOf(values.front()))
      return error() << "(" << label
                     << ") the element types must be equal, got "
                     << elementOf(values.front()) << " and "
                     << elementOf(value);
  return mlir::success();
}

/// Fails where `axis` is not a dimension of `value`.
inline llvm::LogicalResult requireAxis(mlir::Value value, int64_t axis,
                                       llvm::StringRef label, ErrorFn error) {
  if (axis >= 0 && axis < typeOf(value).getRank())
    return mlir::success();
  return error() << "(" << label << ") axis " << axis
                 << " is not a dimension of a tensor of rank "
                 << typeOf(value).getRank();
}

/// A shape for messages: "2x3", for rank 0 "scalar".
inline std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(shape, os, "x");
  return shape.empty() ? "scalar" : text;
}

/// Fails where `attribute` does not hold `count` numbers >= `least`.
inline llvm::LogicalResult requireNumbers(llvm::ArrayRef<int64_t> attribute,
                                          llvm::StringRef name, size_t count,
                                          int64_t least, llvm::StringRef label,
                                          ErrorFn error) {
  if (attribute.size() != count)
    return error() << "(" << label << ") " << name << " must hold " << count
                   << " numbers, got " << attribute.size();
  for (int64_t number : attribute)
    if (number < least)
      return error() << "(" << label << ") " << name
                     << " must hold numbers >= " << least << ", got " << number;
  return mlir::success();
}

/// The type of `like` with another shape.
inline mlir::RankedTensorType withShape(mlir::Value like,
                                        llvm::ArrayRef<int64_t> shape) {
  return mlir::RankedTensorType::get(shape, elementOf(like));
}

/// The number of elements; nullopt where int64_t does not hold it.
inline std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  if (llvm::is_contained(shape, 0))
    return 0;
  for (int64_t size : shape)
    if (llvm::MulOverflow(count, size, count))
      return std::nullopt;
  return count;
}

} // namespace dlc::nn

#endif // DLC_LIB_DIALECT_NN_IR_INFER_H
