// RUN: split-file %s %t
// RUN: dlc-opt %t/chain.mlir --fit-memory=budget=40000 | FileCheck %t/chain.mlir
// RUN: dlc-opt %t/chain.mlir --fit-memory=budget=70000 | FileCheck %t/chain.mlir --check-prefix=FITS
// RUN: dlc-opt %t/chain.mlir --fit-memory=budget=40000 > %t/once.mlir
// RUN: dlc-opt %t/chain.mlir --fit-memory=budget=40000 | diff - %t/once.mlir
// RUN: dlc-opt %t/loop.mlir --fit-memory=budget=40000 | FileCheck %t/loop.mlir
// RUN: dlc-opt %t/recompute.mlir --fit-memory=budget=80000 | FileCheck %t/recompute.mlir
// RUN: dlc-opt %t/unfuse.mlir --fit-memory=budget=80000 | FileCheck %t/unfuse.mlir

//--- chain.mlir
// The value between the two is 64 KB; in bands 32 KB at most of it exist.
// CHECK: dispatch.fitted = ["computes 'linalg.generic' to 'linalg.generic' in 2 bands: peak 32.0 KiB", "in all 0.0 % more operations, 1.1 % more bytes moved, 5 launches instead of 3; peak 32.0 KiB instead of 64.0 KiB"]
// CHECK-COUNT-2: tensor<64x128xf32>
// FITS: dispatch.fitted = []
#id = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
module {
  func.func @main(%x: tensor<128xf32>) -> tensor<128xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<128x128xf32>
    %r = tensor.empty() : tensor<128xf32>
    %0 = linalg.generic {indexing_maps = [#i, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %x : tensor<128xf32>, tensor<128xf32>) outs(%e : tensor<128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128x128xf32>
    %f = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %1 = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%0, %x : tensor<128x128xf32>, tensor<128xf32>) outs(%f : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %m, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    %2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"], dispatch.unfused}
        ins(%1 : tensor<128xf32>) outs(%r : tensor<128xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = math.sqrt %a : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    return %2 : tensor<128xf32>
  }
}

//--- loop.mlir
// The same in front of a loop, whose body has a value of 48 KB: with its states that is what
// the peak is in the end.
// CHECK: dispatch.fitted = ["computes 'linalg.generic' to 'linalg.generic' in {{[0-9]+}} bands: peak 49.
// CHECK-NOT: peak 3
#id = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
module {
  func.func @main(%x: tensor<128xf32>) -> tensor<128xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<128x128xf32>
    %r = tensor.empty() : tensor<128xf32>
    %0 = linalg.generic {indexing_maps = [#i, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %x : tensor<128xf32>, tensor<128xf32>) outs(%e : tensor<128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128x128xf32>
    %f = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %1 = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%0, %x : tensor<128x128xf32>, tensor<128xf32>) outs(%f : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %m, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    %2 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"], dispatch.unfused}
        ins(%1 : tensor<128xf32>) outs(%r : tensor<128xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = math.sqrt %a : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    %3 = dispatch.loop @body 2 carried(%2 : tensor<128xf32>)
        {reversed = array<i1>, stacked_reversed = array<i1>} -> tensor<128xf32>
    return %3 : tensor<128xf32>
  }
  func.func private @body(%x: tensor<128xf32>) -> tensor<128xf32> {
    %c = arith.constant dense<0.5> : tensor<96xf32>
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<128x96xf32>
    %r = tensor.empty() : tensor<128xf32>
    %0 = linalg.generic {indexing_maps = [#i, affine_map<(i, j) -> (j)>, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %c : tensor<128xf32>, tensor<96xf32>) outs(%e : tensor<128x96xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128x96xf32>
    %f = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %1 = linalg.generic {indexing_maps = [#id, affine_map<(i, j) -> (j)>, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%0, %c : tensor<128x96xf32>, tensor<96xf32>) outs(%f : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %m, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    return %1 : tensor<128xf32>
  }
}

//--- recompute.mlir
// %0 only waits while %2 exists: it is computed again for its last reader.
// CHECK: dispatch.fitted = ["computes 'linalg.generic' again for 1 reader: peak 64.
// CHECK: arith.mulf
// CHECK: arith.subf
// CHECK: dispatch.recomputed = 0
// CHECK: arith.mulf
#id = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
module {
  func.func @main(%x: tensor<128xf32>) -> tensor<128xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<128x128xf32>
    %r = tensor.empty() : tensor<128xf32>
    %0 = linalg.generic {indexing_maps = [#i, #j, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %x : tensor<128xf32>, tensor<128xf32>) outs(%e : tensor<128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128x128xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %1 = linalg.generic {indexing_maps = [#id, #j, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%0, %x : tensor<128x128xf32>, tensor<128xf32>) outs(%f1 : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %m, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    %2 = linalg.generic {indexing_maps = [#i, #j, #id], iterator_types = ["parallel", "parallel"]}
        ins(%1, %1 : tensor<128xf32>, tensor<128xf32>) outs(%e : tensor<128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.subf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128x128xf32>
    %f3 = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %3 = linalg.generic {indexing_maps = [#id, #j, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%2, %x : tensor<128x128xf32>, tensor<128xf32>) outs(%f3 : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %m, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    %f4 = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %4 = linalg.generic {indexing_maps = [#id, #j, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%0, %3 : tensor<128x128xf32>, tensor<128xf32>) outs(%f4 : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %s = arith.addf %m, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    return %4 : tensor<128xf32>
  }
}

//--- unfuse.mlir
// The product of two sums would be one kernel with them, which needs both of
// the values that are summed up.
// CHECK: dispatch.fitted = ["does not fuse 'linalg.generic' with what it reads: peak 64.
// CHECK: iterator_types = ["parallel"]{{.*}}dispatch.unfused
#id = affine_map<(i, j) -> (i, j)>
#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
module {
  func.func @main(%x: tensor<128xf32>) -> tensor<128xf32> {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<128x128xf32>
    %r = tensor.empty() : tensor<128xf32>
    %0 = linalg.generic {indexing_maps = [#i, #j, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %x : tensor<128xf32>, tensor<128xf32>) outs(%e : tensor<128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128x128xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %1 = linalg.generic {indexing_maps = [#id, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%0 : tensor<128x128xf32>) outs(%f1 : tensor<128xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = arith.addf %a, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    %2 = linalg.generic {indexing_maps = [#i, #j, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x, %x : tensor<128xf32>, tensor<128xf32>) outs(%e : tensor<128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.subf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128x128xf32>
    %f3 = linalg.fill ins(%zero : f32) outs(%r : tensor<128xf32>) -> tensor<128xf32>
    %3 = linalg.generic {indexing_maps = [#id, #i], iterator_types = ["parallel", "reduction"], dispatch.unfused}
        ins(%2 : tensor<128x128xf32>) outs(%f3 : tensor<128xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = arith.addf %a, %o : f32
      linalg.yield %s : f32
    } -> tensor<128xf32>
    %4 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%1, %3 : tensor<128xf32>, tensor<128xf32>) outs(%r : tensor<128xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<128xf32>
    return %4 : tensor<128xf32>
  }
}
