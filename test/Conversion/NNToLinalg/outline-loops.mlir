// RUN: dlc-opt %s -split-input-file -outline-loops | FileCheck %s
// RUN: dlc-opt %s -split-input-file -outline-loops -convert-nn-to-linalg | FileCheck %s --check-prefix=LINALG

// The body becomes a function; a constant goes into it, also one that is yet to
// be computed.

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[H:.*]]: tensor<4xf32>, %[[X:.*]]: tensor<3x4xf32>, %[[W:.*]]: tensor<4xf32>)
// CHECK:         %[[R:.*]]:2 = dispatch.loop @loop 3 carried(%[[H]] : tensor<4xf32>) sliced(%[[X]] : tensor<3x4xf32>) invariant(%[[W]] : tensor<4xf32>)
// CHECK-SAME:      {reversed = array<i1: true>, stacked_reversed = array<i1: false>} -> tensor<4xf32>, tensor<3x4xf32>
// CHECK:         return %[[R]]#0, %[[R]]#1
// CHECK:       func.func private @loop(%[[S:.*]]: tensor<4xf32>, %[[I:.*]]: tensor<4xf32>, %[[V:.*]]: tensor<4xf32>)
// CHECK:         %[[C:.*]] = nn.constant dense<2.0
// CHECK:         %[[T:.*]] = nn.exp %[[C]]
// CHECK:         nn.mul %[[S]], %[[T]]
// CHECK:         return %{{.*}}, %[[I]]

// LINALG:      func.func private @loop(
// LINALG-NOT:  nn.
func.func @main(%h: tensor<4xf32>, %x: tensor<3x4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %two = nn.constant dense<2.0> : tensor<4xf32>
  %c = nn.exp %two : (tensor<4xf32>) -> tensor<4xf32>
  %r:2 = nn.loop 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<3x4xf32>) invariant(%c, %w : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%s: tensor<4xf32>, %i: tensor<4xf32>, %k: tensor<4xf32>, %v: tensor<4xf32>):
    %0 = nn.mul %s, %k : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %1 = nn.add %0, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    nn.yield %1, %i : tensor<4xf32>, tensor<4xf32>
  } {reversed = array<i1: true>, stacked_reversed = array<i1: false>} -> (tensor<4xf32>, tensor<3x4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<3x4xf32>
}

// -----

// Slices of 12 bytes: 16 bytes apart. Booleans are stored in bytes.

// CHECK-LABEL: func.func @main(
// CHECK:         %[[P:.*]] = nn.pad edge %{{.*}} lo = [0, 0] hi = [0, 1] : (tensor<5x3xf32>) -> tensor<5x4xf32>
// CHECK:         %[[R:.*]]:2 = dispatch.loop @loop 5 carried({{.*}}) sliced(%[[P]] : tensor<5x4xf32>){{.*}} -> tensor<3xf32>, tensor<5x16xi1>
// CHECK:         nn.slice %[[R]]#1 {{.*}} -> tensor<5x3xi1>
// CHECK:       func.func private @loop(%{{.*}}: tensor<3xf32>, %[[I:.*]]: tensor<4xf32>)
// CHECK:         nn.slice %[[I]] {{.*}} -> tensor<3xf32>
// CHECK:         nn.pad edge {{.*}} -> tensor<16xi1>

// LINALG: dispatch.loop {{.*}} -> tensor<3xf32>, tensor<5x16xi8>
// LINALG: func.func private @loop({{.*}}) -> (tensor<3xf32>, tensor<16xi8>
func.func @main(%h: tensor<3xf32>, %x: tensor<5x3xf32>) -> (tensor<3xf32>, tensor<5x3xi1>) {
  %r:2 = nn.loop 5 carried(%h : tensor<3xf32>) sliced(%x : tensor<5x3xf32>) {
  ^bb0(%s: tensor<3xf32>, %i: tensor<3xf32>):
    %0 = nn.add %s, %i : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
    %1 = nn.compare gt %s, %i : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1>
    nn.yield %0, %1 : tensor<3xf32>, tensor<3xi1>
  } {reversed = array<i1: false>, stacked_reversed = array<i1: false>} -> (tensor<3xf32>, tensor<5x3xi1>)
  return %r#0, %r#1 : tensor<3xf32>, tensor<5x3xi1>
}
