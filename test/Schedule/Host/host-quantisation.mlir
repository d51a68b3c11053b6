// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64-v3 | FileCheck %s
// RUN: dlc-opt %s --split-input-file --host-schedule-kernels=cpu=x86-64 | FileCheck %s --check-prefix=BASE

// A clamped number is in the range of its integers, so only NaN is to be thought of. One that
// is rounded is made an integer by adding 1.5 * 2^23, and finished in integers; a float made
// of it again comes from the same sum.

// CHECK-LABEL: dispatch.kernel @unsigned
// CHECK-DAG: %[[LOW:.*]] = arith.constant dense<0.000000e+00>
// CHECK-DAG: %[[MAGIC:.*]] = arith.constant dense<0x4B400000>
// CHECK-DAG: %[[MOST:.*]] = arith.constant dense<0x4B4000FF>
// CHECK-DAG: %[[MAGIC_BITS:.*]] = arith.constant dense<1262485504>
// CHECK-DAG: %[[MOST_BITS:.*]] = arith.constant dense<1262485759>
// CHECK-NOT: arith.maximumf
// CHECK-NOT: math.roundeven
// CHECK: %[[ABOVE:.*]] = arith.cmpf ogt, %[[X:.*]], %[[LOW]]
// CHECK: %[[MAX:.*]] = arith.select %[[ABOVE]], %[[X]], %[[LOW]]
// CHECK: %[[SUM:.*]] = arith.addf %[[MAX]], %[[MAGIC]]
// CHECK-DAG: %[[BITS:.*]] = arith.bitcast %[[SUM]]
// CHECK-DAG: %[[MIN:.*]] = arith.minsi %[[BITS]], %[[MOST_BITS]]
// CHECK-DAG: %[[INTEGER:.*]] = arith.subi %[[MIN]], %[[MAGIC_BITS]]
// CHECK-DAG: arith.trunci %[[INTEGER]]
// CHECK-DAG: %[[BELOW:.*]] = arith.cmpf olt, %[[SUM]], %[[MOST]]
// CHECK-DAG: %[[BOUNDED:.*]] = arith.select %[[BELOW]], %[[SUM]], %[[MOST]]
// CHECK-DAG: %[[FLOAT:.*]] = arith.subf %[[BOUNDED]], %[[MAGIC]]
// CHECK-DAG: arith.addf %[[FLOAT]], %[[FLOAT]]
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

// Scaled integers that are added up to be rounded to an integer are not rounded before.

// CHECK-LABEL: dispatch.kernel @scaled
// CHECK-NOT: arith.mulf
// CHECK: math.fma
// CHECK: math.roundeven
dispatch.kernel @scaled(%x: tensor<16xi32>, %y: tensor<16xf32>, %o: tensor<16xf32>) -> tensor<16xf32> attributes {num_outs = 1 : i64} {
  %scale = arith.constant 0.1 : f32
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x, %y : tensor<16xi32>, tensor<16xf32>) outs(%o : tensor<16xf32>) {
  ^bb0(%a: i32, %b: f32, %c: f32):
    %0 = arith.sitofp %a : i32 to f32
    %1 = arith.mulf %0, %scale : f32
    %2 = arith.addf %1, %b : f32
    %3 = math.roundeven %2 : f32
    linalg.yield %3 : f32
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
