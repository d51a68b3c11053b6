// RUN: dlc-opt %s -convert-arena-to-llvm | sed '/arena[.][lc]/,/^  }/d' | mlir-translate --mlir-to-llvmir | FileCheck %s

// A loop that may end: it leaves where its states lie in the results (here behind
// an odd iteration) and the condition among them is false.

arena.layout @arena {alignment = 64 : i64, lower_bound = 64 : i64, size = 64 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 0 : i64, offset = 0 : i64, size = 1 : i64}
}
llvm.func @same(%args: !llvm.ptr, %begin: i64, %end: i64) attributes {dispatch.items = 1 : i64} { llvm.return }

// CHECK-LABEL: define i32 @dlc_entry(ptr %0, ptr %1, ptr %2, ptr %3)
// CHECK:         %[[TRIP:.*]] = phi i64
// CHECK:         call i32 @body(
// CHECK:         %[[NEXT:.*]] = add i64 %[[TRIP]], 1
// CHECK:         %[[LAST:.*]] = icmp eq i64 %[[NEXT]], 6
// CHECK:         %[[STATE:.*]] = load i8, ptr
// CHECK:         %[[ENDED:.*]] = icmp eq i8 %[[STATE]], 0
// CHECK:         %[[PARITY:.*]] = and i64 %[[TRIP]], 1
// CHECK:         %[[HERE:.*]] = icmp eq i64 %[[PARITY]], 1
// CHECK:         %[[LEAVES:.*]] = and i1 %[[HERE]], %[[ENDED]]
// CHECK:         %[[DONE:.*]] = or i1 %[[LAST]], %[[LEAVES]]
// CHECK:         br i1 %[[DONE]]
func.func @main(%h: memref<i8>, %y: memref<i8> {dlc.output}) {
  %spare = arena.view @arena::@s0 : memref<i8>
  dispatch.loop @body 6 carried(%h : memref<i8>) outs(%y : memref<i8>) spares(%spare : memref<i8>)
      {reversed = array<i1>, stacked_reversed = array<i1>, dispatch.ends = 0 : i64}
  return
}
func.func private @body(%h: memref<i8>, %y: memref<i8> {dlc.output}) {
  dispatch.launch @same ins(%h : memref<i8>) outs(%y : memref<i8>)
  return
}
