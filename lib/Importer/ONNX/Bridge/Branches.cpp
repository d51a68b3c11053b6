//===- Branches.cpp - Conditionals ----------------------------------------===//

#include "Internal.h"

using namespace dlc::importer;
using onnx::GraphProto;
using onnx::NodeProto;

static bool isIf(const NodeProto &node) {
  return node.op_type() == "If" && node.domain().empty() &&
         node.input_size() == 1;
}

/// The branch of that name, if it fits to the node.
static const GraphProto *branchOf(const NodeProto &node, const char *name) {
  const GraphProto *branch = subgraph(node, name);
  return branch && branch->output_size() == node.output_size() &&
                 branch->input_size() == 0
             ? branch
             : nullptr;
}

bool dlc::importer::inlineKnownBranches(
    GraphProto &graph,
    const std::function<std::optional<bool>(const std::string &)> &condition) {
  bool changed = false;
  Nodes kept;
  for (NodeProto &node : *graph.mutable_node()) {
    std::optional<bool> taken;
    if (isIf(node))
      taken = condition(node.input(0));
    const GraphProto *branch =
        taken ? branchOf(node, *taken ? "then_branch" : "else_branch")
              : nullptr;
    if (!branch) {
      kept.Add()->Swap(&node);
      continue;
    }
    changed = true;
    // The result's name is unique in the graph: a safe prefix.
    std::vector<std::string> results =
        inlineGraph(*branch, node.output(0) + "/branch/", {}, kept, graph);
    for (int i = 0; i < node.output_size(); ++i)
      if (!node.output(i).empty())
        addNode(kept, node, "Identity", {results[i]}, {node.output(i)});
  }
  graph.mutable_node()->Swap(&kept);
  return changed;
}

bool dlc::importer::selectBranches(Model &model,
                                   std::vector<SameShapes> &checks) {
  GraphProto &graph = *model.proto.mutable_graph();
  bool changed = false;
  Nodes kept;
  for (NodeProto &node : *graph.mutable_node()) {
    const GraphProto *yes = nullptr, *no = nullptr;
    if (isIf(node)) {
      yes = branchOf(node, "then_branch");
      no = branchOf(node, "else_branch");
    }
    if (!yes || !no) {
      kept.Add()->Swap(&node);
      continue;
    }
    changed = true;
    const std::string base = node.output(0);
    std::vector<std::string> first =
        inlineGraph(*yes, base + "/then/", {}, kept, graph);
    std::vector<std::string> second =
        inlineGraph(*no, base + "/else/", {}, kept, graph);
    // The condition has one element, of whatever rank.
    addInts(graph, base + "/scalar", {});
    addNode(kept, node, "Reshape", {node.input(0), base + "/scalar"},
            {base + "/condition"});
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty())
        continue;
      addNode(kept, node, choiceOp, {base + "/condition", first[i], second[i]},
              {node.output(i)})
          .set_domain(ownDomain);
      checks.push_back({first[i], second[i], displayName(node), "If"});
    }
  }
  graph.mutable_node()->Swap(&kept);
  return changed;
}

void dlc::importer::settleChoice(NodeProto &node) {
  node.clear_domain();
  node.set_op_type("Where");
  setInt(node, choiceAttr, 1);
}
