// RUN: dlc-opt %s --host-pack-operands=cpu=sapphirerapids --evaluate-constants --host-schedule-kernels=cpu=sapphirerapids \
// RUN:   | FileCheck %s
// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v4+avx512vnni+avx512bf16 --host-schedule-kernels=cpu=x86-64-v4+avx512vnni+avx512bf16 \
// RUN:   | FileCheck %s --check-prefix=VECTORS

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// Two registers of 12 rows times two of 16 columns. Of 22 rows that are left, the second
// register has two that the first one has, too.

// VECTORS-NOT: x86.tile
// VECTORS: dispatch.kernel @floats({{.*}} products = "bf16", tiles = ["{{[0-9]+}} rows x {{[0-9]}} vectors of 16"]
// CHECK-LABEL: dispatch.kernel @floats
// CHECK-SAME: products = "matrix", tiles = ["24 rows x 2 vectors of 16, matrices of 12 x 16"]
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<768xf32>
// CHECK-COUNT-4: "llvm.x86.tilezero.internal"(%{{.*}}, %{{.*}}) : (i16, i16) -> !llvm.x86_amx
// CHECK: scf.for %{{.*}} = %{{.*}} to %c1024{{.*}} step %c16{{.*}} -> (!llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx)
// CHECK-COUNT-2: "llvm.x86.tileloadd64.internal"
// CHECK: "llvm.x86.tdpbf16ps.internal"
// CHECK: "llvm.x86.tileloadd64.internal"
// CHECK: "llvm.x86.tdpbf16ps.internal"
// CHECK: "llvm.x86.tileloadd64.internal"
// CHECK-COUNT-2: "llvm.x86.tdpbf16ps.internal"
// CHECK: scf.yield
// CHECK-COUNT-4: "llvm.x86.tilestored64.internal"
// CHECK: scf.for
// CHECK: vector.load %{{.*}} : memref<768xf32>, vector<32xf32>
// CHECK: arith.maximumf
// CHECK-COUNT-4: "llvm.x86.tilezero.internal"
// CHECK: memref.extract_aligned_pointer_as_index
dispatch.kernel @floats(%x: tensor<70x2048xbf16>, %w: tensor<2048x64xbf16>, %out: tensor<70x64xf32>) -> tensor<70x64xf32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<70x64xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<70x64xf32>) -> tensor<70x64xf32>
  %sums = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<70x2048xbf16>, tensor<2048x64xbf16>) outs(%zeros : tensor<70x64xf32>) {
  ^bb0(%l: bf16, %r: bf16, %sum: f32):
    %left = arith.extf %l : bf16 to f32
    %right = arith.extf %r : bf16 to f32
    %product = arith.mulf %left, %right : f32
    %next = arith.addf %sum, %product : f32
    linalg.yield %next : f32
  } -> tensor<70x64xf32>
  %relu = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%sums : tensor<70x64xf32>) outs(%out : tensor<70x64xf32>) {
  ^bb0(%value: f32, %old: f32):
    %positive = arith.maximumf %value, %zero : f32
    linalg.yield %positive : f32
  } -> tensor<70x64xf32>
  dispatch.return %relu : tensor<70x64xf32>
}

// Signed bytes by rows times unsigned ones in panels; few rows, so wider panels.

// VECTORS: dispatch.kernel @bytes({{.*}} products = "i8", tiles =
// CHECK-LABEL: dispatch.kernel @bytes
// CHECK-SAME: tiles = ["6 rows x 4 vectors of 16, matrices of 6 x 12"]
// CHECK: %[[ROWS:.*]] = arith.constant 6 : i16
// CHECK: "llvm.x86.tdpbsud.internal"(%[[ROWS]],
dispatch.kernel @bytes(%x: tensor<6x96xi8>, %w: tensor<96x64xi8>, %out: tensor<6x64xi32>) -> tensor<6x64xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %zeros = linalg.fill ins(%zero : i32) outs(%out : tensor<6x64xi32>) -> tensor<6x64xi32>
  %sums = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<6x96xi8>, tensor<96x64xi8>) outs(%zeros : tensor<6x64xi32>) {
  ^bb0(%l: i8, %r: i8, %sum: i32):
    %left = arith.extsi %l : i8 to i32
    %right = arith.extui %r : i8 to i32
    %product = arith.muli %left, %right : i32
    %next = arith.addi %sum, %product : i32
    linalg.yield %next : i32
  } -> tensor<6x64xi32>
  dispatch.return %sums : tensor<6x64xi32>
}

// Both factors signed: there is an instruction for that, but none for vectors.

// VECTORS: dispatch.kernel @signed({{.*}}{peak = {{[^,]*}}, tiles =
// CHECK-LABEL: dispatch.kernel @signed
// CHECK-NOT: x86.tile
dispatch.kernel @signed(%x: tensor<16x96xi8>, %w: tensor<96x64xi8>, %out: tensor<16x64xi32>) -> tensor<16x64xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %zeros = linalg.fill ins(%zero : i32) outs(%out : tensor<16x64xi32>) -> tensor<16x64xi32>
  %sums = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<16x96xi8>, tensor<96x64xi8>) outs(%zeros : tensor<16x64xi32>) {
  ^bb0(%l: i8, %r: i8, %sum: i32):
    %left = arith.extsi %l : i8 to i32
    %right = arith.extsi %r : i8 to i32
    %product = arith.muli %left, %right : i32
    %next = arith.addi %sum, %product : i32
    linalg.yield %next : i32
  } -> tensor<16x64xi32>
  dispatch.return %sums : tensor<16x64xi32>
}

func.func @main(%x: tensor<70x2048xbf16>, %y: tensor<6x96xi8>, %z: tensor<16x96xi8>) -> (tensor<70x64xf32>, tensor<6x64xi32>, tensor<16x64xi32>) {
  %w = arith.constant dense<1.0> : tensor<2048x64xbf16>
  %v = arith.constant dense<3> : tensor<96x64xi8>
  %o = tensor.empty() : tensor<70x64xf32>
  %p = tensor.empty() : tensor<6x64xi32>
  %q = tensor.empty() : tensor<16x64xi32>
  %a = dispatch.launch @floats ins(%x, %w : tensor<70x2048xbf16>, tensor<2048x64xbf16>) outs(%o : tensor<70x64xf32>) -> tensor<70x64xf32>
  %b = dispatch.launch @bytes ins(%y, %v : tensor<6x96xi8>, tensor<96x64xi8>) outs(%p : tensor<6x64xi32>) -> tensor<6x64xi32>
  %c = dispatch.launch @signed ins(%z, %v : tensor<16x96xi8>, tensor<96x64xi8>) outs(%q : tensor<16x64xi32>) -> tensor<16x64xi32>
  return %a, %b, %c : tensor<70x64xf32>, tensor<6x64xi32>, tensor<16x64xi32>
}
