// A network of two layers, built, compiled and run in one program.
//   mlp weights.safetensors x.npy y.npy

#include <dlc/Frontend/Graph.h>

#include <iostream>

int main(int argc, char **argv) try {
  if (argc != 4)
    throw dlc::Error("usage: mlp weights.safetensors x.npy y.npy");
  std::map<std::string, dlc::Array> weights = dlc::loadSafetensors(argv[1]);

  dlc::Graph graph("mlp", {{"batch", 4}});
  auto layer = [&](const dlc::Tensor &x, const std::string &name) {
    return dlc::linear(
        x, graph.parameter(name + ".weight", weights.at(name + ".weight")),
        graph.parameter(name + ".bias", weights.at(name + ".bias")));
  };
  dlc::Tensor x = graph.input("x", dlc::DType::F32, {"batch", 64});
  graph.output("y", dlc::softmax(layer(dlc::relu(layer(x, "fc1")), "fc2"), -1));

  dlc::Model model = graph.compile();
  dlc::saveNpy(argv[3], model({dlc::loadNpy(argv[2])}).front());
  std::cout << "arena " << model.arenaBytes() << " bytes\n";
} catch (const std::exception &error) {
  std::cerr << "mlp: error: " << error.what() << "\n";
  return 1;
}
