//===- Passes.td - Dispatch passes ------------------------------*- tablegen -*-===//

#ifndef DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD
#define DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def PreparePass : Pass<"dispatch-prepare", "::mlir::func::FuncOp"> {
  let summary = "Brings structured ops into the form that fuses best";
  let description = [{
    Rewrites the linalg level until nothing changes: unit dims are dropped with
    reshapes, elementwise ops are fused, permutations and broadcasts go into the
    indexing maps of whatever reads (or, a single reader that only permutes, of
    what computes) them, reshapes and data movement sink below elementwise ops
    that can then be fused with what computes their input, splat constants become
    scalars in bodies, equal and unused ops vanish.

    What is computed is never computed twice, except for data movement and ops
    without inputs, and elementwise ops are never fused into an operand that is
    read several times (contractions, windows).

    Roundings to half precision that are marked `fastmath<contract>` vanish where a
    widening with that mark follows. At last, small results that are rounded and
    widened so become f32 tensors, unless contractions of 16 terms or more read them;
    and larger ones that contractions multiply often (`wide-uses`).

    `docs/RationaleDispatch.md` gives the reasons.
  }];
  let options = [
    Option<"wideUses", "wide-uses", "int64_t", "0",
           "from how many products of each element on f16 results are f32 "
           "(0: never)">,
    Option<"wideBfloatUses", "wide-bfloat-uses", "int64_t", "0",
           "the same for bf16">
  ];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect"];
}

def TileChainsPass : Pass<"dispatch-tile-chains", "::mlir::func::FuncOp"> {
  let summary = "Computes marked chains of ops band by band";
  let description = [{
    Ops with the same number in `dispatch.chain` are a chain, of which one result
    only may be used from outside: result `r` of the op that carries
    `dispatch.bands = [r, dim, count]`. The pass computes that result in `count`
    bands along `dim`, one after the other. For each band every op of the chain
    (structured ops by their `TilingInterface`; pads, reshapes, slices) computes
    the part that the band needs; neighbouring bands overlap where windows do. So
    what the ops hand to each other never exists whole, at the price of the overlaps
    computed twice. `fit-memory` makes the marks. Example:

    ```mlir
    %1 = linalg.generic {..., dispatch.chain = 0 : i64} ins(%0 : tensor<64x64xf32>) ...
    %2 = linalg.generic {..., dispatch.chain = 0 : i64, dispatch.bands = [0, 0, 2]} ins(%1) ...
    ```
    becomes two copies of both on `tensor<32x64xf32>` and two `tensor.insert_slice`.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::affine::AffineDialect"];
}

def RecomputePass : Pass<"dispatch-recompute", "::mlir::func::FuncOp"> {
  let summary = "Computes marked operands anew for their readers";
  let description = [{
    For every operand number in an op's `dispatch.recompute`, what computes the
    operand (one structured op, behind reshapes) is copied to right before the op, so
    that the value need not be kept until then. A copy has a number of its own in
    `dispatch.recomputed`, which regions and launches carry on, so that it is not
    taken for the same as the original. `fit-memory` makes the marks.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FormRegionsPass : Pass<"dispatch-form-regions", "::mlir::func::FuncOp"> {
  let summary = "Groups structured ops that become one kernel each";
  let description = [{
    Puts every structured op of the graph into a `dispatch.region`. Producers and
    consumers share one where that saves bytes moved and costs neither parallelism
    nor register tiling:
    - a contraction, convolution, window or other reduction with the elementwise
      ops over its parallel loops (bias, activation, residual add);
    - rows: reductions that read each element once, with the elementwise ops before
      and after them (softmax, layer norm), when a row fits the scratch limit;
    - elementwise ops with several readers, over the same loops; they become one
      op with several results;
    - with `attention`, two contractions with a softmax between them: the scheduler
      goes through the keys in tiles, or, with `attention-scratch`, a work item
      keeps the scores of so many rows as take that many bytes.

    An op marked `dispatch.unfused` shares no region with what it reads. Values that
    others read as well are further results of the region. What a region hands on
    inside of it becomes f32 where its rounding to half precision is marked as free.
    Regions never depend on each other in a cycle. Reshapes, slices and padding stay
    outside; `dispatch-place-slices` deals with them.
  }];
  let options = [
    Option<"fuse", "fuse", "bool", "true",
           "ops share regions; without it each has its own">,
    Option<"attention", "attention", "bool", "false",
           "products with a softmax in between become one kernel">,
    Option<"attentionScratch", "attention-scratch", "int64_t", "0",
           "bytes that one work item may keep of its scores; 0 if it keeps none">
  ];
  let dependentDialects = ["::dlc::dispatch::DispatchDialect"];
}

def SkipPaddingPass : Pass<"dispatch-skip-padding", "::mlir::func::FuncOp"> {
  let summary = "Notes where windows see nothing but zeros";
  let description = [{
    A sum of products of a tensor that is padded with zeros, and of finite
    constants, gets the attribute `dispatch.windows` for each reduction loop that
    moves a window along a padded dimension: what the padding adds need not be
    computed. Schedulers leave out what they can.
  }];
}

def PlaceSlicesPass : Pass<"dispatch-place-slices", "::mlir::func::FuncOp"> {
  let summary = "Puts padding, concatenation and slices into the regions";
  let description = [{
    After it nothing but regions writes or reads parts of tensors:
    - a `tensor.pad` becomes a buffer whose border one region fills and whose
      interior is written by the region that computes the value;
    - of a chain of `tensor.insert_slice` (concatenation) each piece is written by
      the region that computes it. A concatenation that is padded, or that is a
      part of a larger one, lives in that buffer;
    - other readers of such a value read the slice of the buffer, and
      `tensor.extract_slice` goes into the regions that read it.

    A value is copied by a region of its own where that can't be: it is an argument
    or a constant, it lives in another buffer already, or something other than a
    region (a reshape, the function's return) needs it contiguous.
  }];
  let dependentDialects = ["::dlc::dispatch::DispatchDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LimitLoopsPass : Pass<"dispatch-limit-loops", "::mlir::func::FuncOp"> {
  let summary = "Loops end where nobody needs more";
  let description = [{
    Results of the graph may have extents that the program knows when it runs
    (`dlc.extents`): what lies behind them nobody needs. From there the pass goes
    backwards: of what an op reads by one of its loops only that much is needed as
    of what it writes by that loop, and of an operand that a body takes only where
    its position is below a number (`select`), no more than that. Where all readers
    agree, the op that makes the value gets the attribute `dispatch.limits`, and the
    region what holds the number as one of its `extents`. Kernels leave such
    iterations out in whole tiles, so what they would have written is not defined.

    A reduction of what is neutral to it from a number on (0 in a sum) gets that limit:
    by a `select` in its body or, of both factors of a product, in what made them.

    `docs/RationaleExtents.md` gives the reasons.
  }];
  let dependentDialects = ["::dlc::dispatch::DispatchDialect"];
}

def OutlineKernelsPass
    : Pass<"dispatch-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Turns regions into kernels and launches";
  let description = [{
    Every `dispatch.region` becomes a `dispatch.kernel` and a `dispatch.launch` in
    destination style: results are written into `tensor.empty`, or into the tensor
    that the region inserts its result into. Scalars are computed inside of the
    kernel, tensors (constants as well) are inputs. Kernels that are equal up to
    their operands are one; the name tells the kind of the root op and its loops,
    parallel and reduction, for example `conv_56x56x64x3x3x64_0`.
  }];
  let dependentDialects = ["::dlc::dispatch::DispatchDialect"];
}

def CountWorkPass : Pass<"dispatch-count-work", "::mlir::ModuleOp"> {
  let summary = "Notes on kernels how much they compute and move";
  let description = [{
    Every `dispatch.kernel` at tensor level gets the attribute `dispatch.work =
    array<i64: flops, bytes read, bytes written>`, which lower levels keep: a
    program's `--profile` computes rates of it.
  }];
}

def ReportSharedLoopsPass
    : Pass<"dispatch-report-shared-loops", "::mlir::ModuleOp"> {
  let summary = "Remarks what SharedLoops finds for every kernel and region";
  let description = [{
    For looking at the analysis: every `dispatch.kernel` at tensor level and every
    `dispatch.region` gets a remark with the trip counts of the loops that all of
    its ops share, each op gets one with its loops, and the producer of each
    intermediate one with the slice that is alive in one iteration.
  }];
}

#endif // DLC_DIALECT_DISPATCH_TRANSFORMS_PASSES_TD
