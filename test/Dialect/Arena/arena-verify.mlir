// RUN: dlc-opt %s -split-input-file -verify-diagnostics -arena-verify

arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 32 : i64}
}
dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
func.func @main(%x: memref<8xf32>, %y: memref<8xf32> {dlc.output}) {
  %0 = arena.view @arena::@s0 : memref<8xf32>
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%0 : memref<8xf32>)
  dispatch.launch @neg ins(%0 : memref<8xf32>) outs(%0 : memref<8xf32>) {arena.inplace = [[0, 0]]}
  // expected-error @below {{(V1) is launch 2 and operand 0 is slot @s0, which lives from 0 to 1}}
  dispatch.launch @neg ins(%0 : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}

// -----

arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 32 : i64}
}
dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
func.func @main(%x: memref<8xf32>) {
  %0 = arena.view @arena::@s0 : memref<8xf32>
  %1 = arena.view @arena::@s0 : memref<8xf32>
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%0 : memref<8xf32>)
  // expected-error @below {{(V2) writes operand 1, which shares memory with operand 0}}
  dispatch.launch @neg ins(%0 : memref<8xf32>) outs(%1 : memref<8xf32>)
  return
}

// -----

dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
func.func @main(%x: memref<8xf32>, %z: memref<8xf32>) {
  // expected-error @below {{(V3) writes operand 1, which is an input}}
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%z : memref<8xf32>)
  return
}

// -----

arena.constant_pool @weights {alignment = 4096 : i64, size = 32 : i64} {
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<8xf32>}
}
func.func @main(%x: memref<8xf32>) {
  %w = arena.constant_view @weights::@w0 : memref<8xf32>
  // expected-error @below {{(V3) writes operand 1, which is a constant}}
  memref.copy %x, %w : memref<8xf32> to memref<8xf32>
  return
}

// -----

arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 32 : i64}
}
func.func @main(%y: memref<8xf32> {dlc.output}) {
  %0 = arena.view @arena::@s0 : memref<8xf32>
  // expected-error @below {{(V4) reads operand 0, which nothing has written}}
  memref.copy %0, %y : memref<8xf32> to memref<8xf32>
  return
}

// -----

func.func @main() {
  // expected-error @below {{(V5) allocates memory that was not planned}}
  %0 = memref.alloc() : memref<8xf32>
  return
}

// -----

// A slot of one graph function is none of another.
arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 32 : i64}
}
dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
func.func @main(%x: memref<8xf32>, %y: memref<8xf32> {dlc.output}) {
  %0 = arena.view @arena::@s0 : memref<8xf32>
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%0 : memref<8xf32>)
  dispatch.launch @neg ins(%0 : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}
func.func @main_1(%x: memref<8xf32>, %y: memref<8xf32> {dlc.output}) {
  %0 = arena.view @arena::@s0 : memref<8xf32>
  // expected-error @below {{(V1) is launch 2 and operand 1 is slot @s0, which lives from 0 to 1}}
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%0 : memref<8xf32>)
  return
}

// -----

// An input must be there at the first launch.
arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 1 : i64, last = 1 : i64, offset = 0 : i64, size = 32 : i64}
}
dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
// expected-error @below {{(V6) input 0 is slot @s0, which lives from launch 1 only}}
func.func @main(%x: memref<8xf32> {arena.slot = @arena::@s0}, %v: memref<8xf32>, %y: memref<8xf32> {dlc.output}, %z: memref<8xf32> {dlc.output}) {
  %0 = arena.view @arena::@s0 : memref<8xf32>
  dispatch.launch @neg ins(%v : memref<8xf32>) outs(%y : memref<8xf32>)
  dispatch.launch @neg ins(%0 : memref<8xf32>) outs(%z : memref<8xf32>)
  return
}

// -----

// An output must be there when all have run.
arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 0 : i64, offset = 0 : i64, size = 32 : i64}
}
dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
// expected-error @below {{(V6) output 1 is slot @s0, which lives until launch 0 only}}
func.func @main(%x: memref<8xf32>, %y: memref<8xf32> {arena.slot = @arena::@s0, dlc.output}, %z: memref<8xf32> {dlc.output}) {
  %0 = arena.view @arena::@s0 : memref<8xf32>
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%0 : memref<8xf32>)
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%z : memref<8xf32>)
  return
}

// -----

// Nothing else than the slot may be used.
arena.layout @arena {alignment = 64 : i64, lower_bound = 32 : i64, size = 32 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 0 : i64, offset = 0 : i64, size = 32 : i64}
}
dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
// expected-error @below {{(V6) uses parameter 0, which is slot @s0}}
func.func @main(%x: memref<8xf32> {arena.slot = @arena::@s0}, %y: memref<8xf32> {dlc.output}) {
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}

// -----

// expected-error @below {{(V6) parameter 0 names a slot that is not there}}
func.func @main(%x: memref<8xf32> {arena.slot = @arena::@s0}) {
  return
}
