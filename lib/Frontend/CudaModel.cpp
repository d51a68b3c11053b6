//===- CudaModel.cpp - Compiled models on a GPU ---------------------------===//
//
// Memory and streams are made here, in the GPU's primary context, which CUDA's
// runtime and frameworks use as well.
//
//===----------------------------------------------------------------------===//

#include "ModelImpl.h"

#include "Clock.h"
#include "Timeline.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

using namespace dlc;
using namespace dlc::detail;

namespace {

/// The driver and the context of one GPU.
class Gpu {
public:
  Gpu() {
    dlc_error error;
    cuda = dlc_cuda_open_v1(&error);
    if (!cuda)
      throw Error(error.text);
    int index = 0, count = 0;
    if (const char *text = std::getenv("DLC_DEVICE")) {
      const char *end = text + std::strlen(text);
      if (auto [last, code] = std::from_chars(text, end, index);
          code != std::errc() || last != end)
        throw Error(std::string("DLC_DEVICE=") + text + " is no number");
    }
    check(cuda->cuDeviceGetCount(&count), "cannot count the GPUs");
    if (index < 0 || index >= count)
      throw Error("there is no GPU " + std::to_string(index) + ", but " +
                  std::to_string(count));
    check(cuda->cuDeviceGet(&device, index), "cannot find the GPU");
    check(cuda->cuDeviceGetName(name, sizeof(name), device),
          "the GPU does not answer");
    check(cuda->cuDevicePrimaryCtxRetain(&context, device),
          "cannot make a context");
  }
  ~Gpu() { (void)cuda->cuDevicePrimaryCtxRelease(device); }
  Gpu(const Gpu &) = delete;
  Gpu &operator=(const Gpu &) = delete;

  void check(CUresult result, const char *what) const {
    dlc_error error;
    if (result == CUDA_SUCCESS)
      return;
    (void)dlc_cuda_explain_v1(cuda, result, what, &error);
    throw Error(error.text);
  }
  void enter() const {
    check(cuda->cuCtxSetCurrent(context), "cannot use the context");
  }
  void *allocate(size_t bytes) const {
    CUdeviceptr address = 0;
    check(cuda->cuMemAlloc(&address, bytes ? bytes : 1),
          "cannot get memory of the GPU");
    return reinterpret_cast<void *>(static_cast<uintptr_t>(address));
  }
  void free(void *address) const {
    (void)cuda->cuMemFree(reinterpret_cast<uintptr_t>(address));
  }

  const dlc_cuda *cuda = nullptr;
  CUdevice device = 0;
  char name[128];
  CUcontext context = nullptr;
};

/// A stream with an arena, and room for inputs and outputs in host memory.
class Lane {
public:
  Lane(const Gpu &gpu, const dlc_model &model) : gpu(gpu) {
    gpu.check(gpu.cuda->cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING),
              "cannot make a stream");
    arena = gpu.allocate(model.arena_bytes);
    for (uint32_t i = 0; i < model.num_inputs; ++i)
      inputs.push_back(gpu.allocate(model.inputs[i].bytes));
    for (uint32_t i = 0; i < model.num_outputs; ++i)
      outputs.push_back(gpu.allocate(model.outputs[i].bytes));
  }
  ~Lane() {
    for (void *address : inputs)
      gpu.free(address);
    for (void *address : outputs)
      gpu.free(address);
    if (arena)
      gpu.free(arena);
    (void)gpu.cuda->cuStreamDestroy(stream);
  }
  Lane(const Lane &) = delete;
  Lane &operator=(const Lane &) = delete;

  const Gpu &gpu;
  CUstream stream = nullptr;
  void *arena = nullptr;
  std::vector<void *> inputs, outputs;
};

/// The model's kernels once more, launched one by one.
class Profiler {
public:
  Profiler(const Gpu &gpu, const dlc_model &model, void *weights)
      : gpu(gpu), model(model) {
    only = &model.specialisations[0];
    check(dlc_instance_load_v1(&instance, &model, gpu.cuda), instance.error);
    instance.weights = reinterpret_cast<uintptr_t>(weights);
    dlc_error error;
    check(dlc_timeline_make(&timeline, gpu.cuda, only, &error), error);
  }
  ~Profiler() {
    dlc_timeline_free(&timeline);
    dlc_instance_unload_v1(&instance);
  }
  Profiler(const Profiler &) = delete;
  Profiler &operator=(const Profiler &) = delete;

  void run(Lane &lane, dlc_profile &profile) {
    dlc_error error;
    const dlc_launch_list &list = model.launch_lists[0];
    check(dlc_profile_reserve(&profile, &model, only, &list,
                              dlc_timeline_events(only, &list), &error),
          error);
    profile.device = gpu.name;
    std::vector<CUdeviceptr> in, out;
    for (void *address : lane.inputs)
      in.push_back(reinterpret_cast<uintptr_t>(address));
    for (void *address : lane.outputs)
      out.push_back(reinterpret_cast<uintptr_t>(address));
    dlc_places places = {reinterpret_cast<uintptr_t>(lane.arena), in.data(),
                         out.data()};
    record(profile, [&] {
      uint64_t begin = dlc_now();
      check(dlc_timeline_enqueue(&timeline, &instance, only, &places,
                                 lane.stream, &error),
            error);
      gpu.check(gpu.cuda->cuStreamSynchronize(lane.stream), "the run failed");
      check(dlc_timeline_read(&timeline, timeline.events[0], begin, &profile,
                              &error),
            error);
    });
  }

private:
  static void check(int status, const dlc_error &error) {
    if (status)
      throw Error(error.text);
  }

  const Gpu &gpu;
  const dlc_model &model;
  const dlc_specialisation *only;
  dlc_instance instance = {};
  dlc_timeline timeline = {};
};

class CudaModel : public Model::Impl {
public:
  CudaModel(std::shared_ptr<Library> library, const dlc_model &descriptor)
      : Impl(std::move(library), descriptor) {
    initModel = this->library->get<InitFn>("init");
    runModel = this->library->get<RunFn>("run");
    message = this->library->get<MessageFn>("message");
    freeModel = this->library->get<FreeFn>("free");
    gpu.enter();
    lanes.allocate = [this]() -> void * {
      return new Lane(gpu, this->descriptor);
    };
    lanes.release = [](void *lane) { delete static_cast<Lane *>(lane); };
    weights = gpu.allocate(descriptor.weights_bytes);
    ArenaPool::Lease lane(lanes);
    check(
        initModel(&instance, weights, static_cast<Lane *>(lane.get())->stream));
  }

  ~CudaModel() override {
    (void)gpu.cuda->cuCtxSetCurrent(gpu.context);
    freeModel(instance);
    for (auto *places : {&arenas, &randomStates})
      for (auto &[stream, place] : *places)
        gpu.free(place);
    gpu.free(weights);
  }

  void run(const void *const *from, void *const *to) override {
    gpu.enter();
    ArenaPool::Lease lease(lanes);
    Lane &lane = *static_cast<Lane *>(lease.get());
    const dlc_cuda *cuda = gpu.cuda;
    copyIn(from, lane);
    check(runModel(instance, lane.inputs.data(), lane.outputs.data(),
                   lane.arena, lane.stream));
    for (uint32_t i = 0; i < descriptor.num_outputs; ++i)
      gpu.check(cuda->cuMemcpyDtoHAsync(
                    to[i], reinterpret_cast<uintptr_t>(lane.outputs[i]),
                    descriptor.outputs[i].bytes, lane.stream),
                "cannot copy an output from the GPU");
    gpu.check(cuda->cuStreamSynchronize(lane.stream), "the run failed");
  }

  void profile(const void *const *from, void *const *,
               dlc_profile &profile) override {
    gpu.enter();
    ArenaPool::Lease lease(lanes);
    Lane &lane = *static_cast<Lane *>(lease.get());
    copyIn(from, lane);
    Profiler(gpu, descriptor, weights).run(lane, profile);
  }

  void runOnDevice(const void *const *from, void *const *to,
                   void *stream) override {
    gpu.enter();
    std::lock_guard<std::mutex> lock(mutex);
    // What runs in one stream runs in order, and can share an arena.
    void *&arena = arenas[stream];
    if (!arena)
      arena = gpu.allocate(descriptor.arena_bytes);
    std::vector<const void *> all(from, from + inputs.size());
    if (hasRandom) {
      void *&place = randomStates[stream];
      if (!place)
        place = gpu.allocate(sizeof(RandomState));
      // (So little is copied before the call returns.)
      RandomState state = nextRandom();
      gpu.check(gpu.cuda->cuMemcpyHtoDAsync(reinterpret_cast<uintptr_t>(place),
                                            &state, 2 * sizeof(int64_t),
                                            static_cast<CUstream>(stream)),
                "cannot copy a seed to the GPU");
      all.push_back(place);
    }
    check(runModel(instance, all.data(), to, arena, stream));
  }

private:
  using InitFn = int32_t (*)(void **, void *, void *);
  using RunFn = int32_t (*)(void *, const void *const *, void *const *, void *,
                            void *);
  using MessageFn = const char *(*)(const void *);
  using FreeFn = void (*)(void *);

  void copyIn(const void *const *from, Lane &lane) const {
    for (uint32_t i = 0; i < descriptor.num_inputs; ++i)
      gpu.check(gpu.cuda->cuMemcpyHtoDAsync(
                    reinterpret_cast<uintptr_t>(lane.inputs[i]), from[i],
                    descriptor.inputs[i].bytes, lane.stream),
                "cannot copy an input to the GPU");
  }

  void check(int32_t status) const {
    if (status == DLC_ERROR_ALIGNMENT)
      throw Error(name + ": memory of the GPU has to be aligned to " +
                  std::to_string(DLC_DEVICE_ALIGNMENT) + " bytes");
    if (status != DLC_OK)
      throw Error(name + ": " + message(instance));
  }

  Gpu gpu;
  InitFn initModel;
  RunFn runModel;
  MessageFn message;
  FreeFn freeModel;
  void *instance = nullptr, *weights = nullptr;
  ArenaPool lanes;
  std::mutex mutex;
  std::map<void *, void *> arenas, randomStates;
};

} // namespace

std::shared_ptr<Model::Impl>
dlc::detail::makeCudaModel(std::shared_ptr<Library> library,
                           const dlc_model &descriptor) {
  return std::make_shared<CudaModel>(std::move(library), descriptor);
}
