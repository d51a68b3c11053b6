//===- ModelImpl.h - What models of all targets have ------------*- C++ -*-===//

#ifndef DLC_LIB_FRONTEND_MODELIMPL_H
#define DLC_LIB_FRONTEND_MODELIMPL_H

#include "dlc/Frontend/Compile.h"
#include "dlc/Runtime/dlc_abi.h"

#include "Profile.h"

#include <mutex>

namespace dlc::detail {

inline constexpr int kMaxThreads = 256;

/// A library made by dlc, loaded while this lives.
class Library {
public:
  explicit Library(const std::string &path);
  ~Library();
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  /// The function <model>_<name>.
  template <typename Fn>
  Fn get(const char *name) const {
    return reinterpret_cast<Fn>(find(name));
  }

private:
  void *find(const char *name) const;

  std::string path, prefix;
  void *handle = nullptr;
};

/// What a run's random numbers are a function of.
struct alignas(DLC_TENSOR_ALIGNMENT) RandomState {
  int64_t seed, run;
};

/// Arenas for as many runs as there are at the same time.
class ArenaPool {
public:
  ~ArenaPool();
  void *take();
  void give(void *arena);

  class Lease {
  public:
    explicit Lease(ArenaPool &pool) : pool(pool), arena(pool.take()) {}
    ~Lease() { pool.give(arena); }
    Lease(const Lease &) = delete;
    Lease &operator=(const Lease &) = delete;
    void *get() const { return arena; }

  private:
    ArenaPool &pool;
    void *arena;
  };

  std::function<void *()> allocate;
  std::function<void(void *)> release;

private:
  std::mutex mutex;
  std::vector<void *> idle;
};

} // namespace dlc::detail

struct dlc::Model::Impl {
  Impl(std::shared_ptr<detail::Library> library, const dlc_model &descriptor);
  virtual ~Impl();

  /// On host memory.
  virtual void run(const void *const *inputs, void *const *outputs) = 0;
  virtual void runOnDevice(const void *const *inputs, void *const *outputs,
                           void *stream) = 0;
  /// Records some runs on host memory.
  virtual void profile(const void *const *inputs, void *const *outputs,
                       dlc_profile &profile) = 0;

  /// The seed and the number of the next run, for DLC_ROLE_RANDOM.
  detail::RandomState nextRandom();
  void setSeed(int64_t seed);

  std::shared_ptr<detail::Library> library;
  const dlc_model &descriptor;
  std::string name, target;
  std::vector<TensorInfo> inputs, outputs;
  bool hasRandom;

private:
  std::mutex randomMutex;
  int64_t seed = 0, runs = 0;
};

namespace dlc::detail {
/// `dlc_profile_record`, passing on what `run` throws.
void record(dlc_profile &profile, const std::function<void()> &run);

std::shared_ptr<Model::Impl> makeCudaModel(std::shared_ptr<Library> library,
                                           const dlc_model &descriptor);
} // namespace dlc::detail

#endif // DLC_LIB_FRONTEND_MODELIMPL_H
