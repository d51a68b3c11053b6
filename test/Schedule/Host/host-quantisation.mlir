// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64 | FileCheck %s --check-prefix=BASE

// A clamped number is in the range of its integers, so only NaN is to be thought of. A
// float made of the rounded one again is the number itself.

// CHECK-LABEL: dispatch.kernel @unsigned
// CHECK-NOT: arith.maximumf
// CHECK: %[[ROUND:.*]] = math.roundeven
// CHECK: %[[ABOVE:.*]] = arith.cmpf ogt, %[[ROUND]], %[[LOW:.*]] : vector<8xf32>
// CHECK: %[[MAX:.*]] = arith.select %[[ABOVE]], %[[ROUND]], %[[LOW]]
// CHECK: %[[BELOW:.*]] = arith.cmpf olt, %[[MAX]], %[[HIGH:.*]] : vector<8xf32>
// CHECK: %[[CLAMPED:.*]] = arith.select %[[BELOW]], %[[MAX]], %[[HIGH]]
// CHECK-DAG: %[[INTEGER:.*]] = arith.fptosi %[[CLAMPED]]
// CHECK-DAG: arith.trunci %[[INTEGER]]
// CHECK-DAG: arith.addf %[[CLAMPED]], %[[CLAMPED]]
// CHECK-NOT: arith.uitofp
// CHECK: dispatch.return
dispatch.kernel @unsigned(%x: tensor<16xf32>, %o: tensor<16xi8>, %p: tensor<16xf32>) -> (tensor<16xi8>, tensor<16xf32>) attributes {num_outs = 2 : i64} {
  %low = arith.constant 0.0 : f32
  %high = arith.constant 255.0 : f32
  %least = arith.constant -2147483648.0 : f32
  %most = arith.constant 2147483648.0 : f32
  %none = arith.constant -2147483648 : i32
  %r:2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<16xf32>) outs(%o, %p : tensor<16xi8>, tensor<16xf32>) {
  ^bb0(%a: f32, %b: i8, %c: f32):
    %0 = math.roundeven %a : f32
    %1 = arith.maximumf %0, %low : f32
    %2 = arith.minimumf %1, %high : f32
    %3 = arith.cmpf oge, %2, %least : f32
    %4 = arith.cmpf olt, %2, %most : f32
    %5 = arith.andi %3, %4 : i1
    %6 = arith.select %5, %2, %low : f32
    %7 = arith.fptosi %6 : f32 to i32
    %8 = arith.select %5, %7, %none : i32
    %9 = arith.trunci %8 : i32 to i8
    %10 = arith.uitofp %9 : i8 to f32
    %11 = arith.addf %10, %10 : f32
    linalg.yield %9, %11 : i8, f32
  } -> (tensor<16xi8>, tensor<16xf32>)
  dispatch.return %r#0, %r#1 : tensor<16xi8>, tensor<16xf32>
}

// -----

// With signs, NaN is not the lower bound but 0. A number that was not rounded is not the
// integer.

// CHECK-LABEL: dispatch.kernel @signed
// CHECK-NOT: arith.maximumf
// CHECK: arith.cmpf ord
// CHECK: arith.fptosi
// CHECK: arith.sitofp
// CHECK: dispatch.return
dispatch.kernel @signed(%x: tensor<16xf32>, %o: tensor<16xf32>) -> tensor<16xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant -128.0 : f32
  %high = arith.constant 127.0 : f32
  %least = arith.constant -2147483648.0 : f32
  %most = arith.constant 2147483648.0 : f32
  %none = arith.constant -2147483648 : i32
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<16xf32>) outs(%o : tensor<16xf32>) {
  ^bb0(%a: f32, %c: f32):
    %1 = arith.maximumf %a, %low : f32
    %2 = arith.minimumf %1, %high : f32
    %3 = arith.cmpf oge, %2, %least : f32
    %4 = arith.cmpf olt, %2, %most : f32
    %5 = arith.andi %3, %4 : i1
    %6 = arith.select %5, %2, %zero : f32
    %7 = arith.fptosi %6 : f32 to i32
    %8 = arith.select %5, %7, %none : i32
    %9 = arith.trunci %8 : i32 to i8
    %10 = arith.sitofp %9 : i8 to f32
    linalg.yield %10 : f32
  } -> tensor<16xf32>
  dispatch.return %r : tensor<16xf32>
}

// -----

// Bounds beyond the integers: as it was.

// CHECK-LABEL: dispatch.kernel @wide
// CHECK: arith.maximumf
dispatch.kernel @wide(%x: tensor<16xf32>, %o: tensor<16xi8>) -> tensor<16xi8> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant -129.0 : f32
  %high = arith.constant 127.0 : f32
  %least = arith.constant -2147483648.0 : f32
  %most = arith.constant 2147483648.0 : f32
  %none = arith.constant -2147483648 : i32
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<16xf32>) outs(%o : tensor<16xi8>) {
  ^bb0(%a: f32, %c: i8):
    %1 = arith.maximumf %a, %low : f32
    %2 = arith.minimumf %1, %high : f32
    %3 = arith.cmpf oge, %2, %least : f32
    %4 = arith.cmpf olt, %2, %most : f32
    %5 = arith.andi %3, %4 : i1
    %6 = arith.select %5, %2, %zero : f32
    %7 = arith.fptosi %6 : f32 to i32
    %8 = arith.select %5, %7, %none : i32
    %9 = arith.trunci %8 : i32 to i8
    linalg.yield %9 : i8
  } -> tensor<16xi8>
  dispatch.return %r : tensor<16xi8>
}

// -----

// Rounded quotients by a constant are not divided, if they are clamped and each of the steps is
// where it was. (test/Integration/host/quotients.py looks at all steps.)

// CHECK-LABEL: dispatch.kernel @quotient
// CHECK-NOT: arith.divf
// CHECK: %[[LOW:.*]] = arith.mulf %[[X:.*]], %{{.*}} : vector<8xf32>
// CHECK: %[[QUOTIENT:.*]] = math.fma %[[X]], %{{.*}}, %[[LOW]] : vector<8xf32>
// CHECK: math.roundeven %[[QUOTIENT]]
// BASE-LABEL: dispatch.kernel @quotient
// BASE: arith.divf
// BASE-NOT: math.fma
dispatch.kernel @quotient(%x: tensor<16xf32>, %o: tensor<16xf32>) -> tensor<16xf32> attributes {num_outs = 1 : i64} {
  %scale = arith.constant 0.1 : f32
  %zero = arith.constant 7.0 : f32
  %low = arith.constant 0.0 : f32
  %high = arith.constant 255.0 : f32
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<16xf32>) outs(%o : tensor<16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.divf %a, %scale : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.addf %1, %zero : f32
    %3 = arith.maximumf %2, %low : f32
    %4 = arith.minimumf %3, %high : f32
    linalg.yield %4 : f32
  } -> tensor<16xf32>
  dispatch.return %r : tensor<16xf32>
}

// -----

// Without a clamp there are too many steps to look at.

// CHECK-LABEL: dispatch.kernel @unclamped
// CHECK: arith.divf
dispatch.kernel @unclamped(%x: tensor<16xf32>, %o: tensor<16xf32>) -> tensor<16xf32> attributes {num_outs = 1 : i64} {
  %scale = arith.constant 0.1 : f32
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<16xf32>) outs(%o : tensor<16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.divf %a, %scale : f32
    %1 = math.roundeven %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  dispatch.return %r : tensor<16xf32>
}
