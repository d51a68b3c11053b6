//===- Model.cpp - Compiled models in this process ------------------------===//

#include "ModelImpl.h"

#include "Extents.h"
#include "Find.h"
#include "Pool.h"
#include "Recorder.h"
#include "Tensor.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <mutex>
#include <unistd.h>

using namespace dlc;
using namespace dlc::detail;

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

namespace {

/// The runtime's thread pool, which does one thing at a time.
class Pool {
public:
  static Pool &get() {
    // Never destroyed: threads may be in it until the process ends.
    static Pool *pool = new Pool;
    return *pool;
  }

  void setThreads(int threads) {
    std::lock_guard<std::mutex> lock(mutex);
    if (owner == getpid())
      dlc_pool_stop();
    owner = 0;
    wanted = threads;
  }

  /// Calls `run` with the pool, or with nothing where another run has it.
  void use(const std::function<void(const dlc_parallel *)> &run) {
    std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
    run(lock && start() ? dlc_pool_parallel() : nullptr);
  }

private:
  /// Threads do not survive a fork: a child works alone.
  bool start() {
    if (owner)
      return owner == getpid();
    dlc_error error;
    int threads = wanted > 0 ? wanted : dlc_pool_default_threads();
    if (dlc_pool_start(threads, &error))
      throw Error(error.text);
    owner = getpid();
    return true;
  }

  std::mutex mutex;
  pid_t owner = 0;
  int wanted = 0;
};

} // namespace

void dlc::setThreads(int threads) {
  if (threads < 0 || threads > kMaxThreads)
    throw Error("setThreads: " + std::to_string(threads) +
                " threads can not be had: 1 to " + std::to_string(kMaxThreads) +
                ", or 0 for all CPUs");
  Pool::get().setThreads(threads);
}

//===----------------------------------------------------------------------===//
// Libraries
//===----------------------------------------------------------------------===//

Library::Library(const std::string &path) : path(path) {
  std::string file = std::filesystem::path(path).filename().string();
  if (file.size() < 7 || file.compare(0, 3, "lib") != 0 ||
      file.compare(file.size() - 3, 3, ".so") != 0)
    throw Error("'" + path + "' is no library of dlc: lib<name>.so is wanted");
  prefix = file.substr(3, file.size() - 6) + "_";
  // Another file of the same name may be loaded already.
  std::string real = std::filesystem::absolute(path).string();
  handle = dlopen(real.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw Error("cannot load '" + path + "': " + dlerror());
}

Library::~Library() { dlclose(handle); }

void *Library::find(const char *name) const {
  void *symbol = dlsym(handle, (prefix + name).c_str());
  if (!symbol)
    throw Error("'" + path + "' is no library of dlc: it has no function " +
                prefix + name);
  return symbol;
}

//===----------------------------------------------------------------------===//
// Arenas
//===----------------------------------------------------------------------===//

void *ArenaPool::take() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!idle.empty()) {
      void *arena = idle.back();
      idle.pop_back();
      return arena;
    }
  }
  return allocate();
}

void ArenaPool::give(void *arena) {
  std::lock_guard<std::mutex> lock(mutex);
  idle.push_back(arena);
}

ArenaPool::~ArenaPool() {
  for (void *arena : idle)
    release(arena);
}

//===----------------------------------------------------------------------===//
// Models for the host
//===----------------------------------------------------------------------===//

static void checkStatus(int32_t status, const std::string &what) {
  switch (status) {
  case DLC_OK:
    return;
  case DLC_ERROR_ABI:
    throw Error(what + ": the library was made for another version of dlc");
  case DLC_ERROR_CPU:
    throw Error(what + ": this CPU lacks something that the model was compiled "
                       "for");
  case DLC_ERROR_NULL:
    throw Error(what + ": a pointer is null");
  case DLC_ERROR_ALIGNMENT:
    throw Error(what + ": a pointer is not aligned as it has to be");
  case DLC_ERROR_VALUE:
    throw Error(what + ": an input does not hold what the model was compiled "
                       "for");
  default:
    throw Error(what + ": failed with status " + std::to_string(status));
  }
}

namespace {

class HostModel : public Model::Impl {
public:
  HostModel(std::shared_ptr<Library> library, const dlc_model &descriptor)
      : Impl(std::move(library), descriptor) {
    runParallel = this->library->get<RunFn>("run_parallel");
    auto check = this->library->get<CheckFn>("check");
    checkStatus(check(descriptor.abi_version, descriptor.build_id), name);
    arenas.allocate = [bytes = std::max<uint64_t>(descriptor.arena_bytes, 1),
                       alignment =
                           std::max<uint64_t>(descriptor.arena_alignment, 64)] {
      void *arena = std::aligned_alloc(alignment, (bytes + alignment - 1) /
                                                      alignment * alignment);
      if (!arena)
        throw Error("there is no memory for an arena of " +
                    std::to_string(bytes) + " bytes");
      return arena;
    };
    arenas.release = [](void *arena) { std::free(arena); };
  }

  void run(const void *const *inputs, void *const *outputs) override {
    ArenaPool::Lease arena(arenas);
    Pool::get().use([&](const dlc_parallel *parallel) {
      int32_t status = runParallel(inputs, outputs, arena.get(), parallel);
      // Values and results are looked at by callers, who can say which; those
      // of made-up inputs do not matter.
      if (status != DLC_ERROR_VALUE)
        checkStatus(status, name);
    });
  }

  void profile(const void *const *inputs, void *const *outputs,
               dlc_profile &profile) override {
    ArenaPool::Lease arena(arenas);
    Pool::get().use([&](const dlc_parallel *threads) {
      const dlc_launch_list &list = descriptor.launch_lists[0];
      dlc_error error;
      if (dlc_profile_reserve(
              &profile, &descriptor, descriptor.specialisations, &list,
              dlc_recorder_events(&list, threads ? dlc_pool_threads() : 1),
              &error))
        throw Error(error.text);
      record(profile, [&] {
        dlc_recorder recorder;
        checkStatus(
            runParallel(inputs, outputs, arena.get(),
                        dlc_recorder_begin(&recorder, &profile, threads)),
            name);
      });
    });
  }

  void runOnDevice(const void *const *, void *const *, void *) override {
    throw Error(name + " was compiled for the host: it has nothing on a GPU");
  }

private:
  using RunFn = int32_t (*)(const void *const *, void *const *, void *,
                            const dlc_parallel *);
  using CheckFn = int32_t (*)(uint32_t, const char *);
  RunFn runParallel;
  ArenaPool arenas;
};

} // namespace

//===----------------------------------------------------------------------===//
// Model
//===----------------------------------------------------------------------===//

static std::vector<TensorInfo> readTensors(const dlc_tensor_info *tensors,
                                           uint32_t count) {
  std::vector<TensorInfo> result;
  for (uint32_t i = 0; i < dlc_visible_tensors(tensors, count); ++i) {
    result.push_back(
        {tensors[i].name, static_cast<DType>(tensors[i].dtype),
         Ints(tensors[i].shape, tensors[i].shape + tensors[i].rank)});
    for (uint32_t d = 0; tensors[i].extents && d < tensors[i].rank; ++d)
      if (tensors[i].extents[d] >= 0)
        result.back().bounded.push_back(d);
  }
  return result;
}

Model::Impl::Impl(std::shared_ptr<Library> library, const dlc_model &descriptor)
    : library(std::move(library)), descriptor(descriptor),
      name(descriptor.name), target(descriptor.target),
      inputs(readTensors(descriptor.inputs, descriptor.num_inputs)),
      outputs(readTensors(descriptor.outputs, descriptor.num_outputs)),
      hasRandom(dlc_has_random(descriptor.inputs, descriptor.num_inputs)) {}
Model::Impl::~Impl() = default;

RandomState Model::Impl::nextRandom() {
  std::lock_guard<std::mutex> lock(randomMutex);
  return {seed, runs++};
}

void Model::Impl::setSeed(int64_t number) {
  std::lock_guard<std::mutex> lock(randomMutex);
  seed = number;
  runs = 0;
}

Model Model::load(const std::string &path) {
  auto library = std::make_shared<Library>(path);
  auto describe = library->get<const dlc_model *(*)()>("descriptor");
  const dlc_model &descriptor = *describe();
  if (descriptor.abi_version != DLC_ABI_VERSION ||
      descriptor.struct_size < sizeof(dlc_model))
    throw Error("'" + path + "' was made by another version of dlc");
  const dlc_specialisation &only = descriptor.specialisations[0];
  if (descriptor.num_specialisations != 1 || only.input_offsets ||
      only.output_offsets)
    throw Error("'" + path +
                "' was compiled for several shapes or with --io=arena: such "
                "libraries are called from C");
  Model model;
  if (std::strcmp(descriptor.target, "cuda") == 0)
    model.impl = makeCudaModel(std::move(library), descriptor);
  else
    model.impl = std::make_shared<HostModel>(std::move(library), descriptor);
  return model;
}

static Model::Impl &get(const std::shared_ptr<Model::Impl> &impl) {
  if (!impl)
    throw Error("this model is empty: nothing was compiled or loaded");
  return *impl;
}

const std::string &Model::name() const { return get(impl).name; }
const std::string &Model::target() const { return get(impl).target; }
const std::vector<TensorInfo> &Model::inputs() const {
  return get(impl).inputs;
}
const std::vector<TensorInfo> &Model::outputs() const {
  return get(impl).outputs;
}
void Model::setSeed(int64_t seed) const { get(impl).setSeed(seed); }
size_t Model::arenaBytes() const { return get(impl).descriptor.arena_bytes; }
size_t Model::weightsBytes() const {
  return get(impl).descriptor.weights_bytes;
}
size_t Model::lowerBound() const { return get(impl).descriptor.lower_bound; }

/// Memory for all of a tensor, also for what of it may not count.
static Array makeArray(const dlc_tensor_info &tensor) {
  return Array(static_cast<DType>(tensor.dtype),
               Ints(tensor.shape, tensor.shape + tensor.rank));
}

/// Inputs in the host's memory have to hold what the model was compiled for.
static void checkValues(const Model::Impl &model, const void *const *inputs) {
  dlc_wrong_value wrong;
  if (dlc_check_values_v3(&model.descriptor, 0, inputs, nullptr, &wrong))
    return;
  const dlc_requirement &required = *wrong.requirement;
  uint32_t dtype = model.descriptor.inputs[required.input].dtype;
  std::string where = model.name + ": element " +
                      std::to_string(wrong.element) + " of input '" +
                      model.inputs[required.input].name + "' is ";
  if (!required.is_range && !dlc_is_integer_v3(dtype))
    throw Error(where + "not what the model was compiled for");
  auto text = [&](const void *data) {
    return std::to_string(dlc_integer_v3(dtype, data, wrong.element));
  };
  std::string least = text(required.least), most = text(required.most);
  throw Error(where + text(inputs[required.input]) +
              ", but the model was compiled for " + least +
              (least == most ? "" : " to " + most));
}

/// Whether inputs made sense together is known after a run.
static void checkResults(const Model::Impl &model, const void *const *outputs) {
  dlc_failed_check failed;
  if (!dlc_check_results_v3(&model.descriptor, 0, outputs, nullptr, &failed))
    throw Error(model.name + ": " + failed.check->what + " is " +
                std::to_string(failed.found) + ", but has to be " +
                std::to_string(failed.expected));
}

namespace {
/// One run on arrays of the largest shapes, with the extents of what counts.
class BoundedRun {
public:
  explicit BoundedRun(Model::Impl &model)
      : model(model), descriptor(model.descriptor),
        extents(makeExtents(descriptor.inputs, descriptor.num_inputs)) {
    for (uint32_t i = 0; i < descriptor.num_outputs; ++i)
      outputs.push_back(makeArray(descriptor.outputs[i]));
  }

  /// The array that an input is run as; extents have to agree.
  Array spread(uint32_t number, const Array &given) {
    const dlc_tensor_info &tensor = descriptor.inputs[number];
    if (!dlc_is_bounded(&tensor))
      return given;
    for (uint32_t d = 0; d < tensor.rank; ++d)
      if (tensor.extents[d] >= 0)
        setExtent(tensor.extents[d], given.shape()[d], tensor);
    Array array = makeArray(tensor);
    size_t size = dlc_dtype_lookup(tensor.dtype)->size;
    if (given.elements())
      std::memcpy(array.data(), given.data(), given.elements() * size);
    dlc_spread_tensor(&tensor, given.shape().data(), size, array.data());
    return array;
  }

  std::vector<Array> run(std::vector<const void *> from) {
    checkValues(model, from.data());
    std::vector<void *> to;
    // Aligned as all inputs have to be.
    Array aligned = Array::copy(extents.data(), DType::I64,
                                {static_cast<int64_t>(extents.size())});
    RandomState random{};
    if (model.hasRandom) {
      random = model.nextRandom();
      from.push_back(&random);
    }
    if (dlc_extents_tensor(descriptor.inputs, descriptor.num_inputs))
      from.push_back(aligned.data());
    for (Array &output : outputs)
      to.push_back(output.data());
    model.run(from.data(), to.data());
    checkResults(model, to.data());
    std::vector<Array> results;
    for (uint32_t i = 0; i < model.outputs.size(); ++i)
      results.push_back(pack(i));
    return results;
  }

private:
  /// -1 each: not known yet.
  static std::vector<int64_t> makeExtents(const dlc_tensor_info *tensors,
                                          uint32_t count) {
    const dlc_tensor_info *all = dlc_extents_tensor(tensors, count);
    return std::vector<int64_t>(all ? all->shape[0] : 0, -1);
  }

  void setExtent(int32_t number, int64_t extent,
                 const dlc_tensor_info &tensor) {
    if (extents[number] >= 0 && extents[number] != extent)
      throw Error(model.name + ": a dimension of input '" + tensor.name +
                  "' is " + std::to_string(extent) +
                  ", but that of an input before it is " +
                  std::to_string(extents[number]));
    extents[number] = extent;
  }

  Array pack(uint32_t number) {
    const dlc_tensor_info &tensor = descriptor.outputs[number];
    Array &array = outputs[number];
    if (!dlc_is_bounded(&tensor))
      return array;
    Ints shape(tensor.rank);
    if (dlc_true_shape(&tensor, outputs.back().as<int64_t>(), shape.data()) >=
        0)
      throw Error(model.name + ": output '" + tensor.name +
                  "' came out larger than it can be");
    dlc_pack_tensor(&tensor, shape.data(), dlc_dtype_lookup(tensor.dtype)->size,
                    array.data());
    return Array::copy(array.data(), array.dtype(), shape);
  }

  Model::Impl &model;
  const dlc_model &descriptor;
  std::vector<int64_t> extents;
  std::vector<Array> outputs;
};
} // namespace

std::vector<Array> Model::operator()(const std::vector<Array> &arrays) const {
  Impl &model = get(impl);
  if (arrays.size() != model.inputs.size())
    throw Error(model.name + " has " + std::to_string(model.inputs.size()) +
                " inputs, and " + std::to_string(arrays.size()) + " are given");
  std::vector<Array> inputs = arrays;
  std::vector<const void *> from;
  BoundedRun bounded(model);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo &info = model.inputs[i];
    Array &input = inputs[i];
    if (!input || input.dtype() != info.dtype ||
        input.shape().size() != info.shape.size() ||
        !dlc_same_shape_v3(&model.descriptor.inputs[i], input.shape().data()))
      throw Error(model.name + ": input '" + info.name + "' has to be " +
                  describe(info.dtype, info.shape) + ", and is " +
                  (input ? describe(input.dtype(), input.shape())
                         : std::string("no array")));
    if (reinterpret_cast<uintptr_t>(input.data()) % DLC_TENSOR_ALIGNMENT)
      input = Array::copy(input.data(), input.dtype(), input.shape());
    input = bounded.spread(i, input);
    from.push_back(input.data());
  }
  return bounded.run(std::move(from));
}

/// Memory of the caller's has no place for extents.
static void refuseBounded(const Model::Impl &model) {
  const dlc_model &descriptor = model.descriptor;
  if (dlc_extents_tensor(descriptor.inputs, descriptor.num_inputs) ||
      dlc_extents_tensor(descriptor.outputs, descriptor.num_outputs))
    throw Error(model.name + " has bounded dimensions: it has to be called on "
                             "arrays in host memory");
}

void Model::run(const void *const *inputs, void *const *outputs) const {
  refuseBounded(get(impl));
  checkValues(get(impl), inputs);
  RandomState random{};
  std::vector<const void *> from(inputs, inputs + get(impl).inputs.size());
  if (get(impl).hasRandom) {
    random = get(impl).nextRandom();
    from.push_back(&random);
  }
  get(impl).run(from.data(), outputs);
}

void Model::runOnDevice(const void *const *inputs, void *const *outputs,
                        void *stream) const {
  refuseBounded(get(impl));
  get(impl).runOnDevice(inputs, outputs, stream);
}

/// Numbers from [0.5, 1) for floats, zeros for the rest, as programs do it.
static Array makeBenchmarkInput(const TensorInfo &info) {
  Array array(info.dtype, info.shape);
  uint32_t state = 1;
  auto next = [&] {
    state = state * 1664525u + 1013904223u;
    return 0.5 + static_cast<double>(state >> 8) / (1u << 25);
  };
  if (info.dtype == DType::F32)
    std::generate_n(array.as<float>(), array.elements(), next);
  else if (info.dtype == DType::F64)
    std::generate_n(array.as<double>(), array.elements(), next);
  return array;
}

namespace {

/// Inputs that are made up, and room for the outputs.
struct MadeUpTensors {
  explicit MadeUpTensors(const Model::Impl &model) {
    for (const TensorInfo &info : model.inputs) {
      arrays.push_back(makeBenchmarkInput(info));
      from.push_back(arrays.back().data());
    }
    const dlc_model &descriptor = model.descriptor;
    for (uint64_t r = 0; r < descriptor.num_requirements; ++r) {
      const dlc_requirement &required = descriptor.requirements[r];
      std::memcpy(arrays[required.input].data(), required.most,
                  descriptor.inputs[required.input].bytes);
    }
    if (model.hasRandom) {
      arrays.emplace_back(DType::I64, Ints{2}); // zeros
      from.push_back(arrays.back().data());
    }
    // Inputs as large as they can be.
    std::vector<int64_t> extents;
    for (size_t i = 0; i < model.inputs.size(); ++i)
      for (int64_t d : model.inputs[i].bounded) {
        size_t number = model.descriptor.inputs[i].extents[d];
        extents.resize(std::max(extents.size(), number + 1));
        extents[number] = model.inputs[i].shape[d];
      }
    arrays.push_back(Array::copy(extents.data(), DType::I64,
                                 {static_cast<int64_t>(extents.size())}));
    from.push_back(arrays.back().data());
    for (uint32_t i = 0; i < model.descriptor.num_outputs; ++i) {
      arrays.push_back(makeArray(model.descriptor.outputs[i]));
      to.push_back(arrays.back().data());
    }
  }

  std::vector<Array> arrays;
  std::vector<const void *> from;
  std::vector<void *> to;
};

} // namespace

BenchmarkResult Model::benchmark(double seconds) const {
  using Clock = std::chrono::steady_clock;
  Impl &model = get(impl);
  MadeUpTensors tensors(model);
  auto run = [&] { model.run(tensors.from.data(), tensors.to.data()); };
  run(); // touches all memory
  std::vector<double> times;
  Clock::time_point start = Clock::now(), end = start;
  do {
    Clock::time_point begin = Clock::now();
    run();
    end = Clock::now();
    times.push_back(
        std::chrono::duration<double, std::milli>(end - begin).count());
  } while (std::chrono::duration<double>(end - start).count() < seconds);
  std::sort(times.begin(), times.end());
  auto at = [&](double share) {
    return times[std::min(
        times.size() - 1,
        static_cast<size_t>(share * static_cast<double>(times.size())))];
  };
  return {times.front(), at(0.5), at(0.99), times.size()};
}

void dlc::detail::record(dlc_profile &profile,
                         const std::function<void()> &run) {
  struct Context {
    const std::function<void()> &run;
    std::exception_ptr problem;
  } context{run, nullptr};
  dlc_profile_record(
      &profile,
      [](void *pointer) {
        auto *each = static_cast<Context *>(pointer);
        try {
          each->run();
          return 0;
        } catch (...) {
          each->problem = std::current_exception();
          return 1;
        }
      },
      &context);
  if (context.problem)
    std::rethrow_exception(context.problem);
}

void Model::profile(const std::string &path) const {
  Impl &model = get(impl);
  MadeUpTensors tensors(model);
  model.run(tensors.from.data(), tensors.to.data()); // touches all memory
  auto profile = std::make_unique<dlc_profile>();
  dlc_error error;
  if (dlc_profile_open(profile.get(), path.c_str(), &error))
    throw Error(error.text);
  try {
    model.profile(tensors.from.data(), tensors.to.data(), *profile);
  } catch (...) {
    dlc_profile_discard(profile.get());
    throw;
  }
  if (dlc_profile_write(profile.get(), &error))
    throw Error(error.text);
}
