//===- Analysis.h - Control flow and uniformity of PTX ---------*- C++ -*-===//
//
// A warp runs in lock step. This analysis finds where that needs no masks:
//
//  - A register is uniform if it has the same value in all lanes at all times;
//    it is then kept as a scalar.
//  - A block is divergent if some, but not all live lanes of the warp may be in
//    it: everything between a divergent branch and its immediate
//    post-dominator. Connected divergent blocks form a region, with one exit.
//  - A divergent branch to a block that only returns makes no region: the lanes
//    are taken out of the live mask (`if (i >= n) return;`).
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_ANALYSIS_H
#define DLC_LIB_PTXSIM_ANALYSIS_H

#include "IR.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace dlc::ptxsim {

/// What is known of the block shape when a kernel is translated.
struct Shape {
  /// Lanes of a warp differ by one in tid.x and agree in tid.y and tid.z.
  bool isLinear = false;
  /// All warps have 32 threads.
  bool isFull = false;
};

/// How a block ends.
enum class End : uint8_t {
  Jump,   ///< succs[0]
  Branch, ///< guard true: succs[0], else succs[1]
  Switch, ///< brx.idx: succs by the label list
  Return,
  RetireTaken, ///< as Branch, but lanes with a true guard return; succs[0] is
               ///< where the others go
  RetireOther, ///< lanes with a false guard return
};

struct Block {
  unsigned begin = 0, end = 0; ///< instructions, with the terminator
  End kind = End::Jump;
  /// The terminating instruction; -1: falls through.
  int terminator = -1;
  llvm::SmallVector<unsigned, 2> succs, preds;
  bool isReachable = false;
  /// The region, or -1: uniform.
  int region = -1;
  /// Position in the order of the function.
  unsigned position = 0;
};

struct Region {
  /// In the function's order: each loop is contiguous.
  std::vector<unsigned> blocks;
  /// Where all lanes meet again; -1: they all return.
  int exit = -1;
};

class Analysis {
public:
  Analysis(const FunctionIR &function, Shape shape);

  const FunctionIR &function;
  std::vector<Block> blocks;
  std::vector<Region> regions;
  /// Reachable blocks; a topological order but for loops, which are contiguous.
  std::vector<unsigned> order;
  llvm::BitVector divergent;  ///< registers that need a value a lane
  llvm::BitVector crossBlock; ///< registers that live beyond one block
  llvm::BitVector isRead;     ///< registers that some instruction reads
  /// How many bytes at the end of each register nothing reads: all of them, or
  /// what goes into such a register where it is taken apart.
  std::vector<uint8_t> unreadBytes;
  unsigned mostLiveWords = 0; ///< of 32 bits, at the begin of a block
  /// Number of registers with the carry flag, which is the last one.
  unsigned registerCount() const { return function.registers.size() + 1; }
  unsigned carryRegister() const { return function.registers.size(); }
  bool isUniform(unsigned reg) const { return !divergent[reg]; }

private:
  void buildBlocks();
  void connect();
  void findOrder();
  void findPostDominators();
  void findLiveness();
  void findUnread();
  unsigned unreadBy(const Instruction &inst, unsigned reg) const;
  void findUniformity();
  bool isDivergentEnd(const Block &block) const;
  bool findRetiring();
  bool markDivergentBlocks();
  void buildRegions();
  bool isReturnOnly(unsigned block) const;
  bool isDivergentSource(const Instruction &inst) const;
  bool isDivergentOperand(const Operand &operand) const;
  bool propagate(const Block &block, const Instruction &inst);

  Shape shape;
  std::vector<unsigned> blockOfInstruction;
  /// Immediate post-dominators; blocks.size() is the end of the function.
  std::vector<unsigned> postDominator;
  llvm::BitVector inRegion;
};

/// Calls `def` and `use` for the registers of an instruction; the guard and the
/// carry flag (numbered `carry`) included.
void forEachRegister(const Instruction &inst, unsigned carry,
                     llvm::function_ref<void(unsigned)> def,
                     llvm::function_ref<void(unsigned)> use);

/// Registers of 32 bits that a thread needs at least at the busiest block
/// boundary, and some for what happens inside; between 16 and 255.
unsigned estimateRegisters(const FunctionIR &function);

/// Whether operand 0 is written.
bool hasResult(const Instruction &inst);

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_ANALYSIS_H
