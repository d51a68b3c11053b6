// RUN: dlc-opt %s --nn-resolve-extents --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4x3xf32>, %n: tensor<i64>) -> tensor<2x6xf32> {
  %b = nn.bounded %x, %n axis = 0 : (tensor<4x3xf32>, tensor<i64>) -> tensor<4x3xf32>
  // expected-error@+1 {{dimension 0 has an extent that is known at run time only (at most the size compiled for), and a reshape divides it}}
  %r = nn.reshape %b : (tensor<4x3xf32>) -> tensor<2x6xf32>
  return %r : tensor<2x6xf32>
}

// -----

func.func @f(%x: tensor<4xf32>, %n: tensor<i64>) -> tensor<6xf32> {
  %b = nn.bounded %x, %n axis = 0 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  // expected-error@+1 {{padding copies what is at its edge}}
  %r = nn.pad edge %b lo = [1] hi = [1] : (tensor<4xf32>) -> tensor<6xf32>
  return %r : tensor<6xf32>
}

// -----

func.func @f(%x: tensor<4xf32>, %n: tensor<i64>) -> tensor<2xf32> {
  %b = nn.bounded %x, %n axis = 0 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  // expected-error@+1 {{which part of it is taken depends on it}}
  %r = nn.slice %b starts = [3] steps = [-1] : (tensor<4xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

func.func @f(%x: tensor<1x4x6xf32>, %w: tensor<2x4x3xf32>, %n: tensor<i64>) -> tensor<1x2x6xf32> {
  %b = nn.bounded %x, %n axis = 1 : (tensor<1x4x6xf32>, tensor<i64>) -> tensor<1x4x6xf32>
  // expected-error@+1 {{it holds the channels of a convolution}}
  %r = nn.conv %b, %w strides = [1] pads = [1, 1] dilations = [1] : (tensor<1x4x6xf32>, tensor<2x4x3xf32>) -> tensor<1x2x6xf32>
  return %r : tensor<1x2x6xf32>
}

// -----

func.func @f(%x: tensor<4xf32>, %n: tensor<i64>) -> tensor<4xf32> {
  %b = nn.bounded %x, %n axis = 0 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  // expected-error@+1 {{this operation can not heed it}}
  %r = nn.custom "c"(%b) {
  ^bb0(%a: tensor<4xf32>):
    nn.yield %a : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// Garbage would become part of the state.
func.func @f(%x: tensor<5x4xf32>, %s: tensor<4xf32>, %n: tensor<i64>) -> tensor<4xf32> {
  %b = nn.bounded %x, %n axis = 0 : (tensor<5x4xf32>, tensor<i64>) -> tensor<5x4xf32>
  // expected-error@+1 {{a loop runs over it}}
  %last = nn.loop 5 carried(%s : tensor<4xf32>) sliced(%b : tensor<5x4xf32>) {
  ^bb0(%t: tensor<4xf32>, %e: tensor<4xf32>):
    %u = nn.add %t, %e : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    nn.yield %u : tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1>} -> (tensor<4xf32>)
  return %last : tensor<4xf32>
}

// -----

func.func @f(%s: tensor<4xf32>, %m: tensor<5xi64>) -> tensor<4xf32> {
  // expected-error@+1 {{it changes from iteration to iteration}}
  %last = nn.loop 5 carried(%s : tensor<4xf32>) sliced(%m : tensor<5xi64>) {
  ^bb0(%t: tensor<4xf32>, %n: tensor<i64>):
    %b = nn.bounded %t, %n axis = 0 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
    nn.yield %b : tensor<4xf32>
  } {reversed = array<i1: false>, stacked_reversed = array<i1>} -> (tensor<4xf32>)
  return %last : tensor<4xf32>
}
