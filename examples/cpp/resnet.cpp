// A residual network for small pictures, as a standalone program.
//   resnet weights.safetensors program

#include <dlc/Frontend/Graph.h>

#include <iostream>

namespace {

class ResNet {
public:
  explicit ResNet(std::map<std::string, dlc::Array> weights)
      : weights(std::move(weights)) {
    dlc::Tensor x = graph.input("image", dlc::DType::F32, {"batch", 3, 32, 32});
    x = dlc::relu(convolve(x, "stem", {1, 1, 1, 1}));
    for (const char *stage : {"stage1", "stage2", "stage3"}) {
      auto scope = graph.scope(stage);
      x = block(x, "block1", stage == std::string("stage1") ? 1 : 2);
      x = block(x, "block2", 1);
    }
    x = dlc::mean(x, {2, 3});
    graph.output("scores", dlc::linear(x, parameter("head.weight"),
                                       parameter("head.bias")));
  }

  dlc::Graph graph{"resnet", {{"batch", 2}}};

private:
  /// The names in the file are those of the graph, with scopes.
  dlc::Tensor parameter(const std::string &name) {
    return graph.parameter(name, weights.at(graph.qualify(name)));
  }

  dlc::Tensor convolve(const dlc::Tensor &x, const std::string &name,
                       const dlc::Window2d &window) {
    auto scope = graph.scope(name);
    dlc::Tensor y = dlc::conv2d(x, parameter("weight"), {}, window);
    return dlc::batch_norm(y, parameter("scale"), parameter("bias"),
                           parameter("mean"), parameter("variance"),
                           /*epsilon=*/1e-5);
  }

  dlc::Tensor block(const dlc::Tensor &x, const std::string &name,
                    int64_t stride) {
    auto scope = graph.scope(name);
    dlc::Tensor y = dlc::relu(convolve(x, "conv1", {stride, 1, 1, 1}));
    y = convolve(y, "conv2", {1, 1, 1, 1});
    return dlc::relu(
        y + (stride == 1 ? x : convolve(x, "shortcut", {stride, 0, 1, 1})));
  }

  std::map<std::string, dlc::Array> weights;
};

} // namespace

int main(int argc, char **argv) try {
  if (argc != 3)
    throw dlc::Error("usage: resnet weights.safetensors program");
  ResNet(dlc::loadSafetensors(argv[1])).graph.compileProgram(argv[2]);
} catch (const std::exception &error) {
  std::cerr << "resnet: error: " << error.what() << "\n";
  return 1;
}
