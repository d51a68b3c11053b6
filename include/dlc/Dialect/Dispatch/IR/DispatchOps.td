//===- DispatchOps.td - The dispatch dialect ---------------*- tablegen -*-===//

#ifndef DLC_DIALECT_DISPATCH_IR_DISPATCHOPS_TD
#define DLC_DIALECT_DISPATCH_IR_DISPATCHOPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Dispatch_Dialect : Dialect {
  let name = "dispatch";
  let cppNamespace = "::dlc::dispatch";
  let summary = "Groups of structured operations that become one kernel each";
  let description = [{
    `dispatch.region` groups operations that run as one kernel,
    `dispatch.kernel` is such a group outlined into a symbol whose body holds
    upstream dialects only, and `dispatch.launch` runs a kernel in destination
    style, on tensors before bufferization and on memrefs after it.
  }];
}

class Dispatch_Op<string mnemonic, list<Trait> traits = []>
    : Op<Dispatch_Dialect, mnemonic, traits>;

def Dispatch_RegionOp : Dispatch_Op<"region", [
    SingleBlock, NoRegionArguments, RecursiveMemoryEffects]> {
  let summary = "a fusion group on tensors";
  let description = [{
    The operations of the body run as one kernel. Values from outside are
    captured; what the body yields are the results. `extents` are tensors of
    numbers that say how far loops of the body have to run: the limits of an
    operation (`dispatch.limits`) refer to them.

    Constraints:
    - (C1) The body ends in `dispatch.yield` whose operand types equal the
      result types.
    - (C2) `dispatch.limits` holds five numbers a limit: a loop of the operation
      (a parallel one, or a reduction of what is neutral from there on), the
      number of an extent, an element of it, and a positive factor.
    - (C3) `dispatch.windows` holds six numbers a window: a reduction loop `k` of
      the operation, a parallel one `i`, positive steps `a` and `b` of these, and
      `first` and `end`. Iterations where `a * k + b * i` is below `first`, or is
      `end` or more, change nothing.

    ```mlir
    %r = dispatch.region -> tensor<8xf32> {
      %0 = linalg.generic ... -> tensor<8xf32>
      dispatch.yield %0 : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<TensorOf<[I64]>>:$extents);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$results), [{
    build($_builder, $_state, results, ::mlir::ValueRange());
  }]>];
  let assemblyFormat = [{
    (`extents` `(` $extents^ `:` type($extents) `)`)? (`->` type($results)^)?
    $body attr-dict
  }];
  let hasVerifier = 1;
}

def Dispatch_YieldOp : Dispatch_Op<"yield", [
    Pure, ReturnLike, Terminator, HasParent<"RegionOp">]> {
  let summary = "the values of a dispatch.region";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ (void)$_builder; (void)$_state; }]>];
}

def Dispatch_KernelOp : Dispatch_Op<"kernel", [
    AutomaticAllocationScope, FunctionOpInterface, IsolatedFromAbove, Symbol]> {
  let summary = "a kernel: one fusion group, outlined";
  let description = [{
    Arguments are the inputs followed by `num_outs` outputs.

    Before scheduling all arguments are tensors; result `i` is the new value of
    output `i` and has its type. After scheduling all arguments are memrefs of
    the same shapes, there are no results, and the body is at most one
    `scf.forall` over the kernel's independent work items, plus what is uniform
    for all of them. The body never refers to the graph it came from. In the
    limits of an operation (`dispatch.limits`, see `dispatch.region`) extents are
    numbers of arguments.

    Constraints:
    - (C1) `num_outs` is at least one and at most the number of arguments.
    - (C2) Arguments are all tensors or all memrefs, with static shapes;
      memrefs have the identity layout.
    - (C3) With tensors, the results' types are the types of the last `num_outs`
      arguments; with memrefs there are no results.
    - Limits and windows of operations are as (C2) and (C3) of `dispatch.region`
      say.

    ```mlir
    dispatch.kernel @add(%a: tensor<8xf32>, %o: tensor<8xf32>) -> tensor<8xf32>
        attributes {num_outs = 1 : i64} {
      %0 = linalg.generic ... ins(%a) outs(%o) ... -> tensor<8xf32>
      dispatch.return %0 : tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
                       TypeAttrOf<FunctionType>:$function_type,
                       I64Attr:$num_outs,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs,
                       OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region MinSizedRegion<1>:$body);
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name,
                                 "::mlir::FunctionType":$type,
                                 "int64_t":$numOuts)>];
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// Number of arguments that are inputs.
    unsigned getNumIns() {
      return getFunctionType().getNumInputs() - getNumOuts();
    }
    /// Whether the arguments are memrefs.
    bool isScheduled() {
      return ::llvm::any_of(getArgumentTypes(), ::llvm::IsaPred<::mlir::MemRefType>);
    }
  }];
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Dispatch_ReturnOp : Dispatch_Op<"return", [
    Pure, ReturnLike, Terminator, HasParent<"KernelOp">]> {
  let summary = "ends a kernel";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ (void)$_builder; (void)$_state; }]>];
  let hasVerifier = 1;
}

def Dispatch_LaunchOp : Dispatch_Op<"launch", [
    AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "runs a kernel";
  let description = [{
    Constraints:
    - (C1) `kernel` names a `dispatch.kernel` of the enclosing module, or what
      one was lowered to: an operation with the attribute `dispatch.items`.
    - (C2) Operands correspond to the kernel's arguments in number, shape and
      element type, `outs` to the last `num_outs` of them, at least one.
    - (C3) Operands are all tensors or all memrefs; with tensors, the results
      have the types of `outs`, with memrefs there are none.

    ```mlir
    %r = dispatch.launch @add ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>)
           -> tensor<8xf32>
    dispatch.launch @add ins(%m : memref<8xf32>) outs(%n : memref<8xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel,
                       Variadic<AnyShaped>:$ins, Variadic<AnyShaped>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel (`ins` `(` $ins^ `:` type($ins) `)`)?
    `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutsMutable();
    }
  }];
  let hasVerifier = 1;
}

def Dispatch_LoopOp : Dispatch_Op<"loop", [
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "runs a function a known number of times";
  let description = [{
    The graph below `nn` stays flat: the body of a loop is a private function of
    its own, and the loop is one step of the graph that it stands in. Iteration i
    calls `body` on the states `carried`, on slice i (counted from the end where
    `reversed` says so) along dimension 0 of each of `sliced`, and on `invariant`.
    The body makes the next states, and one slice of each further result.

    On tensors the results are the last states and the stacked slices. On memrefs
    the body writes into parameters, and `outs` are what the results were. Then
    `spares` holds a second buffer for each state, so that no state is ever
    copied: the iteration before the last one writes into the spare buffer, the
    last one into the one of `outs`. A loop that runs once needs none. `scratch` is
    the memory of the body's own buffers, laid out by an `arena.layout` of its own.

    Constraints:
    - (C1) `body` names a private function of the enclosing module, or what one
      was lowered to.
    - (C2) `trips` is at least 1; dimension 0 of each of `sliced`, and of what is
      stacked, is `trips`; `reversed` and `stacked_reversed` have one element for
      each of these.
    - (C3) The function's type fits: see above.
    - (C4) Operands are all tensors or all memrefs; with tensors there are neither
      `outs` nor `spares` nor `scratch`, with memrefs no results, and there is a
      spare buffer for each state if the body runs more than once.

    ```mlir
    %r:2 = dispatch.loop @body 100 carried(%h : tensor<4xf32>)
        sliced(%x : tensor<100x4xf32>)
        {reversed = array<i1: false>, stacked_reversed = array<i1: false>}
        -> tensor<4xf32>, tensor<100x4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$body,
                       ConfinedAttr<I64Attr, [IntPositive]>:$trips,
                       Variadic<AnyShaped>:$carried,
                       Variadic<AnyShaped>:$sliced,
                       Variadic<AnyShaped>:$invariant,
                       Variadic<AnyMemRef>:$outs, Variadic<AnyMemRef>:$spares,
                       Optional<AnyMemRef>:$scratch,
                       DenseBoolArrayAttr:$reversed,
                       DenseBoolArrayAttr:$stacked_reversed);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $body $trips (`carried` `(` $carried^ `:` type($carried) `)`)?
    (`sliced` `(` $sliced^ `:` type($sliced) `)`)?
    (`invariant` `(` $invariant^ `:` type($invariant) `)`)?
    (`outs` `(` $outs^ `:` type($outs) `)`)?
    (`spares` `(` $spares^ `:` type($spares) `)`)?
    (`scratch` `(` $scratch^ `:` type($scratch) `)`)?
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    /// What the body reads in iteration `trip`, in the order of its inputs, and
    /// what it writes: an operand, and which slice along dimension 0 of it (-1:
    /// all of it). On memrefs only.
    struct Access {
      ::mlir::Value memory;
      int64_t slice = -1;
    };
    ::llvm::SmallVector<Access> getReads(int64_t trip);
    ::llvm::SmallVector<Access> getWrites(int64_t trip);
  }];
  let hasVerifier = 1;
}

#endif // DLC_DIALECT_DISPATCH_IR_DISPATCHOPS_TD
