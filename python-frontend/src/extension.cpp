//===- extension.cpp - The graph API and compiled models for Python -------===//

#include "convert.h"

#include <dlc/Frontend/Custom.h>

#include <nanobind/operators.h>

#include <set>

using dlc::Array;
using dlc::CompileOptions;
using dlc::DType;
using dlc::Error;
using dlc::Graph;
using dlc::Ints;
using dlc::Model;
using dlc::Tensor;
using dlc::TensorInfo;

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

std::optional<DType> parseDType(nb::handle object) {
  std::string name;
  if (nb::isinstance<nb::str>(object))
    name = nb::cast<std::string>(object);
  else if (nb::hasattr(object, "name")) // numpy.dtype
    name = nb::cast<std::string>(nb::str(object.attr("name")));
  else if (nb::hasattr(object, "__name__")) // numpy.float32, bool
    name = nb::cast<std::string>(nb::str(object.attr("__name__")));
  else
    name = nb::cast<std::string>(nb::str(object)); // torch.float32
  name.erase(0, name.rfind('.') + 1);
  for (auto code = static_cast<uint32_t>(DType::Bool);
       code <= static_cast<uint32_t>(DType::F64); ++code)
    if (name == dlc::getName(static_cast<DType>(code)))
      return static_cast<DType>(code);
  return std::nullopt;
}

dlc::SourceLocation callerLocation() {
  PyFrameObject *frame = PyEval_GetFrame();
  if (!frame)
    return {};
  nb::object code =
      nb::steal(reinterpret_cast<PyObject *>(PyFrame_GetCode(frame)));
  // Names of files live as long as the program.
  static auto *names = new std::set<std::string>;
  auto file = nb::cast<std::string>(code.attr("co_filename"));
  return {names->insert(file).first->c_str(),
          static_cast<unsigned>(PyFrame_GetLineNumber(frame))};
}

/// Anything with __dlpack__ or the buffer protocol.
using AnyArray = nb::ndarray<nb::ro, nb::c_contig>;

static DType getDType(nb::dlpack::dtype dtype) {
  auto code = static_cast<nb::dlpack::dtype_code>(dtype.code);
  if (dtype.lanes == 1)
    for (auto [kind, bits, result] :
         {std::tuple(nb::dlpack::dtype_code::Bool, 8, DType::Bool),
          {nb::dlpack::dtype_code::Int, 8, DType::I8},
          {nb::dlpack::dtype_code::Int, 16, DType::I16},
          {nb::dlpack::dtype_code::Int, 32, DType::I32},
          {nb::dlpack::dtype_code::Int, 64, DType::I64},
          {nb::dlpack::dtype_code::UInt, 8, DType::U8},
          {nb::dlpack::dtype_code::UInt, 16, DType::U16},
          {nb::dlpack::dtype_code::UInt, 32, DType::U32},
          {nb::dlpack::dtype_code::UInt, 64, DType::U64},
          {nb::dlpack::dtype_code::Float, 16, DType::F16},
          {nb::dlpack::dtype_code::Float, 32, DType::F32},
          {nb::dlpack::dtype_code::Float, 64, DType::F64},
          {nb::dlpack::dtype_code::Bfloat, 16, DType::BF16}})
      if (kind == code && bits == dtype.bits)
        return result;
  throw Error("arrays of this element type are not supported");
}

static nb::dlpack::dtype toDLPack(DType dtype) {
  auto make = [&](nb::dlpack::dtype_code code) {
    return nb::dlpack::dtype{static_cast<uint8_t>(code),
                             static_cast<uint8_t>(dlc::getSize(dtype) * 8), 1};
  };
  switch (dtype) {
  case DType::Bool:
    return make(nb::dlpack::dtype_code::Bool);
  case DType::I8:
  case DType::I16:
  case DType::I32:
  case DType::I64:
    return make(nb::dlpack::dtype_code::Int);
  case DType::U8:
  case DType::U16:
  case DType::U32:
  case DType::U64:
    return make(nb::dlpack::dtype_code::UInt);
  case DType::BF16:
    return make(nb::dlpack::dtype_code::Bfloat);
  default:
    return make(nb::dlpack::dtype_code::Float);
  }
}

static Ints getShape(const AnyArray &array) {
  Ints shape;
  for (size_t i = 0; i < array.ndim(); ++i)
    shape.push_back(static_cast<int64_t>(array.shape(i)));
  return shape;
}

/// The array's own memory, kept alive. `dtype` says what uint16 stands for.
static Array toArray(const AnyArray &array, std::optional<DType> dtype = {}) {
  if (array.device_type() != nb::device::cpu::value)
    throw Error("this array is not in host memory");
  DType found = getDType(array.dtype());
  if (dtype && *dtype == DType::BF16 && found == DType::U16)
    found = DType::BF16;
  static const char none = 0; // arrays without elements may have no memory
  auto owner = std::make_shared<AnyArray>(array);
  return Array::view(array.data() ? array.data() : &none, found,
                     getShape(array), owner);
}

/// An array of Python's on memory of ours. numpy has no bfloat16: its bits are
/// uint16 there.
static nb::object toPython(const Array &array, bool forNumpy) {
  auto *kept = new Array(array);
  nb::capsule owner(kept,
                    [](void *p) noexcept { delete static_cast<Array *>(p); });
  std::vector<size_t> shape(array.shape().begin(), array.shape().end());
  DType dtype = array.dtype();
  if (forNumpy && dtype == DType::BF16)
    dtype = DType::U16;
  if (forNumpy)
    return nb::cast(nb::ndarray<nb::numpy>(kept->data(), shape.size(),
                                           shape.data(), owner, nullptr,
                                           toDLPack(dtype)));
  return nb::cast(nb::ndarray<>(kept->data(), shape.size(), shape.data(), owner,
                                nullptr, toDLPack(dtype)));
}

/// While the compiler runs Python may handle signals: Ctrl-C ends it.
static void setInterrupted(CompileOptions &options) {
  options.interrupted = [] {
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
  };
}

/// Runs `action` without the GIL; what a signal handler raised is passed on.
template <typename Action>
static auto compiling(Action action) {
  try {
    nb::gil_scoped_release release;
    return action();
  } catch (const dlc::Interrupted &) {
    if (PyErr_Occurred())
      throw nb::python_error();
    throw;
  }
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

static dlc::Operand side(nb::handle object, dlc::SourceLocation where) {
  if (nb::isinstance<Tensor>(object))
    return {nb::cast<Tensor>(object), where};
  return {nb::cast<double>(object), where};
}

/// Whether Python should try this operand.
static bool isOperand(nb::handle object) {
  return nb::isinstance<Tensor>(object) || PyFloat_Check(object.ptr()) ||
         PyLong_Check(object.ptr());
}

template <typename Operator>
static void bindOperator(nb::class_<Tensor> &type, const char *name,
                         const char *reflected, Operator apply) {
  type.def(
      name,
      [apply](const Tensor &self, nb::handle other) -> nb::object {
        if (!isOperand(other))
          return nb::borrow(Py_NotImplemented);
        dlc::SourceLocation where = callerLocation();
        return nb::cast(apply({self, where}, side(other, where)));
      },
      nb::is_operator(), "other"_a,
      nb::sig((std::string("def ") + name +
               "(self, other: Tensor | float | int) -> Tensor")
                  .c_str()));
  if (!reflected)
    return;
  type.def(
      reflected,
      [apply](const Tensor &self, nb::handle other) -> nb::object {
        if (!isOperand(other))
          return nb::borrow(Py_NotImplemented);
        dlc::SourceLocation where = callerLocation();
        return nb::cast(apply(side(other, where), {self, where}));
      },
      nb::is_operator(), "other"_a,
      nb::sig((std::string("def ") + reflected +
               "(self, other: float | int) -> Tensor")
                  .c_str()));
}

static void bindTensor(nb::module_ &m) {
  nb::class_<Tensor> type(m, "Tensor",
                          "A value in a graph. Operators broadcast as numpy's; "
                          "a number takes the element type of the tensor.");
  type.def_prop_ro("dtype", &Tensor::dtype, "The element type, as a name.")
      .def_prop_ro(
          "shape",
          [](const Tensor &self) { return nb::tuple(nb::cast(self.shape())); },
          nb::sig("def shape(self) -> tuple[int, ...]"))
      .def_prop_ro("rank", &Tensor::rank)
      .def("__repr__", [](const Tensor &self) {
        return "<dlc.Tensor " + dlc::describe(self.dtype(), self.shape()) + ">";
      });
  using dlc::Operand;
  using Side = const Operand &;
  bindOperator(type, "__add__", "__radd__",
               [](Side a, Side b) { return a + b; });
  bindOperator(type, "__sub__", "__rsub__",
               [](Side a, Side b) { return a - b; });
  bindOperator(type, "__mul__", "__rmul__",
               [](Side a, Side b) { return a * b; });
  bindOperator(type, "__truediv__", "__rtruediv__",
               [](Side a, Side b) { return a / b; });
  bindOperator(type, "__lt__", nullptr, [](Side a, Side b) { return a < b; });
  bindOperator(type, "__le__", nullptr, [](Side a, Side b) { return a <= b; });
  bindOperator(type, "__gt__", nullptr, [](Side a, Side b) { return a > b; });
  bindOperator(type, "__ge__", nullptr, [](Side a, Side b) { return a >= b; });
  type.def("__pow__",
           [](const Tensor &self, double exponent) {
             dlc::SourceLocation where = callerLocation();
             return dlc::pow(self, dlc::scalar_like(exponent, self, where),
                             where);
           })
      .def("__matmul__",
           [](const Tensor &self, const Tensor &other) {
             return dlc::matmul(self, other, /*wide=*/false, callerLocation());
           })
      .def("__neg__",
           [](const Tensor &self) { return dlc::neg(self, callerLocation()); });
}

/// The scope of a `with` statement.
class ScopeGuard {
public:
  ScopeGuard(Graph graph, std::string name)
      : graph(std::move(graph)), name(std::move(name)) {}
  void enter() {
    if (scope)
      throw Error("this scope is entered already", callerLocation());
    scope.reset(new Graph::Scope(graph.scope(name)));
  }
  void exit() { scope.reset(); }

private:
  Graph graph;
  std::string name;
  std::unique_ptr<Graph::Scope> scope;
};

static void bindGraph(nb::module_ &m) {
  nb::class_<ScopeGuard>(m, "Scope")
      .def("__enter__", &ScopeGuard::enter)
      .def(
          "__exit__", [](ScopeGuard &self, nb::args) { self.exit(); },
          nb::sig("def __exit__(self, *args: object) -> None"));
  nb::class_<Graph>(m, "Graph")
      .def(
          "__init__",
          [](Graph *self, const std::string &name,
             const std::map<std::string, int64_t> &dims) {
            new (self) Graph(name, dims, callerLocation());
          },
          "name"_a, "dims"_a = std::map<std::string, int64_t>(),
          "A graph. `name` is what programs call the model, `dims` gives names "
          "to sizes, which shapes may use.")
      .def_prop_ro("name", &Graph::name)
      .def(
          "input",
          [](Graph &self, const std::string &name, DType dtype,
             const std::vector<nb::object> &shape) {
            std::vector<dlc::Dim> dims;
            for (const nb::object &dim : shape)
              if (nb::isinstance<nb::str>(dim))
                dims.emplace_back(nb::cast<std::string>(dim));
              else
                dims.emplace_back(nb::cast<int64_t>(dim));
            return self.input(name, dtype, dims, callerLocation());
          },
          "name"_a, "dtype"_a, "shape"_a,
          nb::sig("def input(self, name: str, dtype: object, shape: "
                  "typing.Sequence[int | str]) -> Tensor"),
          "An input of the compiled program. `dtype` is a name like "
          "\"float32\", a numpy or a torch dtype; sizes are numbers or names "
          "of the graph's dims.")
      .def(
          "parameter",
          [](Graph &self, const std::string &name, const AnyArray &value,
             std::optional<DType> dtype) {
            return self.parameter(name, toArray(value, dtype),
                                  callerLocation());
          },
          "name"_a, "value"_a, "dtype"_a = nb::none(),
          nb::sig("def parameter(self, name: str, value: object, dtype: object "
                  "= None) -> Tensor"),
          "A weight: a numpy array or anything with __dlpack__ in host memory, "
          "C-contiguous. Its memory is used where it lies and must not change "
          "until the graph is compiled. dtype=\"bfloat16\" says that uint16 "
          "holds the bits of bfloat16.")
      .def(
          "constant",
          [](Graph &self, const AnyArray &value, std::optional<DType> dtype) {
            return self.constant(toArray(value, dtype), callerLocation());
          },
          "value"_a, "dtype"_a = nb::none(),
          nb::sig("def constant(self, value: object, dtype: object = None) -> "
                  "Tensor"),
          "A constant without a name.")
      .def(
          "output",
          [](Graph &self, const std::string &name, const Tensor &value) {
            self.output(name, value, callerLocation());
          },
          "name"_a, "value"_a, "Makes a tensor an output of the program.")
      .def(
          "scope",
          [](Graph &self, std::string name) {
            return new ScopeGuard(self, std::move(name));
          },
          "name"_a,
          "`with graph.scope(\"block1\"):` puts \"block1/\" in front of the "
          "names of parameters.")
      .def("qualify", &Graph::qualify, "name"_a,
           "`name` with the scopes that are entered.")
      .def("print", &Graph::print, "with_weights"_a = false,
           "The graph as nn IR.")
      .def("save", &Graph::save, "path"_a,
           "Writes .mlir or .mlirbc, which `dlc` compiles.")
      .def("_compile",
           [](const Graph &self, CompileOptions options) {
             setInterrupted(options);
             return compiling([&] { return self.compile(options); });
           })
      .def("_compile_program", [](const Graph &self, const std::string &path,
                                  CompileOptions options) {
        setInterrupted(options);
        compiling([&] { self.compileProgram(path, options); });
      });
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// One inference on host memory. The arrays must be those of inputs().
static std::vector<nb::object>
run(const Model &model, const std::vector<AnyArray> &arrays, bool forNumpy) {
  std::vector<Array> inputs, results;
  for (size_t i = 0; i < arrays.size(); ++i)
    inputs.push_back(toArray(arrays[i], i < model.inputs().size()
                                            ? model.inputs()[i].dtype
                                            : std::optional<DType>()));
  {
    nb::gil_scoped_release release;
    results = model(inputs);
  }
  std::vector<nb::object> objects;
  for (const Array &result : results)
    objects.push_back(toPython(result, forNumpy));
  return objects;
}

/// Pointers to arrays on the GPU, which have to be as `infos` say.
static std::vector<void *>
getDevicePointers(const std::vector<AnyArray> &arrays,
                  const std::vector<TensorInfo> &infos, const char *kind) {
  if (arrays.size() != infos.size())
    throw Error("the model has " + std::to_string(infos.size()) + " " + kind +
                "s, and " + std::to_string(arrays.size()) + " are given");
  std::vector<void *> pointers;
  for (size_t i = 0; i < infos.size(); ++i) {
    const AnyArray &array = arrays[i];
    if (array.device_type() != nb::device::cuda::value)
      throw Error(std::string(kind) + " '" + infos[i].name +
                  "' is not in memory of a GPU, as the first one is");
    if (getDType(array.dtype()) != infos[i].dtype ||
        getShape(array) != infos[i].shape)
      throw Error(std::string(kind) + " '" + infos[i].name + "' has to be " +
                  dlc::describe(infos[i].dtype, infos[i].shape) + ", and is " +
                  dlc::describe(getDType(array.dtype()), getShape(array)));
    pointers.push_back(const_cast<void *>(array.data()));
  }
  return pointers;
}

static void runOnDevice(const Model &model, const std::vector<AnyArray> &inputs,
                        const std::vector<AnyArray> &outputs,
                        uintptr_t stream) {
  std::vector<void *> from = getDevicePointers(inputs, model.inputs(), "input"),
                      to =
                          getDevicePointers(outputs, model.outputs(), "output");
  nb::gil_scoped_release release;
  model.runOnDevice(from.data(), to.data(), reinterpret_cast<void *>(stream));
}

static void bindModel(nb::module_ &m) {
  nb::class_<TensorInfo>(m, "TensorInfo", "An input or output of a model.")
      .def_ro("name", &TensorInfo::name)
      .def_ro("dtype", &TensorInfo::dtype)
      .def_prop_ro(
          "shape",
          [](const TensorInfo &self) {
            return nb::tuple(nb::cast(self.shape));
          },
          nb::sig("def shape(self) -> tuple[int, ...]"))
      .def("__repr__", [](const TensorInfo &self) {
        return "<" + self.name + ": " + dlc::describe(self.dtype, self.shape) +
               ">";
      });
  nb::class_<CompileOptions>(m, "CompileOptions")
      .def(nb::init<>())
      .def_rw("target", &CompileOptions::target)
      .def_rw("cpu", &CompileOptions::cpu)
      .def_rw("arch", &CompileOptions::arch)
      .def_rw("precision", &CompileOptions::precision)
      .def_rw("memory_budget", &CompileOptions::memoryBudget)
      .def_rw("dims", &CompileOptions::dims)
      .def_rw("shapes", &CompileOptions::shapes)
      .def_rw("arguments", &CompileOptions::arguments);
  nb::class_<dlc::BenchmarkResult>(m, "BenchmarkResult",
                                   "Latencies in milliseconds.")
      .def_ro("min_ms", &dlc::BenchmarkResult::minMs)
      .def_ro("median_ms", &dlc::BenchmarkResult::medianMs)
      .def_ro("p99_ms", &dlc::BenchmarkResult::p99Ms)
      .def_ro("runs", &dlc::BenchmarkResult::runs)
      .def("__repr__", [](const dlc::BenchmarkResult &self) {
        return "<min " + std::to_string(self.minMs) + " ms, median " +
               std::to_string(self.medianMs) + " ms, p99 " +
               std::to_string(self.p99Ms) + " ms, " +
               std::to_string(self.runs) + " runs>";
      });
  nb::class_<Model>(m, "LoadedModel", "A compiled library in this process.")
      .def_static("load", &Model::load, "library"_a)
      .def_prop_ro("name", &Model::name)
      .def_prop_ro("target", &Model::target)
      .def_prop_ro("inputs", &Model::inputs)
      .def_prop_ro("outputs", &Model::outputs)
      .def_prop_ro("arena_bytes", &Model::arenaBytes)
      .def_prop_ro("weights_bytes", &Model::weightsBytes)
      .def_prop_ro("lower_bound", &Model::lowerBound)
      .def("set_seed", &Model::setSeed, "seed"_a)
      .def("run", &run, "inputs"_a, "for_numpy"_a,
           nb::sig("def run(self, inputs: typing.Sequence[object], for_numpy: "
                   "bool) -> list[typing.Any]"))
      .def("run_on_device", &runOnDevice, "inputs"_a, "outputs"_a, "stream"_a,
           nb::sig("def run_on_device(self, inputs: typing.Sequence[object], "
                   "outputs: typing.Sequence[object], stream: int) -> None"))
      .def("profile", &Model::profile, "path"_a,
           nb::call_guard<nb::gil_scoped_release>())
      .def("benchmark", &Model::benchmark, "seconds"_a,
           nb::call_guard<nb::gil_scoped_release>());
  m.def("compile_model", [](const std::string &path, CompileOptions options) {
    setInterrupted(options);
    return compiling([&] { return dlc::compileModel(path, options); });
  });
  m.def("compile_program",
        [](const std::string &path, const std::string &output,
           CompileOptions options) {
          setInterrupted(options);
          compiling([&] { dlc::compileProgram(path, output, options); });
        });
  m.def("set_threads", &dlc::setThreads, "threads"_a,
        "The number of threads that runs on the host share; 0: all CPUs.");
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// A parameter that may be missing.
using Maybe = std::optional<Tensor>;
static Tensor orNone(const Maybe &tensor) { return tensor.value_or(Tensor()); }

static void bindLayers(nb::module_ &m) {
  m.def(
      "linear",
      [](const Tensor &x, const Tensor &weight, const Maybe &bias) {
        return dlc::linear(x, weight, orNone(bias), callerLocation());
      },
      "x"_a, "weight"_a, "bias"_a = nb::none(),
      "`x @ weight.T + bias`; the weight is out × in, as torch stores it.");
  m.def(
      "conv2d",
      [](const Tensor &x, const Tensor &filter, const Maybe &bias,
         int64_t stride, int64_t padding, int64_t dilation, int64_t groups) {
        return dlc::conv2d(x, filter, orNone(bias),
                           {stride, padding, dilation, groups},
                           callerLocation());
      },
      "x"_a, "filter"_a, "bias"_a = nb::none(), "stride"_a = 1, "padding"_a = 0,
      "dilation"_a = 1, "groups"_a = 1,
      "Convolution of batch × channels × height × width.");
  m.def(
      "max_pool2d",
      [](const Tensor &x, int64_t kernel, int64_t stride, int64_t padding,
         int64_t dilation) {
        return dlc::max_pool2d(x, kernel, {stride, padding, dilation, 1},
                               callerLocation());
      },
      "x"_a, "kernel"_a, "stride"_a = 0, "padding"_a = 0, "dilation"_a = 1,
      "The largest element of each window; a stride of 0 is the kernel's "
      "size.");
  m.def(
      "avg_pool2d",
      [](const Tensor &x, int64_t kernel, int64_t stride, int64_t padding,
         int64_t dilation) {
        return dlc::avg_pool2d(x, kernel, {stride, padding, dilation, 1},
                               callerLocation());
      },
      "x"_a, "kernel"_a, "stride"_a = 0, "padding"_a = 0, "dilation"_a = 1,
      "The mean of each window; padding does not count.");
  m.def(
      "scaled_dot_product_attention",
      [](const Tensor &query, const Tensor &key, const Tensor &value,
         const Maybe &mask, double scale) {
        return dlc::scaled_dot_product_attention(
            query, key, value, orNone(mask), scale, callerLocation());
      },
      "query"_a, "key"_a, "value"_a, "mask"_a = nb::none(), "scale"_a = 0.0,
      "`softmax(query @ key.T * scale + mask) @ value` over the last two "
      "dimensions; a scale of 0 is 1 / sqrt(features).");
  m.def(
      "multi_head_attention",
      [](const Tensor &query, const Tensor &key, const Tensor &value,
         int64_t heads, const Maybe &mask) {
        return dlc::multi_head_attention(query, key, value, heads, orNone(mask),
                                         callerLocation());
      },
      "query"_a, "key"_a, "value"_a, "heads"_a, "mask"_a = nb::none(),
      "Attention of several heads over batch × sequence × features.");
  m.def(
      "silu", [](const Tensor &x) { return dlc::silu(x, callerLocation()); },
      "x"_a, "`x * sigmoid(x)`.");
  m.def(
      "leaky_relu",
      [](const Tensor &x, double slope) {
        return dlc::leaky_relu(x, slope, callerLocation());
      },
      "x"_a, "slope"_a = 0.01, "`max(x, slope * x)`.");
  m.def(
      "clamp",
      [](const Tensor &x, double low, double high) {
        return dlc::clamp(x, low, high, callerLocation());
      },
      "x"_a, "low"_a, "high"_a, "`x` brought into [low, high].");
  m.def(
      "rms_norm",
      [](const Tensor &x, const Tensor &scale, double epsilon) {
        return dlc::rms_norm(x, scale, epsilon, callerLocation());
      },
      "x"_a, "scale"_a, "epsilon"_a,
      "`x / sqrt(mean(x * x) + epsilon) * scale` over the last dimension.");
}

static void bindShapes(nb::module_ &m) {
  m.def(
      "sum",
      [](const Tensor &x, const Ints &axes, bool keepdims) {
        return dlc::sum(x, axes, keepdims, callerLocation());
      },
      "x"_a, "axes"_a, "keepdims"_a = false);
  m.def(
      "mean",
      [](const Tensor &x, const Ints &axes, bool keepdims) {
        return dlc::mean(x, axes, keepdims, callerLocation());
      },
      "x"_a, "axes"_a, "keepdims"_a = false);
  m.def(
      "flatten",
      [](const Tensor &x, int64_t axis) {
        return dlc::flatten(x, axis, callerLocation());
      },
      "x"_a, "axis"_a = 1, "Joins the dimensions from `axis` on into one.");
  m.def(
      "unsqueeze",
      [](const Tensor &x, int64_t axis) {
        return dlc::unsqueeze(x, axis, callerLocation());
      },
      "x"_a, "axis"_a, "Adds a dimension of 1.");
  m.def(
      "squeeze",
      [](const Tensor &x, int64_t axis) {
        return dlc::squeeze(x, axis, callerLocation());
      },
      "x"_a, "axis"_a, "Removes a dimension of 1.");
  m.def(
      "swap_axes",
      [](const Tensor &x, int64_t a, int64_t b) {
        return dlc::swap_axes(x, a, b, callerLocation());
      },
      "x"_a, "a"_a, "b"_a, "Exchanges two dimensions.");
  m.def(
      "chunk",
      [](const Tensor &x, int64_t parts, int64_t axis) {
        return dlc::chunk(x, parts, axis, callerLocation());
      },
      "x"_a, "parts"_a, "axis"_a, "Parts of equal size along a dimension.");
  m.def(
      "scalar_like",
      [](double value, const Tensor &like) {
        return dlc::scalar_like(value, like, callerLocation());
      },
      "value"_a, "like"_a, "A number of the element type of `like`.");
}

//===----------------------------------------------------------------------===//
// Operations of the user's
//===----------------------------------------------------------------------===//

/// A number becomes an expression.
static dlc::Expr toExpr(nb::handle object) {
  if (nb::isinstance<dlc::Expr>(object))
    return nb::cast<dlc::Expr>(object);
  return {nb::cast<double>(object)};
}

static bool isExprOperand(nb::handle object) {
  return nb::isinstance<dlc::Expr>(object) || PyFloat_Check(object.ptr()) ||
         PyLong_Check(object.ptr());
}

using BinaryExpr = dlc::Expr (*)(const dlc::Expr &, const dlc::Expr &);

static void bindExprOperator(nb::class_<dlc::Expr> &type, const char *name,
                             const char *reflected, BinaryExpr apply) {
  type.def(
      name,
      [apply](const dlc::Expr &self, nb::handle other) -> nb::object {
        if (!isExprOperand(other))
          return nb::borrow(Py_NotImplemented);
        return nb::cast(apply(self, toExpr(other)));
      },
      nb::is_operator(), "other"_a,
      nb::sig((std::string("def ") + name +
               "(self, other: Expr | float | int) -> Expr")
                  .c_str()));
  if (reflected)
    type.def(
        reflected,
        [apply](const dlc::Expr &self, nb::handle other) -> nb::object {
          if (!isExprOperand(other))
            return nb::borrow(Py_NotImplemented);
          return nb::cast(apply(toExpr(other), self));
        },
        nb::is_operator(), "other"_a,
        nb::sig((std::string("def ") + reflected +
                 "(self, other: float | int) -> Expr")
                    .c_str()));
}

static void bindExpr(nb::module_ &m) {
  nb::class_<dlc::Expr> type(
      m, "Expr",
      "A number, or from comparisons a truth, in the body of an operation of "
      "your own. `&`, `|` and `~` combine truths.");
  bindExprOperator(type, "__add__", "__radd__", dlc::operator+);
  bindExprOperator(type, "__sub__", "__rsub__", dlc::operator-);
  bindExprOperator(type, "__mul__", "__rmul__", dlc::operator*);
  bindExprOperator(type, "__truediv__", "__rtruediv__", dlc::operator/);
  bindExprOperator(type, "__pow__", "__rpow__", dlc::pow);
  bindExprOperator(type, "__lt__", nullptr, dlc::operator<);
  bindExprOperator(type, "__le__", nullptr, dlc::operator<=);
  bindExprOperator(type, "__gt__", nullptr, dlc::operator>);
  bindExprOperator(type, "__ge__", nullptr, dlc::operator>=);
  bindExprOperator(type, "__and__", nullptr, dlc::operator&&);
  bindExprOperator(type, "__or__", nullptr, dlc::operator||);
  type.def("__neg__", [](const dlc::Expr &self) { return -self; })
      .def("__invert__", [](const dlc::Expr &self) { return !self; })
      .def("__bool__", [](const dlc::Expr &) -> bool {
        throw Error("an expression has no value while it is described: "
                    "dlc.select(condition, a, b) chooses");
      });
  using Unary = dlc::Expr (*)(const dlc::Expr &);
  for (auto [name, function] : {std::pair<const char *, Unary>("abs", dlc::abs),
                                {"exp", dlc::exp},
                                {"log", dlc::log},
                                {"sqrt", dlc::sqrt},
                                {"rsqrt", dlc::rsqrt},
                                {"tanh", dlc::tanh},
                                {"erf", dlc::erf},
                                {"sin", dlc::sin},
                                {"cos", dlc::cos},
                                {"floor", dlc::floor},
                                {"ceil", dlc::ceil},
                                {"round", dlc::round},
                                {"sigmoid", dlc::sigmoid}})
    m.def(name, function, "x"_a, "The same in an expression.");
  for (auto [name, function] :
       {std::pair<const char *, BinaryExpr>("min", dlc::min),
        {"max", dlc::max},
        {"pow", dlc::pow},
        {"equal", dlc::equal}})
    m.def(
        name,
        [function = function](nb::handle a, nb::handle b) {
          if (!isExprOperand(a) || !isExprOperand(b))
            throw nb::next_overload();
          return function(toExpr(a), toExpr(b));
        },
        "a"_a, "b"_a,
        nb::sig((std::string("def ") + name +
                 "(a: Expr | float, b: Expr | float) -> Expr")
                    .c_str()),
        "The same in an expression, where NaN wins.");
  m.def(
      "select",
      [](const dlc::Expr &condition, nb::handle a, nb::handle b) {
        return dlc::select(condition, toExpr(a), toExpr(b));
      },
      "condition"_a, "a"_a, "b"_a,
      nb::sig("def select(condition: Expr, a: Expr | float, b: Expr | float) "
              "-> Expr"),
      "The same in an expression.");
}

/// Calls a function of Python's with expressions.
static dlc::CustomOp::Body makeBody(nb::object function) {
  auto kept = std::make_shared<nb::object>(std::move(function));
  return [kept](const std::vector<dlc::Expr> &args) {
    nb::list list;
    for (const dlc::Expr &arg : args)
      list.append(arg);
    return toExpr((*kept)(*list));
  };
}

static dlc::ReduceKind parseReduceKind(const std::string &kind) {
  using dlc::ReduceKind;
  for (ReduceKind value : {ReduceKind::Sum, ReduceKind::Mean, ReduceKind::Max,
                           ReduceKind::Min, ReduceKind::Prod})
    if (kind == dlc::toString(value))
      return value;
  throw Error("'" + kind + "' is none of sum, mean, max, min, prod");
}

static std::vector<dlc::TensorSpec>
applyShapeRule(const nb::object &rule,
               const std::vector<dlc::TensorSpec> &operands) {
  nb::list list;
  for (const dlc::TensorSpec &operand : operands)
    list.append(
        nb::make_tuple(operand.dtype, nb::tuple(nb::cast(operand.shape))));
  std::vector<dlc::TensorSpec> results;
  for (nb::handle result : rule(*list)) {
    auto pair = nb::cast<nb::tuple>(result);
    results.push_back(
        {nb::cast<DType>(pair[0]), nb::cast<Ints>(nb::object(pair[1]))});
  }
  return results;
}

static void bindCustom(nb::module_ &m) {
  using dlc::CustomOp;
  nb::class_<CustomOp>(m, "CustomOp",
                       "An operation of your own: call it with tensors.")
      .def_static("_elementwise",
                  [](const std::string &name, nb::object body, int operands) {
                    return CustomOp::elementwise(
                        name, makeBody(std::move(body)), operands);
                  })
      .def_static(
          "_reduction",
          [](const std::string &name, const std::string &kind, const Ints &axes,
             nb::object body, int operands, nb::object finish, bool keepdims) {
            std::function<dlc::Expr(dlc::Expr)> last;
            if (!finish.is_none())
              last = [body = makeBody(std::move(finish))](const dlc::Expr &x) {
                return body({x});
              };
            return CustomOp::reduction(name, parseReduceKind(kind), axes,
                                       makeBody(std::move(body)), operands,
                                       std::move(last), keepdims);
          },
          "name"_a, "kind"_a, "axes"_a, "body"_a, "operands"_a,
          "finish"_a = nb::none(), "keepdims"_a = false)
      .def_static("_mlir",
                  [](const std::string &name, const std::string &text,
                     nb::object rule) {
                    auto kept = std::make_shared<nb::object>(std::move(rule));
                    return CustomOp::mlir(
                        name, text,
                        [kept](const std::vector<dlc::TensorSpec> &operands) {
                          return applyShapeRule(*kept, operands);
                        });
                  })
      .def(
          "__call__",
          [](const CustomOp &self, nb::args args) -> nb::object {
            std::vector<Tensor> operands;
            for (nb::handle arg : args)
              operands.push_back(nb::cast<Tensor>(arg));
            std::vector<Tensor> results =
                self.callAll(operands, callerLocation());
            if (results.size() == 1)
              return nb::cast(results.front());
            return nb::tuple(nb::cast(results));
          },
          nb::sig("def __call__(self, *operands: Tensor) -> typing.Any"));
}

NB_MODULE(_dlc, m) {
  // Operations keep the functions that describe them, which may outlive Python.
  nb::set_leak_warnings(false);
  m.doc() = "The graph API and compiled models of dlc.";
  nb::exception<Error>(m, "Error", PyExc_RuntimeError);
  bindTensor(m);
  bindGraph(m);
  bindModel(m);
  bindLayers(m);
  bindShapes(m);
  bindOps(m);
  bindLoops(m);
  bindExpr(m);
  bindCustom(m);
  m.def(
      "load_safetensors",
      [](const std::string &path) {
        nb::dict result;
        for (const auto &[name, array] : dlc::loadSafetensors(path))
          result[name.c_str()] = toPython(array, /*forNumpy=*/true);
        return result;
      },
      "path"_a,
      nb::sig("def load_safetensors(path: str) -> dict[str, typing.Any]"),
      "The tensors of a .safetensors file by name, as numpy arrays on the "
      "mapped file. (bfloat16 arrives as its bits, in uint16.)");
}
