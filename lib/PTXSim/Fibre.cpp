//===- Fibre.cpp - Switching between warps --------------------------------===//

#include "Fibre.h"

#include <sys/mman.h>

using namespace dlc::ptxsim;

/// Registers of kernels that do not fit the host's are here: 4 MiB is taken
/// only as far as it is touched.
static constexpr size_t stackBytes = size_t(4) << 20;
static constexpr size_t guardBytes = 4096;

/// The fibre that is being entered for the first time.
static thread_local Fibre *entering = nullptr;

Fibre::~Fibre() {
  if (stack)
    munmap(stack, stackBytes + guardBytes);
}

#if defined(__x86_64__)
// void dlcPtxSimSwitch(void **save, void *load): what the System V ABI says a
// function preserves goes to the stack; jumping instead of returning spares the
// return predictor, which knows nothing of other stacks.
asm(R"(
  .text
  .p2align 4
  .type dlcPtxSimSwitch,@function
dlcPtxSimSwitch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
  .size dlcPtxSimSwitch, .-dlcPtxSimSwitch
)");
extern "C" void dlcPtxSimSwitch(void **save, void *load) asm("dlcPtxSimSwitch");
#endif

void Fibre::enter() {
  Fibre *self = entering;
  self->body(self->argument);
  __builtin_trap(); // a body does not return
}

bool Fibre::start(Body newBody, void *newArgument) {
  if (!stack) {
    void *memory =
        mmap(nullptr, stackBytes + guardBytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
      return false;
    mprotect(memory, guardBytes, PROT_NONE);
    stack = memory;
  }
  body = newBody;
  argument = newArgument;
  char *base = static_cast<char *>(stack) + guardBytes;
#if defined(__x86_64__)
  // six registers and the address to jump to; then the stack is as behind a
  // call
  auto **top = reinterpret_cast<void **>(base + stackBytes - 64);
  *--top = nullptr;
  *--top = reinterpret_cast<void *>(&Fibre::enter);
  for (unsigned i = 0; i < 6; ++i)
    *--top = nullptr;
  stackPointer = static_cast<void *>(top);
#else
  getcontext(&context);
  context.uc_stack.ss_sp = base;
  context.uc_stack.ss_size = stackBytes;
  context.uc_link = nullptr;
  makecontext(&context, &Fibre::enter, 0);
#endif
  return true;
}

void Fibre::switchTo(Fibre &from, Fibre &to) {
  entering = &to;
#if defined(__x86_64__)
  dlcPtxSimSwitch(&from.stackPointer, to.stackPointer);
#else
  swapcontext(&from.context, &to.context);
#endif
}
