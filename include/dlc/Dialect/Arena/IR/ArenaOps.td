//===- ArenaOps.td - The arena dialect ---------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_ARENA_IR_ARENAOPS_TD
#define DLC_DIALECT_ARENA_IR_ARENAOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Arena_Dialect : Dialect {
  let name = "arena";
  let cppNamespace = "::dlc::arena";
  let summary = "Memory that is laid out by the compiler";
}

class Arena_Op<string mnemonic, list<Trait> traits = []>
    : Op<Arena_Dialect, mnemonic, traits>;

#endif // DLC_DIALECT_ARENA_IR_ARENAOPS_TD
