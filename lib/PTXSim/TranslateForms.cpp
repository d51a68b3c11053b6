//===- TranslateForms.cpp - PTX to LLVM IR: quick code --------------------===//
//
// Code generation for vectors of 32 lanes takes long, and most instructions of
// a kernel differ from others in nothing but their registers, offsets and
// immediate numbers. In quick code registers stay in memory, and each form of
// an instruction is a function that takes pointers to registers and the
// numbers; the kernel is a list of calls. It is compiled 5 to 10 times as fast
// as the other code and runs several times as slowly. Kernels of a process
// share their forms.
//
//===----------------------------------------------------------------------===//

#include "Translator.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlc::ptxsim;

/// What an instruction is apart from its registers and numbers, and those.
struct FunctionTranslator::FormCall {
  std::string key;
  llvm::SmallVector<unsigned, 8> registers;
  llvm::SmallVector<const Operand *, 4> numbers;
};

/// Registers that are used in one block only share places, as no pass does it
/// for them: a kernel may have thousands, and stacks are small.
void FunctionTranslator::placeLocalRegisters() {
  const unsigned carry = analysis.carryRegister();
  llvm::SmallVector<int> blockOf(analysis.registerCount(), -1);
  llvm::BitVector isShared = analysis.crossBlock;
  isShared.set(carry);
  auto visit = [&](unsigned i, llvm::function_ref<void(unsigned)> visitor) {
    auto visitLocal = [&](unsigned reg) {
      if (!isShared[reg])
        visitor(reg);
    };
    forEachRegister(function.body[i], carry, visitLocal, visitLocal);
  };
  for (unsigned index : analysis.order)
    for (unsigned i = analysis.blocks[index].begin;
         i < analysis.blocks[index].end; ++i)
      visit(i, [&](unsigned reg) {
        if (blockOf[reg] >= 0 && blockOf[reg] != int(index))
          isShared.set(reg);
        blockOf[reg] = int(index);
      });
  for (Place &place : registers)
    if (!place.pointer && isShared[&place - registers.data()])
      place.pointer = frameSlot(place.type);

  llvm::DenseMap<Type *, Values> unused;
  for (unsigned index : analysis.order) {
    const Block &block = analysis.blocks[index];
    llvm::DenseMap<unsigned, unsigned> lastUse;
    for (unsigned i = block.begin; i < block.end; ++i)
      visit(i, [&](unsigned reg) { lastUse[reg] = i; });
    for (unsigned i = block.begin; i < block.end; ++i) {
      visit(i, [&](unsigned reg) {
        Place &place = registers[reg];
        Values &free = unused[place.type];
        if (!place.pointer)
          place.pointer =
              free.empty() ? frameSlot(place.type) : free.pop_back_val();
      });
      // only now: results do not overlap operands
      visit(i, [&](unsigned reg) {
        if (auto last = lastUse.find(reg);
            last != lastUse.end() && last->second == i) {
          unused[registers[reg].type].push_back(registers[reg].pointer);
          lastUse.erase(last);
        }
      });
    }
  }
}

/// Operands that belong to this function's frame are not known to others.
static bool refersToFrame(const Operand &operand) {
  if (operand.kind == Operand::Symbol)
    return operand.symbol != SymbolKind::Variable;
  return llvm::any_of(operand.elements, refersToFrame);
}

/// Whether an instruction becomes a call: those that work on lanes do.
bool FunctionTranslator::hasForm(const Instruction &inst) const {
  if (!kernel.options.quick || inst.op == Op::Call)
    return false;
  bool works = false, carries = false;
  auto visit = [&](unsigned reg) {
    works |= !analysis.isUniform(reg);
    carries |= reg == analysis.carryRegister();
  };
  forEachRegister(inst, analysis.carryRegister(), visit, visit);
  return works && !carries && llvm::none_of(inst.operands, refersToFrame);
}

/// Whether the instruction reads its numbers through `immediate` only, so that
/// they may be parameters.
static bool takesNumbers(Op op) {
  switch (op) {
  case Op::Add:
  case Op::Sub:
  case Op::Mul:
  case Op::Mad:
  case Op::Fma:
  case Op::Min:
  case Op::Max:
  case Op::And:
  case Op::Or:
  case Op::Xor:
  case Op::Setp:
  case Op::Selp:
  case Op::Mov:
    return true;
  default:
    return false;
  }
}

void FunctionTranslator::describeRegister(unsigned reg, FormCall &call) {
  auto *known = llvm::find(call.registers, reg);
  call.key += '%' + std::to_string(known - call.registers.begin());
  if (known != call.registers.end())
    return;
  call.registers.push_back(reg);
  call.key += ':' + std::to_string(bitsOf(function.registers[reg].type)) +
              (analysis.isUniform(reg) ? "u" : "v") +
              (analysis.crossBlock[reg] ? "x" : "") +
              // loads check what goes into registers that are read
              "-" + std::to_string(analysis.unreadBytes[reg]);
}

void FunctionTranslator::describeOperand(const Instruction &inst,
                                         const Operand &operand, bool isOuter,
                                         FormCall &call) {
  call.key += ' ' + std::to_string(unsigned(operand.kind));
  if (operand.negated)
    call.key += '!';
  bool isNumber = false;
  switch (operand.kind) {
  case Operand::Register:
    describeRegister(operand.index, call);
    return;
  case Operand::Integer:
    isNumber = isOuter && takesNumbers(inst.op) && !isFloat(inst.type());
    break;
  case Operand::Float32:
    isNumber = isOuter && takesNumbers(inst.op) && bitsOf(inst.type()) == 32;
    break;
  case Operand::Address:
    isNumber = isOuter && operand.value != 0 && operand.elements[0].isReg();
    break;
  default:
    break;
  }
  if (isNumber) {
    call.numbers.push_back(&operand);
    call.key += '#';
  } else {
    call.key += std::to_string(unsigned(operand.symbol)) + ',' +
                std::to_string(operand.index) + ',' +
                std::to_string(operand.value);
    if (operand.kind == Operand::Symbol)
      call.key += '+' + std::to_string(kernel.layout.offsets[operand.index]);
  }
  for (const Operand &element : operand.elements)
    describeOperand(inst, element, /*isOuter=*/false, call);
  call.key += ';';
}

FunctionTranslator::FormCall
FunctionTranslator::describe(const Instruction &inst) {
  FormCall call;
  const TranslateOptions &options = kernel.options;
  for (bool option : {options.checks, options.deferAsyncCopies,
                      options.shape.isLinear, options.shape.isFull})
    call.key += option ? '1' : '0';
  call.key += nameOf(inst.op);
  for (llvm::StringRef mod : inst.mods)
    call.key += '.' + mod.str();
  for (Ty type : inst.types)
    call.key += '.' + nameOf(type).str();
  call.key += mask ? " m" : " ";
  call.key += live ? "l" : "";
  call.key += region >= 0 ? "r" : "";
  if (inst.guard >= 0) {
    call.key += inst.guardNegated ? "@!" : "@";
    describeRegister(unsigned(inst.guard), call);
  }
  for (const Operand &operand : inst.operands)
    describeOperand(inst, operand, /*isOuter=*/true, call);
  return call;
}

FunctionTranslator::Value *FunctionTranslator::lineOf(const Instruction &inst) {
  return formLine ? formLine : b.getInt32(inst.line);
}

bool FunctionTranslator::callForm(const Instruction &inst) {
  FormCall call = describe(inst);
  if (!kernel.forms.lookup(call.key) && makeForm(inst, call))
    return true;
  Values arguments{warpContext, b.getInt32(inst.line)};
  if (mask)
    arguments.push_back(maskWord);
  if (live)
    arguments.push_back(live);
  for (unsigned reg : call.registers)
    arguments.push_back(registers[reg].pointer);
  for (const Operand *number : call.numbers)
    arguments.push_back(b.getInt64(uint64_t(number->value)));
  b.CreateCall(kernel.forms.lookup(call.key), arguments);
  return false;
}

/// Translates the instruction into a function of its own, unless it is in the
/// library.
bool FunctionTranslator::makeForm(const Instruction &inst,
                                  const FormCall &call) {
  llvm::SmallVector<Type *, 12> types{b.getPtrTy(), b.getInt32Ty()};
  if (mask)
    types.push_back(b.getInt32Ty());
  if (live)
    types.push_back(b.getPtrTy());
  types.append(call.registers.size(), b.getPtrTy());
  types.append(call.numbers.size(), b.getInt64Ty());
  auto *form = llvm::Function::Create(
      llvm::FunctionType::get(b.getVoidTy(), types, /*isVarArg=*/false),
      kernel.library ? llvm::Function::ExternalLinkage
                     : llvm::Function::InternalLinkage,
      "form", kernel.llvmModule);
  form->addFnAttr(llvm::Attribute::NoUnwind);
  form->addFnAttr(llvm::Attribute::NoInline);
  kernel.forms[call.key] = form;
  if (kernel.library) {
    if (auto known = kernel.library->find(call.key);
        known != kernel.library->end()) {
      form->setName(known->getValue());
      return false;
    }
    form->setName("form" +
                  llvm::Twine(kernel.library->size() + kernel.added.size()));
    kernel.added[call.key] = form->getName();
  }

  // in the form, the translator's places are parameters
  llvm::SmallVector<Place, 8> outer;
  for (unsigned reg : call.registers)
    outer.push_back(registers[reg]);
  auto insertPoint = b.saveIP();
  auto outerState =
      std::make_tuple(target, entryBlock, warpContext, mask, live);
  decltype(tempSlots) outerSlots;
  std::swap(tempSlots, outerSlots);

  target = form;
  entryBlock = newBlock("entry");
  b.SetInsertPoint(entryBlock);
  auto *argument = form->arg_begin();
  warpContext = argument++;
  formLine = argument++;
  if (mask)
    mask = bitsToMask(argument++);
  if (live)
    live = argument++;
  for (unsigned reg : call.registers)
    registers[reg].pointer = argument++;
  for (const Operand *number : call.numbers)
    numbers[number] = argument++;
  bool failed = translateGuarded(inst);
  b.CreateRetVoid();

  numbers.clear();
  formLine = nullptr;
  for (auto [reg, place] : llvm::zip(call.registers, outer))
    registers[reg] = place;
  std::tie(target, entryBlock, warpContext, mask, live) = outerState;
  std::swap(tempSlots, outerSlots);
  b.restoreIP(insertPoint);
  return failed;
}
