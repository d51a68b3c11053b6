//===- Fibre.h - Switching between warps -----------------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_FIBRE_H
#define DLC_LIB_PTXSIM_FIBRE_H

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace dlc::ptxsim {

/// A stack of its own on which a function runs until it switches away. An
/// object that was not started stands for the thread's own stack.
class Fibre {
public:
  using Body = void (*)(void *argument);

  Fibre() = default;
  Fibre(const Fibre &) = delete;
  Fibre &operator=(const Fibre &) = delete;
  ~Fibre();

  /// Prepares the stack, so that the next switch to it calls `body`, which must
  /// not return. What ran on it before is forgotten. False: no memory.
  bool start(Body body, void *argument);

  /// Leaves `from`, which must be what runs now, and goes on with `to`.
  static void switchTo(Fibre &from, Fibre &to);

private:
  static void enter();

  void *stack = nullptr;
  Body body = nullptr;
  void *argument = nullptr;
#if defined(__x86_64__)
  void *stackPointer = nullptr;
#else
  ucontext_t context;
#endif
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_FIBRE_H
