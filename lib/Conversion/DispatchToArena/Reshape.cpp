//===- Reshape.cpp - Contiguous memrefs in other shapes -------------------===//

#include "Reshape.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;

Value dlc::conversion::reshapeMemRef(OpBuilder &builder, Location loc,
                                     Value source, ArrayRef<int64_t> shape) {
  auto type = cast<MemRefType>(source.getType());
  if (type.getShape() == shape)
    return source;
  // One group with all dimensions; none for a shape without dimensions.
  auto allDims = [](int64_t rank) {
    SmallVector<ReassociationIndices> groups;
    if (rank > 0)
      groups.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(rank)));
    return groups;
  };
  auto withShape = [&](ArrayRef<int64_t> newShape) {
    return MemRefType::get(newShape, type.getElementType(),
                           MemRefLayoutAttrInterface(), type.getMemorySpace());
  };
  MemRefType flat = withShape({type.getNumElements()});
  if (type.getRank() != 1) {
    if (type.getRank() == 0)
      source =
          memref::ExpandShapeOp::create(builder, loc, flat, source, allDims(0));
    else
      source = memref::CollapseShapeOp::create(builder, loc, flat, source,
                                               allDims(type.getRank()));
  }
  if (shape.size() == 1)
    return source;
  if (shape.empty())
    return memref::CollapseShapeOp::create(builder, loc, withShape(shape),
                                           source, allDims(0));
  return memref::ExpandShapeOp::create(builder, loc, withShape(shape), source,
                                       allDims(shape.size()));
}
