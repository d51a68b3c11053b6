//===- Location.cpp - Where in the user's model a value comes from --------===//

#include "dlc/Support/Location.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

Location dlc::nodeLocation(MLIRContext *context, StringRef file, StringRef node,
                           StringRef opType) {
  return NameLoc::get(
      StringAttr::get(context, (node + " (" + opType + ")").str()),
      FileLineColLoc::get(context, file, 0, 0));
}

std::string dlc::describeLocation(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    std::string file = describeLocation(name.getChildLoc());
    std::string node = "node '" + name.getName().str() + "'";
    return file.empty() ? node : file + ": " + node;
  }
  if (auto file = dyn_cast<FileLineColLoc>(loc)) {
    std::string result = file.getFilename().str();
    if (file.getLine())
      result += ":" + std::to_string(file.getLine()) + ":" +
                std::to_string(file.getColumn());
    return result;
  }
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (std::string text = describeLocation(part); !text.empty())
        return text;
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return describeLocation(call.getCallee());
  return "";
}

static void collectNames(Location loc, SmallVectorImpl<std::string> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (!llvm::is_contained(names, name.getName().getValue()))
      names.push_back(name.getName().str());
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  }
}

SmallVector<std::string> dlc::namesOfNodes(Location loc) {
  SmallVector<std::string> names;
  collectNames(loc, names);
  return names;
}

std::string dlc::nameOfNode(Location loc) {
  SmallVector<std::string> names = namesOfNodes(loc);
  return names.empty() ? "" : names.front();
}
