// RUN: dlc-opt %s --nn-resolve-extents --canonicalize --cse --split-input-file | FileCheck %s

// What does not count is filled where it is read, and extents become a result.
// CHECK-LABEL: func @reductions
// CHECK-SAME: (%[[X:.*]]: tensor<6x4xf32> {dlc.name = "x"}, %[[N:.*]]: tensor<i64>)
// CHECK-SAME: tensor<6xf32> {dlc.name = "mean"}, tensor<4xf32> {dlc.extents = array<i64: 0>},
// CHECK-SAME: tensor<6x4xf32> {dlc.extents = array<i64: -1, 0>}, tensor<1xi64> {dlc.is_extents, dlc.name = "dlc.extents"}
// CHECK-DAG: %[[AT:.*]] = nn.constant dense<{{\[}}[0, 1, 2, 3]]> : tensor<1x4xi64>
// CHECK-DAG: %[[LOW:.*]] = nn.constant dense<0xFF800000> : tensor<f32>
// CHECK-DAG: %[[ZERO:.*]] = nn.constant dense<0.000000e+00> : tensor<f32>
// CHECK: %[[IN:.*]] = nn.compare lt %[[AT]], %[[N]]
// CHECK: %[[F:.*]] = nn.select %[[IN]], %[[X]], %[[ZERO]]
// CHECK: %[[S:.*]] = nn.reduce sum %[[F]] axes = [1]
// CHECK: %[[C:.*]] = nn.cast %[[N]] : (tensor<i64>) -> tensor<f32>
// CHECK: %[[M:.*]] = nn.div %[[S]], %[[C]]
// CHECK: %[[T:.*]] = nn.reduce max %[[X]] axes = [0]
// CHECK: %[[G:.*]] = nn.select %[[IN]], %[[X]], %[[LOW]]
// CHECK: %[[P:.*]] = nn.softmax %[[G]] axis = 1
// CHECK: %[[E:.*]] = nn.reshape %[[N]] : (tensor<i64>) -> tensor<1xi64>
// CHECK: return %[[M]], %[[T]], %[[P]], %[[E]]
func.func @reductions(%x: tensor<6x4xf32> {dlc.name = "x"}, %n: tensor<i64>)
    -> (tensor<6xf32> {dlc.name = "mean"}, tensor<4xf32>, tensor<6x4xf32>) {
  %b = nn.bounded %x, %n axis = 1 : (tensor<6x4xf32>, tensor<i64>) -> tensor<6x4xf32>
  %m = nn.reduce mean %b axes = [1] : (tensor<6x4xf32>) -> tensor<6xf32>
  %t = nn.reduce max %b axes = [0] : (tensor<6x4xf32>) -> tensor<4xf32>
  %p = nn.softmax %b axis = 1 : (tensor<6x4xf32>) -> tensor<6x4xf32>
  return %m, %t, %p : tensor<6xf32>, tensor<4xf32>, tensor<6x4xf32>
}

// -----

// Extents of inputs; both operands of a product are filled.
// CHECK-LABEL: func @inputs
// CHECK-SAME: %[[E:arg[0-9]+]]: tensor<2xi64> {dlc.is_extents}
// CHECK: %[[S:.*]] = nn.slice %[[E]] starts = [1] steps = [1]
// CHECK: %[[N:.*]] = nn.reshape %[[S]] : (tensor<1xi64>) -> tensor<i64>
// CHECK-COUNT-2: nn.select
// CHECK: nn.matmul
func.func @inputs(%a: tensor<3x8xf32> {dlc.extents = array<i64: 0, 1>}, %b: tensor<8x2xf32> {dlc.extents = array<i64: 1, -1>},
                  %e: tensor<2xi64> {dlc.is_extents}) -> tensor<3x2xf32> {
  %0 = nn.matmul %a, %b : (tensor<3x8xf32>, tensor<8x2xf32>) -> tensor<3x2xf32>
  return %0 : tensor<3x2xf32>
}

// -----

// Joined dimensions are followed: taken apart again they are what they were, as
// a result they are moved together.
// CHECK-LABEL: func @joined
// CHECK-SAME: tensor<6xf32> {dlc.extents = array<i64: 0>}, tensor<2x3xf32> {dlc.extents = array<i64: -1, 1>}
// CHECK: %[[LINE:.*]] = nn.reshape %{{.*}} : (tensor<2x3xf32>) -> tensor<6xf32>
// CHECK: nn.div
// CHECK: %[[MOVED:.*]] = nn.gather %[[LINE]], %{{.*}} axis = 0
// CHECK: %[[TWICE:.*]] = nn.mul %{{.*}}, %{{.*}} : (tensor<i64>, tensor<i64>) -> tensor<i64>
// CHECK: return %[[MOVED]], %{{.*}}
func.func @joined(%x: tensor<2x3xf32>, %n: tensor<i64>) -> (tensor<6xf32>, tensor<2x3xf32>) {
  %b = nn.bounded %x, %n axis = 1 : (tensor<2x3xf32>, tensor<i64>) -> tensor<2x3xf32>
  %line = nn.reshape %b : (tensor<2x3xf32>) -> tensor<6xf32>
  %neg = nn.neg %line : (tensor<6xf32>) -> tensor<6xf32>
  %back = nn.reshape %neg : (tensor<6xf32>) -> tensor<2x3xf32>
  return %line, %back : tensor<6xf32>, tensor<2x3xf32>
}

// -----

// What follows a part with an extent moves to its end.
// CHECK-LABEL: func @concat
// CHECK: %[[C:.*]] = nn.concat
// CHECK: nn.compare ge
// CHECK: %[[R:.*]] = nn.gather %[[C]]
// CHECK: return %[[R]]
func.func @concat(%x: tensor<3xf32>, %y: tensor<2xf32>, %n: tensor<i64>) -> tensor<5xf32> {
  %b = nn.bounded %x, %n axis = 0 : (tensor<3xf32>, tensor<i64>) -> tensor<3xf32>
  %c = nn.concat %b, %y axis = 0 : (tensor<3xf32>, tensor<2xf32>) -> tensor<5xf32>
  return %c : tensor<5xf32>
}

// -----

// The extent of a dimension of fixed size is its size; a bound that is reached
// bounds nothing.
// CHECK-LABEL: func @fixed
// CHECK-SAME: (%[[X:.*]]: tensor<3xf32>) -> (tensor<3xf32>, tensor<i64>)
// CHECK: %[[N:.*]] = nn.constant dense<3> : tensor<i64>
// CHECK: return %[[X]], %[[N]]
func.func @fixed(%x: tensor<3xf32>) -> (tensor<3xf32>, tensor<i64>) {
  %n = nn.extent %x axis = 0 : (tensor<3xf32>) -> tensor<i64>
  %b = nn.bounded %x, %n axis = 0 : (tensor<3xf32>, tensor<i64>) -> tensor<3xf32>
  return %b, %n : tensor<3xf32>, tensor<i64>
}

// -----

// A normalisation over a bounded dimension is its definition, over what counts.
// CHECK-LABEL: @layer_norm
// CHECK: %[[COUNT:.*]] = nn.cast %arg2 : (tensor<i64>) -> tensor<f32>
// CHECK: nn.reduce sum
// CHECK: nn.div %{{.*}}, %[[COUNT]]
// CHECK: nn.select
// CHECK: nn.reduce sum
// CHECK: nn.div %{{.*}}, %[[COUNT]]
// CHECK: nn.rsqrt
func.func @layer_norm(%x: tensor<2x4xf32>, %s: tensor<4xf32>, %n: tensor<i64>) -> tensor<2xf32> {
  %b = nn.bounded %x, %n axis = 1 : (tensor<2x4xf32>, tensor<i64>) -> tensor<2x4xf32>
  %y = nn.layer_norm %b, %s axis = 1 epsilon = 1.0e-5 : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  %r = nn.reduce max %y axes = [1] : (tensor<2x4xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}

// -----

// An extent that is the size makes all of a dimension count.
// CHECK-LABEL: @whole
// CHECK-NOT: nn.select
// CHECK: nn.reduce sum
func.func @whole(%x: tensor<4xf32>, %n: tensor<i64>) -> tensor<f32> {
  %all = nn.constant dense<4> : tensor<i64>
  %b = nn.bounded %x, %n axis = 0 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  %w = nn.bounded %b, %all axis = 0 : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  %r = nn.reduce sum %w axes = [0] : (tensor<4xf32>) -> tensor<f32>
  return %r : tensor<f32>
}

// -----

// The body of a loop knows extents from outside as invariants: of its state and
// of what it captures. Those of what it stacks are known outside again.
// CHECK-LABEL: func.func @loop
// CHECK: nn.loop 3 carried(%{{.*}} : tensor<4xf32>) invariant(%{{.*}}, %[[N:.*]] : tensor<4xf32>, tensor<i64>)
// CHECK: ^bb0(%[[T:.*]]: tensor<4xf32>, %[[Y:.*]]: tensor<4xf32>, %[[INSIDE:.*]]: tensor<i64>)
// CHECK: nn.compare lt %{{.*}}, %[[INSIDE]]
// CHECK: nn.reduce sum
// CHECK: return
// CHECK-SAME: tensor<4xf32>, tensor<3x4xf32>, tensor<1xi64>
func.func @loop(%x: tensor<4xf32> {dlc.extents = array<i64: 0>}, %y: tensor<4xf32> {dlc.extents = array<i64: 0>},
                %e: tensor<1xi64> {dlc.is_extents}) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %last, %all = nn.loop 3 carried(%x : tensor<4xf32>) invariant(%y : tensor<4xf32>) {
  ^bb0(%t: tensor<4xf32>, %v: tensor<4xf32>):
    %sum = nn.reduce sum %t axes = [0] : (tensor<4xf32>) -> tensor<f32>
    %u = nn.mul %v, %sum : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
    nn.yield %u, %u : tensor<4xf32>, tensor<4xf32>
  } {reversed = array<i1>, stacked_reversed = array<i1: false>} -> (tensor<4xf32>, tensor<3x4xf32>)
  return %last, %all : tensor<4xf32>, tensor<3x4xf32>
}

// -----

// Padding that depends on the size is gathered along with what counts.
// CHECK-LABEL: func.func @same
// CHECK: nn.gather %arg0, %{{.*}} axis = 2
// CHECK: %[[MOVED:.*]] = nn.select
// CHECK: nn.conv %[[MOVED]], %arg1 strides = [2] pads = [0, 0]
// CHECK-NOT: nn.same
func.func @same(%x: tensor<1x1x8xf32> {dlc.extents = array<i64: -1, -1, 0>}, %w: tensor<1x1x3xf32>,
                %e: tensor<1xi64> {dlc.is_extents}) -> tensor<1x1x4xf32> {
  %y = nn.conv %x, %w strides = [2] pads = [0, 1] dilations = [1] {nn.fitted, nn.same = "upper"}
    : (tensor<1x1x8xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32>
  return %y : tensor<1x1x4xf32>
}

// -----

// The second half of what there is.
// CHECK-LABEL: func.func @part
// CHECK: nn.gather %arg0, %{{.*}} axis = 0
// CHECK-NOT: nn.slice %arg0
func.func @part(%x: tensor<8xf32> {dlc.extents = array<i64: 0>}, %e: tensor<1xi64> {dlc.is_extents}) -> tensor<4xf32> {
  %y = nn.slice %x starts = [4] steps = [1] {nn.fitted, nn.part = array<i64: 0, 1, 2>} : (tensor<8xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// Numbers that have to be equal stand behind the extents of the results.
// CHECK-LABEL: func @checks
// CHECK-SAME: tensor<6xf32> {dlc.extents = array<i64: 0>},
// CHECK-SAME: tensor<3xi64> {dlc.checks = ["what"], dlc.is_extents, dlc.name = "dlc.extents"}
// CHECK: %[[E:.*]] = nn.reshape %arg1 : (tensor<i64>) -> tensor<1xi64>
// CHECK: %[[ALL:.*]] = nn.concat %[[E]], %arg2 axis = 0
// CHECK: return %arg0, %[[ALL]]
func.func @checks(%x: tensor<6xf32>, %n: tensor<i64>, %c: tensor<2xi64>)
    -> (tensor<6xf32>, tensor<2xi64> {dlc.checks = ["what"], dlc.name = "dlc.checks"}) {
  %b = nn.bounded %x, %n axis = 0 : (tensor<6xf32>, tensor<i64>) -> tensor<6xf32>
  return %b, %c : tensor<6xf32>, tensor<2xi64>
}

// -----

// A dimension that is resampled is gathered at computed positions; the others
// are resampled as ever.
// CHECK-LABEL: func @resized
// CHECK: nn.constant dense<[0, 0, 1, 1, 2, 2, 3, 3]> : tensor<8xi64>
// CHECK: nn.cast %arg1 : (tensor<i64>) -> tensor<f32>
// CHECK: nn.floor
// CHECK: %[[G:.*]] = nn.gather %arg0, %{{.*}} axis = 2
// CHECK: nn.resize nearest %[[G]] scales = [1.000000e+00, 1.000000e+00, 1.000000e+00, 2.000000e+00]
// CHECK: return {{.*}} : tensor<1x2x8x6xf32>, tensor<1xi64>
func.func @resized(%x: tensor<1x2x4x3xf32>, %n: tensor<i64>) -> tensor<1x2x8x6xf32> {
  %b = nn.bounded %x, %n axis = 2 : (tensor<1x2x4x3xf32>, tensor<i64>) -> tensor<1x2x4x3xf32>
  %r = nn.resize nearest %b scales = [1.0, 1.0, 2.0, 2.0] coordinate = asymmetric
      nearest_mode = floor : (tensor<1x2x4x3xf32>) -> tensor<1x2x8x6xf32>
  return %r : tensor<1x2x8x6xf32>
}

// -----

// A mean that leaves out padding: that with zeros, divided by that of ones.
// CHECK-LABEL: func @pooled
// CHECK: %[[ONES:.*]] = nn.constant dense<1.000000e+00> : tensor<1x1x8xf32>
// CHECK: nn.select {{.*}}, %[[ONES]],
// CHECK: %[[X:.*]] = nn.select {{.*}}, %arg0,
// CHECK: %[[SUM:.*]] = nn.avg_pool %[[X]] {{.*}}count_include_pad
// CHECK: %[[SHARE:.*]] = nn.avg_pool {{.*}}count_include_pad{{.*}} : (tensor<1x1x8xf32>)
// CHECK: nn.div %[[SUM]], %[[SHARE]]
func.func @pooled(%x: tensor<1x2x8xf32>, %n: tensor<i64>) -> tensor<1x2x8xf32> {
  %b = nn.bounded %x, %n axis = 2 : (tensor<1x2x8xf32>, tensor<i64>) -> tensor<1x2x8xf32>
  %r = nn.avg_pool %b kernel = [3] strides = [1] pads = [1, 1] dilations = [1] : (tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %r : tensor<1x2x8xf32>
}

// -----

// Operands of the model's that turn out to have one element are broadcast; what
// is neither that nor the same is said behind the results' extents.
// CHECK-LABEL: func.func @broadcast
// CHECK-SAME: tensor<1xi64> {dlc.is_extents}) -> (tensor<4xf32>, tensor<2xi64> {dlc.checks =
// CHECK-SAME: dimension 0 of operand 0 (not 1, which would be broadcast)
// CHECK-SAME: dlc.is_extents
// CHECK: %[[ONE:.*]] = nn.compare eq %[[N:.*]], %{{.*}} : (tensor<i64>, tensor<i64>) -> tensor<i1>
// CHECK: %[[FOUND:.*]] = nn.select %[[ONE]], %{{.*}}, %[[N]]
// CHECK: %[[FIRST:.*]] = nn.slice %arg0 starts = [0]
// CHECK: %[[X:.*]] = nn.select %[[ONE]], %[[FIRST]], %arg0
// CHECK: nn.add %[[X]], %arg1
// CHECK-NOT: nn.aligned
func.func @broadcast(%x: tensor<4xf32> {dlc.extents = array<i64: 0>}, %y: tensor<4xf32>, %e: tensor<1xi64> {dlc.is_extents}) -> tensor<4xf32> {
  %0 = nn.add %x, %y {nn.aligned = "broadcast"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// What is computed anew is the same number: nothing to compare.
// CHECK-LABEL: func.func @same
// CHECK-NOT: dlc.checks
// CHECK: nn.conv
// CHECK: nn.add
// CHECK-NOT: nn.gather
func.func @same(%x: tensor<1x2x8xf32> {dlc.extents = array<i64: -1, -1, 0>}, %w: tensor<2x2x3xf32>, %e: tensor<1xi64> {dlc.is_extents})
    -> tensor<1x2x8xf32> {
  %c = nn.conv %x, %w strides = [1] pads = [1, 1] dilations = [1] groups = 1 : (tensor<1x2x8xf32>, tensor<2x2x3xf32>) -> tensor<1x2x8xf32>
  %0 = nn.add %c, %x {nn.aligned = "broadcast"} : (tensor<1x2x8xf32>, tensor<1x2x8xf32>) -> tensor<1x2x8xf32>
  return %0 : tensor<1x2x8xf32>
}

// -----

// A dimension that has to be the same in all parts.
// CHECK-LABEL: func.func @equal
// CHECK: dimension 0 of operand 1
func.func @equal(%x: tensor<4x2xf32> {dlc.extents = array<i64: 0, -1>}, %y: tensor<4x2xf32> {dlc.extents = array<i64: 1, -1>},
                 %e: tensor<2xi64> {dlc.is_extents}) -> tensor<4x4xf32> {
  %0 = nn.concat %x, %y axis = 1 {nn.aligned = "equal"} : (tensor<4x2xf32>, tensor<4x2xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// -----

// Numbers of the model: where they are known to be the extents that come out,
// a reshape takes apart and joins.

// CHECK-LABEL: func.func @asked_for
// CHECK-SAME: %[[E:[a-z0-9]+]]: tensor<1xi64>
// CHECK: %[[Y:.*]] = nn.reshape %arg0 : (tensor<5x6xf32>) -> tensor<5x2x3xf32>
// CHECK-NOT: nn.gather
// CHECK: return %[[Y]], %[[E]]
func.func @asked_for(%x: tensor<5x6xf32> {dlc.extents = array<i64: 0, -1>, dlc.name = "x"}, %e: tensor<1xi64> {dlc.is_extents, dlc.name = "dlc.extents"}) -> (tensor<5x2x3xf32> {dlc.name = "y"}) {
  %n = nn.extent %x axis = 0 : (tensor<5x6xf32>) -> tensor<i64>
  %r = nn.reshape %x {nn.resized = array<i64: 0, 2>} : (tensor<5x6xf32>) -> tensor<5x2x3xf32>
  %y = nn.bounded %r, %n axis = 0 : (tensor<5x2x3xf32>, tensor<i64>) -> tensor<5x2x3xf32>
  return %y : tensor<5x2x3xf32>
}

// -----

// Others move what counts, and a run looks whether it is as much, unless that
// is known.

// CHECK-LABEL: func.func @not_as_it_lies
// CHECK-SAME: dlc.extents = array<i64: -1, 0>
// CHECK-NOT: dlc.checks
// CHECK: nn.gather {{.*}} -> tensor<5x5xf32>
func.func @not_as_it_lies(%x: tensor<5x5xf32> {dlc.extents = array<i64: 0, -1>, dlc.name = "x"}, %e: tensor<1xi64> {dlc.is_extents, dlc.name = "dlc.extents"}) -> (tensor<5x5xf32> {dlc.name = "y"}) {
  %r = nn.reshape %x {nn.resized = array<i64: 0>} : (tensor<5x5xf32>) -> tensor<5x5xf32>
  return %r : tensor<5x5xf32>
}

// CHECK-LABEL: func.func @may_not_fit
// CHECK-SAME: dlc.checks = ["{{.*}}the number of elements of its shape"]
// CHECK: nn.reshape %arg0 : (tensor<4x6xf32>) -> tensor<8x3xf32>
func.func @may_not_fit(%x: tensor<4x6xf32> {dlc.extents = array<i64: 0, -1>, dlc.name = "x"}, %e: tensor<1xi64> {dlc.is_extents, dlc.name = "dlc.extents"}) -> (tensor<8x3xf32> {dlc.name = "y"}) {
  %r = nn.reshape %x {nn.resized = array<i64: 0, 1>} : (tensor<4x6xf32>) -> tensor<8x3xf32>
  return %r : tensor<8x3xf32>
}
