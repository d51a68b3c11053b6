//===- Translator.h - PTX to LLVM IR ---------------------------*- C++ -*-===//
//
// A function of PTX becomes an LLVM function that runs one warp: a register is
// a scalar if it is uniform, otherwise a vector of 32 lanes. See Analysis.h for
// how control flow is treated, Context.h for what the code may call.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_LIB_PTXSIM_TRANSLATOR_H
#define DLC_LIB_PTXSIM_TRANSLATOR_H

#include "Analysis.h"
#include "Context.h"
#include "FloatFormats.h"
#include "IR.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace dlc::ptxsim {

struct TranslateOptions {
  bool checks = true;
  bool deferAsyncCopies = true;
  Shape shape;
  /// Code that is compiled quickly and runs slowly (TranslateForms.cpp).
  bool quick = false;
};

/// Functions for forms of instructions that are loaded already, by key: their
/// symbols.
using FormLibrary = llvm::StringMap<std::string>;

/// Where the variables of shared memory lie when a kernel runs.
struct SharedLayout {
  /// Offsets by variable; only those in shared memory count.
  std::vector<uint64_t> offsets;
  uint64_t staticBytes = 0;
  /// Where `.extern` variables begin.
  uint64_t dynamicOffset = 0;
};

/// All that the functions of one kernel share.
struct KernelTranslation {
  const ModuleIR &module;
  const SharedLayout &layout;
  const TranslateOptions &options;
  llvm::Module &llvmModule;
  /// Device functions by their index in the module, null until needed.
  std::vector<llvm::Function *> functions;
  std::vector<unsigned> pending;
  /// Functions for forms of instructions, in quick code.
  llvm::StringMap<llvm::Function *> forms;
  /// Null: all forms are the kernel's own.
  FormLibrary *library = nullptr;
  FormLibrary added;
};

/// Translates a kernel and all functions it calls into `llvmModule`; the entry
/// is called `name`. Quick code takes forms from `library` and adds its own,
/// where there is one.
llvm::Error translateKernel(const ModuleIR &module, const FunctionIR &kernel,
                            const SharedLayout &layout,
                            const TranslateOptions &options,
                            llvm::StringRef name, llvm::Module &llvmModule,
                            FormLibrary *library = nullptr);

/// Translates one function. Member functions that return bool return true on an
/// error, which is kept in `message`.
class FunctionTranslator {
public:
  FunctionTranslator(KernelTranslation &kernel, const FunctionIR &function);
  bool translate(llvm::Function *target);
  const std::string &error() const { return message; }

private:
  using Value = llvm::Value;
  using Type = llvm::Type;
  using Values = llvm::SmallVector<Value *, 8>;

  bool fail(const Instruction &inst, const llvm::Twine &what);
  bool unsupported(const Instruction &inst);

  //===--------------------------------------------------------------------===//
  // Types, values, registers (Translator.cpp)
  //===--------------------------------------------------------------------===//

  Type *intType(unsigned bits) { return b.getIntNTy(bits); }
  Type *vectorOf(Type *element, unsigned lanes = warpSize) {
    return llvm::FixedVectorType::get(element, lanes);
  }
  /// `element`, or 32 of them if the current instruction is done by lanes.
  Type *shaped(Type *element) {
    return lanes == 1 ? element : vectorOf(element);
  }
  /// The type of a float format that values are computed in.
  Type *floatType(Ty type);
  /// An element twice, four times for lanes of packed types.
  Type *shapedPacked(Type *element, unsigned perLane);
  static bool isVector(Value *value) { return value->getType()->isVectorTy(); }
  Value *splat(Value *scalar) { return b.CreateVectorSplat(warpSize, scalar); }
  Value *toVector(Value *value) {
    return isVector(value) ? value : splat(value);
  }
  Value *constant(uint64_t value, unsigned bits);
  /// 0, 1, ..., 31
  Value *laneIds(unsigned bits);

  /// The operand as integer of the type's width (a predicate: i1), a scalar if
  /// it is uniform.
  Value *read(const Operand &operand, Ty type);
  Value *readBits(const Operand &operand, unsigned bits, Ty type = Ty::None);
  Value *immediate(const Operand &operand, unsigned bits, Ty type);
  Value *symbolAddress(const Operand &operand, unsigned bits);
  Value *special(Special reg);
  Value *loadRegister(unsigned reg);
  /// Reads operands `first`, ... with one type each and brings them to one
  /// shape, which is then that of the instruction (`lanes`).
  bool readAll(const Instruction &inst, unsigned first,
               llvm::ArrayRef<Ty> types, Values &values);
  void unify(llvm::MutableArrayRef<Value *> values);
  /// Writes a value of the type's width to a register, where the lanes are
  /// active.
  bool write(const Instruction &inst, const Operand &operand, Value *value,
             Ty type);
  void storeRegister(unsigned reg, Value *value);
  bool writeVector(const Instruction &inst, const Operand &operand,
                   llvm::ArrayRef<Value *> values, Ty type);

  //===--------------------------------------------------------------------===//
  // Masks
  //===--------------------------------------------------------------------===//

  /// Lanes that execute the instruction, <32 x i1>; never null.
  Value *activeMask();
  Value *maskBits(Value *mask) { return b.CreateBitCast(mask, b.getInt32Ty()); }
  Value *anyLane(Value *mask);
  Value *allLanes(Value *mask);
  Value *liveMask();
  bool isStaticallyFull() const { return !mask && !guardMask; }
  Value *bitsToMask(Value *bits) {
    return b.CreateBitCast(bits, vectorOf(b.getInt1Ty()));
  }

  //===--------------------------------------------------------------------===//
  // Context and routines
  //===--------------------------------------------------------------------===//

  Value *contextField(Type *type, size_t offset, bool isInvariant = true);
  Value *contextAddress(size_t offset);
  Value *callRoutine(Routine routine, Type *result,
                     llvm::ArrayRef<Value *> arguments);
  /// A place in the frame for a value, in the entry block.
  llvm::AllocaInst *frameSlot(Type *type, unsigned align = 64);
  /// A place that is only used within the current instruction; the frame stays
  /// small enough for the cache.
  llvm::AllocaInst *tempSlot(Type *type);
  void releaseTempSlots();
  Value *toMemory(Value *value);
  llvm::BasicBlock *newBlock(const llvm::Twine &name);

  //===--------------------------------------------------------------------===//
  // Control flow (TranslateControl.cpp)
  //===--------------------------------------------------------------------===//

  bool translateBlock(unsigned index);
  bool translateInstruction(const Instruction &inst);
  bool translateGuarded(const Instruction &inst);
  void setMask(Value *lanesMask);
  bool dispatch(const Instruction &inst);
  void emitRegion(unsigned region);
  bool emitTerminator(unsigned index);
  bool emitUniformEnd(unsigned index);
  bool emitDivergentEnd(unsigned index);
  void enterRegion(llvm::ArrayRef<std::pair<unsigned, Value *>> edges);
  void jumpTo(unsigned block);
  void countRound(unsigned block);
  void addPending(unsigned block, Value *lanesMask);
  void retire(Value *lanesMask);
  void emitReturn();
  bool guardedReturn(const Instruction &inst);
  Value *guardValue(const Instruction &inst);
  bool translateCall(const Instruction &inst);
  bool callFunction(const Instruction &inst, unsigned callee, Value *in,
                    Value *out);
  Value *switchTarget(const Instruction &inst, unsigned target, unsigned count,
                      Value *index);

  //===--------------------------------------------------------------------===//
  // Forms (TranslateForms.cpp)
  //===--------------------------------------------------------------------===//

  struct FormCall;
  void placeLocalRegisters();
  bool hasForm(const Instruction &inst) const;
  FormCall describe(const Instruction &inst);
  void describeOperand(const Instruction &inst, const Operand &operand,
                       bool isOuter, FormCall &call);
  void describeRegister(unsigned reg, FormCall &call);
  bool callForm(const Instruction &inst);
  bool makeForm(const Instruction &inst, const FormCall &call);
  /// The line of an instruction, for routines.
  Value *lineOf(const Instruction &inst);
  /// A number that calls of a form differ in, as i64; null: it is constant.
  Value *formNumber(const Operand &operand) { return numbers.lookup(&operand); }

  //===--------------------------------------------------------------------===//
  // Instruction families
  //===--------------------------------------------------------------------===//

  // TranslateArith.cpp
  bool translateIntegerArith(const Instruction &inst);
  bool translateArith(const Instruction &inst);
  bool translateMul(const Instruction &inst);
  bool translateMad(const Instruction &inst);
  bool translateDivRem(const Instruction &inst);
  bool translateMinMaxInt(const Instruction &inst);
  bool translateCarry(const Instruction &inst);
  bool translateLogic(const Instruction &inst);
  bool translateShift(const Instruction &inst);
  bool translateBits(const Instruction &inst);
  bool translateCompare(const Instruction &inst);
  bool translateSelect(const Instruction &inst);
  bool translateMov(const Instruction &inst);
  Value *compare(const Instruction &inst, llvm::StringRef cmp, Ty type,
                 Value *left, Value *right);
  Value *integerOf(Value *value, unsigned bits, bool isSigned);

  // TranslateFloat.cpp
  bool translateFloat(const Instruction &inst);
  bool translateApprox(const Instruction &inst);
  Value *toFloat(Value *bits, Ty type);
  Value *fromFloat(Value *value, Ty type);
  Value *flush(Value *value);
  Value *exp2(Value *x);
  Value *log2(Value *x);
  Value *floatConstant(Value *like, double value);
  Value *asInt(Value *value);
  Value *asFloat(Value *value);
  Value *roundToBF16(Value *value);
  Value *doubleToFloatOdd(Value *value);
  bool directedRounding(const Instruction &inst, llvm::ArrayRef<Value *> values,
                        Ty type, unsigned rounding, Value *&result);
  Value *floatIntrinsic(llvm::Intrinsic::ID id, llvm::ArrayRef<Value *> args);

  // TranslateConvert.cpp
  bool translateConvert(const Instruction &inst);
  bool convertPair(const Instruction &inst, FloatFormat format, Ty from);
  bool convertPacked(const Instruction &inst);
  bool convertIntegers(const Instruction &inst);
  Value *saturate(Value *value, Ty to);
  bool convertToInteger(const Instruction &inst, Value *x, bool fromDouble);
  Value *encode(Value *value, FloatFormat format, unsigned rounding,
                bool saturate);
  Value *encodeTo(const Instruction &inst, Value *x, FloatFormat format);

  // TranslateMemory.cpp
  struct Address {
    Value *value = nullptr; ///< offset or address, scalar or lanes
    AccessSpace space = AccessSpace::Generic;
    bool isOffset = false; ///< to be added to the base of shared memory
    uint64_t stride = 0;   ///< not 0: lanes are known to differ by this
  };
  bool translateLoad(const Instruction &inst);
  bool translateStore(const Instruction &inst);
  bool translateCvta(const Instruction &inst);
  bool translateIsspacep(const Instruction &inst);
  bool translateAtomic(const Instruction &inst);
  bool translateAsyncCopy(const Instruction &inst);
  bool readAddress(const Instruction &inst, const Operand &operand, Space space,
                   Address &address);
  Value *hostAddress(const Address &address);
  Value *pointer(Value *address) {
    return b.CreateIntToPtr(address, b.getPtrTy());
  }
  void emitCheck(const Instruction &inst, const Address &address,
                 unsigned bytes, unsigned flags);
  Values emitLoad(const Address &address, unsigned bits, unsigned count);
  void emitStore(const Instruction &inst, const Address &address, unsigned bits,
                 llvm::ArrayRef<Value *> values);
  /// `unused` as for AccessUnusedShift.
  Values callLoad(const Instruction &inst, const Address &address,
                  unsigned bits, unsigned count, unsigned unused);
  void callStore(const Instruction &inst, const Address &address, unsigned bits,
                 llvm::ArrayRef<Value *> values);
  Value *isContiguous(const Address &address, unsigned bytes);
  llvm::Function *gatherHelper(unsigned bits, unsigned count);
  llvm::Function *scatterHelper(unsigned bits, unsigned count);
  llvm::Function *lostHelper(unsigned bits, unsigned count);
  Values splitLanes(Value *whole, unsigned count);
  Value *joinLanes(llvm::ArrayRef<Value *> parts);
  Value *sharedBase();

  // TranslateCollective.cpp
  bool translateBarrier(const Instruction &inst);
  bool translateShuffle(const Instruction &inst);
  bool translateVote(const Instruction &inst);
  bool translateMatch(const Instruction &inst);
  Value *reduceLanes(const Instruction &inst, Value *value, Value *taking);
  bool translateRedux(const Instruction &inst);
  void checkMembers(const Instruction &inst, Value *members);

  // TranslateTensor.cpp
  bool translateLdmatrix(const Instruction &inst);
  bool translateStmatrix(const Instruction &inst);
  bool translateMovmatrix(const Instruction &inst);
  bool translateMma(const Instruction &inst);
  bool translateWmma(const Instruction &inst);
  bool translateWmmaMma(const Instruction &inst);
  bool translateWmmaMove(const Instruction &inst);
  /// A register of a wmma fragment in memory.
  struct TileMove {
    Ty type = Ty::F16;
    bool isLoad = true, isB = false, isRowMajor = true;
    unsigned perLane = 1;   ///< elements in the register
    unsigned lanesStep = 1; ///< elements between neighbouring lanes of a group
    unsigned row = 0, column = 0;
    Address base;
    Value *stride = nullptr;
  };
  bool moveTile(const Instruction &inst, const TileMove &tile, Value *&value);
  void requireFullWarp(const Instruction &inst);
  bool fragmentSources(const Instruction &inst, const Operand &operand, Ty type,
                       unsigned count, Values &pointers);
  bool fragmentTargets(const Instruction &inst, const Operand &operand, Ty type,
                       unsigned count, const Values &sources,
                       unsigned mayShareFrom, Values &pointers);
  bool storeTargets(const Instruction &inst, const Operand &operand, Ty type,
                    const Values &pointers);
  Value *registerPlace(const Operand &operand, unsigned bits);
  bool matrixRows(const Instruction &inst, const Operand &operand,
                  unsigned count, unsigned flags, Value *&rows);

  KernelTranslation &kernel;
  const FunctionIR &function;
  Analysis analysis;
  llvm::LLVMContext &context;
  llvm::IRBuilder<> b;
  llvm::Function *target = nullptr;
  std::string message;

  Value *warpContext = nullptr;
  /// Device functions: parameters and results, 32 of each one behind another.
  Value *paramArea = nullptr;
  Value *returnArea = nullptr;
  struct Place {
    Value *pointer = nullptr;
    Type *type = nullptr;
  };
  std::vector<Place> registers;
  std::vector<llvm::AllocaInst *> callParams;
  /// Local memory: address of the frame in each lane.
  Value *frame = nullptr;
  /// Lanes that have not returned; null if that are always all.
  Value *live = nullptr;
  /// By block: lanes that wait for it. Divergent blocks only.
  std::vector<llvm::AllocaInst *> waiting;
  /// By block: uniform ones: its code; divergent ones: the test for lanes.
  std::vector<llvm::BasicBlock *> entries;
  llvm::BasicBlock *entryBlock = nullptr;
  /// Temporary places by type, and how many are in use.
  llvm::DenseMap<Type *, std::pair<std::vector<llvm::AllocaInst *>, size_t>>
      tempSlots;
  llvm::BasicBlock *returnBlock = nullptr;
  /// Where a divergent block goes when its lanes are done.
  llvm::BasicBlock *afterBlock = nullptr;

  // The block and instruction being translated
  unsigned blockIndex = 0;
  int region = -1;
  /// Lanes in the block; null: all 32.
  Value *mask = nullptr;
  /// The same as i32, in quick code.
  Value *maskWord = nullptr;
  /// In a form: its parameters for numbers and for the line.
  llvm::SmallDenseMap<const Operand *, Value *> numbers;
  Value *formLine = nullptr;
  /// Lanes whose guard is true; null: no guard, or it is uniform.
  Value *guardMask = nullptr;
  /// A uniform guard; null: none.
  Value *scalarGuard = nullptr;
  /// 1 or 32: the shape of the operands of the instruction.
  unsigned lanes = 1;
  const Instruction *current = nullptr;
};

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_TRANSLATOR_H
