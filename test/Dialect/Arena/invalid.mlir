// RUN: dlc-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{(C1) size and lower_bound must not be negative and alignment must be a power of two}}
arena.layout @arena {size = 0 : i64, alignment = 48 : i64, lower_bound = 0 : i64} {
}

// -----

// expected-error @below {{(C1) size and lower_bound must not be negative}}
arena.layout @arena {size = -64 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
}

// -----

arena.layout @arena {size = 0 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  // expected-error @below {{(C2) is not allowed in an arena.layout}}
  arith.constant 0 : i32
}

// -----

// expected-error @below {{(C3) slot 's0' at bytes [64, 128) is outside the arena}}
arena.layout @arena {size = 100 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  // expected-note @below {{see this slot}}
  arena.slot @s0 {offset = 64 : i64, size = 64 : i64, first = 0 : i64, last = 1 : i64}
}

// -----

// expected-error @below {{(C4) slot 's0' at bytes [32, 96) is not aligned to 64}}
arena.layout @arena {size = 128 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  // expected-note @below {{see this slot}}
  arena.slot @s0 {offset = 32 : i64, size = 64 : i64, first = 0 : i64, last = 1 : i64}
}

// -----

// expected-error @below {{(C5) slot 's0' at bytes [0, 100) and times [0, 2) overlaps 's1' at bytes [64, 128) and times [1, 3)}}
arena.layout @arena {size = 128 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  // expected-note @below {{see this slot}}
  arena.slot @s0 {offset = 0 : i64, size = 100 : i64, first = 0 : i64, last = 1 : i64}
  // expected-note @below {{and this one}}
  arena.slot @s1 {offset = 64 : i64, size = 64 : i64, first = 1 : i64, last = 2 : i64}
}

// -----

arena.layout @arena {size = 128 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  // expected-error @below {{(C1) offset, size and first must not be negative, and first not after last}}
  arena.slot @s0 {offset = 0 : i64, size = 64 : i64, first = 2 : i64, last = 1 : i64}
}

// -----

arena.layout @arena {size = 128 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  // expected-error @below {{(C1) offset, size and first must not be negative}}
  arena.slot @s0 {offset = 0 : i64, size = -4 : i64, first = 0 : i64, last = 1 : i64}
}

// -----

// expected-error @below {{'arena.slot' op expects parent op 'arena.layout'}}
arena.slot @s0 {offset = 0 : i64, size = 64 : i64, first = 0 : i64, last = 1 : i64}

// -----

func.func @main() {
  // expected-error @below {{(C1) no arena.slot @arena::@s0}}
  arena.view @arena::@s0 : memref<4xf32>
  return
}

// -----

arena.layout @arena {size = 64 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  arena.slot @s0 {offset = 0 : i64, size = 64 : i64, first = 0 : i64, last = 1 : i64}
}
func.func @main() {
  // expected-error @below {{(C2) must be a memref with a static shape and the identity layout, got 'memref<?xf32>'}}
  arena.view @arena::@s0 : memref<?xf32>
  return
}

// -----

arena.layout @arena {size = 64 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  arena.slot @s0 {offset = 0 : i64, size = 64 : i64, first = 0 : i64, last = 1 : i64}
}
func.func @main() {
  // expected-error @below {{(C2) must be a memref with a static shape and the identity layout}}
  arena.view @arena::@s0 : memref<4xf32, strided<[2]>>
  return
}

// -----

arena.layout @arena {size = 64 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
  arena.slot @s0 {offset = 0 : i64, size = 64 : i64, first = 0 : i64, last = 1 : i64}
}
func.func @main() {
  // expected-error @below {{(C3) needs 68 bytes, but slot @arena::@s0 has 64}}
  arena.view @arena::@s0 : memref<17xf32>
  return
}

// -----

// expected-error @below {{(C1) size must not be negative and alignment must be a power of two}}
arena.constant_pool @weights {size = 0 : i64, alignment = 0 : i64} {
}

// -----

arena.constant_pool @weights {size = 0 : i64, alignment = 64 : i64} {
  // expected-error @below {{(C2) is not allowed in an arena.constant_pool}}
  arith.constant 0 : i32
}

// -----

arena.constant_pool @weights {size = 12 : i64, alignment = 64 : i64} {
  // expected-error @below {{(C3) ends outside of its pool}}
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<4xf32>}
}

// -----

arena.constant_pool @weights {size = 64 : i64, alignment = 64 : i64} {
  // expected-error @below {{(C4) offset must be a multiple of 64}}
  arena.constant @w0 {offset = 4 : i64, value = dense<1.0> : tensor<4xf32>}
}

// -----

arena.constant_pool @weights {size = 128 : i64, alignment = 64 : i64} {
  // expected-error @below {{(C5) shares bytes with @w1}}
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<32xf32>}
  arena.constant @w1 {offset = 64 : i64, value = dense<1.0> : tensor<4xf32>}
}

// -----

arena.constant_pool @weights {size = 128 : i64, alignment = 64 : i64} {
  // expected-error @below {{(C1) offset must not be negative}}
  arena.constant @w0 {offset = -64 : i64, value = dense<1.0> : tensor<4xf32>}
}

// -----

arena.constant_pool @weights {size = 128 : i64, alignment = 64 : i64} {
  // expected-error @below {{(C2) value must be dense data of the size of its type 'tensor<4xf32>'}}
  arena.constant @w0 {offset = 0 : i64, value = dense_resource<missing> : tensor<4xf32>}
}

// -----

arena.constant_pool @weights {size = 128 : i64, alignment = 64 : i64} {
  // expected-error @below {{(C2) value must be dense data of the size of its type 'tensor<4xf32>'}}
  arena.constant @w0 {offset = 0 : i64, value = sparse<0, 1.0> : tensor<4xf32>}
}

// -----

func.func @main() {
  // expected-error @below {{(C1) no arena.constant @weights::@w0}}
  arena.constant_view @weights::@w0 : memref<4xf32>
  return
}

// -----

arena.constant_pool @weights {size = 16 : i64, alignment = 64 : i64} {
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<4xf32>}
}
func.func @main() {
  // expected-error @below {{(C2) must be a memref with a static shape}}
  arena.constant_view @weights::@w0 : memref<?xf32>
  return
}

// -----

arena.constant_pool @weights {size = 16 : i64, alignment = 64 : i64} {
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<4xf32>}
}
func.func @main() {
  // expected-error @below {{(C3) needs 12 bytes, but constant @weights::@w0 has 16}}
  arena.constant_view @weights::@w0 : memref<3xf32>
  return
}
