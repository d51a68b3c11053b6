// RUN: dlc-opt %s -arena-loops -verify-diagnostics

func.func private @body(%h: memref<4xf32>, %o: memref<4xf32> {dlc.output}) {
  // expected-error @+1 {{'dispatch.loop' op runs within its own body}}
  dispatch.loop @body 1 carried(%h : memref<4xf32>) outs(%o : memref<4xf32>) {reversed = array<i1>, stacked_reversed = array<i1>}
  return
}
