// RUN: dlc-opt %s --split-input-file --verify-diagnostics

func.func @region_c1(%x: tensor<8xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'dispatch.region' op (C1) must end in a dispatch.yield of the result types}}
  %r = dispatch.region -> tensor<4xf32> {
    dispatch.yield %x : tensor<8xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C1) num_outs must be between 1 and the number of arguments, got 0}}
dispatch.kernel @kernel_c1(%a: tensor<8xf32>) attributes {num_outs = 0 : i64} {
  dispatch.return
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C1) num_outs must be between 1 and the number of arguments, got 2}}
dispatch.kernel @kernel_c1_many(%a: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 2 : i64} {
  dispatch.return %a : tensor<8xf32>
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C1) num_outs must be between 1 and the number of arguments, got -1}}
dispatch.kernel @kernel_c1_negative(%a: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = -1 : i64} {
  dispatch.return %a : tensor<8xf32>
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C2) arguments must be all tensors or all memrefs with static shapes, got 'tensor<8xf32>'}}
dispatch.kernel @kernel_c2_mixed(%a: tensor<8xf32>, %b: memref<8xf32>) attributes {num_outs = 1 : i64} {
  dispatch.return
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C2) arguments must be all tensors or all memrefs with static shapes, got 'tensor<?xf32>'}}
dispatch.kernel @kernel_c2_dynamic(%a: tensor<?xf32>) -> tensor<?xf32> attributes {num_outs = 1 : i64} {
  dispatch.return %a : tensor<?xf32>
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C2) arguments must be all tensors or all memrefs with static shapes, got 'f32'}}
dispatch.kernel @kernel_c2_scalar(%s: f32, %a: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  dispatch.return %a : tensor<8xf32>
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C2) memref arguments must have the identity layout, got 'memref<8xf32, strided<[2]>>'}}
dispatch.kernel @kernel_c2_layout(%a: memref<8xf32, strided<[2]>>) attributes {num_outs = 1 : i64} {
  dispatch.return
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C3) results must be the types of the last num_outs arguments, and none after scheduling}}
dispatch.kernel @kernel_c3(%a: tensor<8xf32>, %o: tensor<4xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  dispatch.return %a : tensor<8xf32>
}

// -----

// expected-error @+1 {{'dispatch.kernel' op (C3) results must be the types of the last num_outs arguments, and none after scheduling}}
dispatch.kernel @kernel_c3_memref(%o: memref<4xf32>) -> memref<4xf32> attributes {num_outs = 1 : i64} {
  dispatch.return
}

// -----

dispatch.kernel @return_types(%o: tensor<4xf32>) -> tensor<4xf32> attributes {num_outs = 1 : i64} {
  // expected-error @+1 {{'dispatch.return' op operand types must be the kernel's result types}}
  dispatch.return
}

// -----

func.func @launch_c1(%a: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{'dispatch.launch' op (C1) no kernel named 'nothing'}}
  %0 = dispatch.launch @nothing outs(%a : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

func.func @callee() {
  return
}
func.func @launch_c1_other_op(%a: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{'dispatch.launch' op (C1) no kernel named 'callee'}}
  %0 = dispatch.launch @callee outs(%a : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

dispatch.kernel @k(%o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  dispatch.return %o : tensor<8xf32>
}
func.func @launch_c2_count(%a: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @+1 {{'dispatch.launch' op (C2) has 1 ins and 1 outs, but kernel 'k' takes 0 and 1}}
  %0 = dispatch.launch @k ins(%a : tensor<8xf32>) outs(%a : tensor<8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

dispatch.kernel @k(%o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  dispatch.return %o : tensor<8xf32>
}
func.func @launch_c2_shape(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'dispatch.launch' op (C2) operand 0 is 'tensor<4xf32>', but kernel 'k' takes 'tensor<8xf32>'}}
  %0 = dispatch.launch @k outs(%a : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @launch_c3_mixed(%a: tensor<8xf32>, %m: memref<8xf32>) {
  // expected-error @+1 {{'dispatch.launch' op (C3) operands must be all tensors or all memrefs, got 'tensor<8xf32>'}}
  dispatch.launch @k ins(%a : tensor<8xf32>) outs(%m : memref<8xf32>)
  return
}

// -----

func.func @launch_c3_results(%a: tensor<8xf32>) {
  // expected-error @+1 {{'dispatch.launch' op (C3) results must have the types of outs, and there are none on memrefs}}
  dispatch.launch @k outs(%a : tensor<8xf32>)
  return
}

// -----

func.func @launch_no_outs(%a: tensor<8xf32>) {
  // expected-error @+1 {{'dispatch.launch' op (C2) needs an output}}
  "dispatch.launch"(%a) <{kernel = @k, operandSegmentSizes = array<i32: 1, 0>}> : (tensor<8xf32>) -> ()
  return
}

// -----

func.func @loop_c1(%h: tensor<4xf32>) {
  // expected-error @+1 {{'dispatch.loop' op (C1) no private function named 'nobody'}}
  %r = dispatch.loop @nobody 3 carried(%h : tensor<4xf32>) {reversed = array<i1>, stacked_reversed = array<i1>} -> tensor<4xf32>
  return
}

// -----

func.func private @body(%h: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  return %h : tensor<4xf32>
}
func.func @loop_c2(%h: tensor<4xf32>, %x: tensor<2x4xf32>) {
  // expected-error @+1 {{'dispatch.loop' op (C2) must run as often as there are slices, and say of each operand and result in slices whether it is reversed}}
  %r = dispatch.loop @body 3 carried(%h : tensor<4xf32>) sliced(%x : tensor<2x4xf32>) {reversed = array<i1: false>, stacked_reversed = array<i1>} -> tensor<4xf32>
  return
}

// -----

func.func private @body(%h: tensor<4xf32>) -> tensor<4xf32> {
  return %h : tensor<4xf32>
}
func.func @loop_c3(%h: tensor<8xf32>) {
  // expected-error @+1 {{'dispatch.loop' op (C3) value 0 of 'body' is 'tensor<4xf32>', which does not fit to 'tensor<8xf32>'}}
  %r = dispatch.loop @body 3 carried(%h : tensor<8xf32>) {reversed = array<i1>, stacked_reversed = array<i1>} -> tensor<8xf32>
  return
}

// -----

func.func private @body(%h: memref<4xf32>, %o: memref<4xf32>) {
  return
}
func.func @loop_c4(%h: memref<4xf32>, %o: memref<4xf32>) {
  // expected-error @+1 {{'dispatch.loop' op (C4) has 0 spare buffers for 1 states and 3 iterations}}
  dispatch.loop @body 3 carried(%h : memref<4xf32>) outs(%o : memref<4xf32>) {reversed = array<i1>, stacked_reversed = array<i1>}
  return
}

// -----

func.func @region_c2(%x: tensor<8xf32>, %n: tensor<1xi64>) -> tensor<8xf32> {
  %r = dispatch.region extents(%n : tensor<1xi64>) -> tensor<8xf32> {
    %c = arith.constant 0.0 : f32
    // expected-error @+1 {{'linalg.fill' op (C2) has a limit that is no number of its extent}}
    %f = linalg.fill {dispatch.limits = array<i64: 0, 0, 1, 1, 0>} ins(%c : f32) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    dispatch.yield %f : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

func.func @region_c2(%x: tensor<8xf32>) -> tensor<8xf32> {
  %r = dispatch.region -> tensor<8xf32> {
    %c = arith.constant 0.0 : f32
    // expected-error @+1 {{'linalg.fill' op (C2) dispatch.limits must be five numbers for each limit of a structured operation}}
    %f = linalg.fill {dispatch.limits = array<i64: 0, 0, 1>} ins(%c : f32) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    dispatch.yield %f : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

dispatch.kernel @kernel_limits(%n: tensor<1xi64>, %o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  %c = arith.constant 0.0 : f32
  // expected-error @+1 {{'linalg.fill' op (C2) has a limit of no loop, or of no extent}}
  %f = linalg.fill {dispatch.limits = array<i64: 0, 1, 0, 1, 0>} ins(%c : f32) outs(%o : tensor<8xf32>) -> tensor<8xf32>
  dispatch.return %f : tensor<8xf32>
}

// -----

func.func @region_c3(%x: tensor<8xf32>) -> tensor<8xf32> {
  %r = dispatch.region -> tensor<8xf32> {
    %c = arith.constant 0.0 : f32
    // expected-error @+1 {{'linalg.fill' op (C3) dispatch.windows must be six numbers for each window of a structured operation}}
    %f = linalg.fill {dispatch.windows = array<i64: 0, 0, 1>} ins(%c : f32) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    dispatch.yield %f : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

dispatch.kernel @kernel_windows(%o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  %c = arith.constant 0.0 : f32
  // expected-error @+1 {{'linalg.fill' op (C3) has a window that is not of a reduction loop and a parallel one with positive steps}}
  %f = linalg.fill {dispatch.windows = array<i64: 0, 0, 1, 1, 0, 8>} ins(%c : f32) outs(%o : tensor<8xf32>) -> tensor<8xf32>
  dispatch.return %f : tensor<8xf32>
}
