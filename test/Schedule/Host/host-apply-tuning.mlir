// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: echo '{"dlc-tuning": 1, "kernels": []}' > none.json
// RUN: dlc-opt %s "--host-apply-tuning=file=none.json cpu=znver3" 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: none.json:0:0: warning: nothing was tuned for the CPU znver3

// RUN: echo '{"dlc-tuning": 1, "kernels": [{"cpu": "znver3", "key": "1", "rows": 2, "vectors": 2, "us": 1, "us_before": 2}]}' > other.json
// RUN: dlc-opt %s "--host-apply-tuning=file=other.json cpu=znver3" 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: other.json:0:0: warning: no kernel of this model was tuned for the CPU znver3

// RUN: not dlc-opt %s "--host-apply-tuning=file=missing.json" 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: missing.json:0:0: error: No such file or directory

// RUN: echo '{"dlc-tuning": 1' > broken.json
// RUN: not dlc-opt %s "--host-apply-tuning=file=broken.json" 2>&1 | FileCheck %s --check-prefix=BROKEN
// BROKEN: broken.json:0:0: error: is no JSON: [2:0, byte=17]: Expected

// RUN: echo '{"kernels": []}' > foreign.json
// RUN: not dlc-opt %s "--host-apply-tuning=file=foreign.json" 2>&1 | FileCheck %s --check-prefix=FOREIGN
// FOREIGN: foreign.json:0:0: error: is no table of --tune: it has no 'dlc-tuning' or no 'kernels'

// RUN: echo '{"dlc-tuning": 99, "kernels": []}' > newer.json
// RUN: not dlc-opt %s "--host-apply-tuning=file=newer.json" 2>&1 | FileCheck %s --check-prefix=NEWER
// NEWER: newer.json:0:0: error: is of version 99, and this dlc reads version 1: tune again

// RUN: echo '{"dlc-tuning": 1, "kernels": [{"cpu": "znver3", "key": "1", "rows": 0, "vectors": 2, "us": 1, "us_before": 2}]}' > rows.json
// RUN: not dlc-opt %s "--host-apply-tuning=file=rows.json" 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: rows.json:0:0: error: kernel number 1 has no 'rows' and 'vectors' between 1 and 64

// RUN: echo '{"dlc-tuning": 1, "kernels": [{"cpu": "znver3", "rows": 2, "vectors": 2}]}' > key.json
// RUN: not dlc-opt %s "--host-apply-tuning=file=key.json" 2>&1 | FileCheck %s --check-prefix=KEY
// KEY: key.json:0:0: error: kernel number 1 has no 'cpu' or no 'key'

// RUN: echo '{"dlc-tuning": 1, "kernels": [{"cpu": "znver3", "key": "1", "rows": 2, "vectors": 2, "us": "fast"}]}' > us.json
// RUN: not dlc-opt %s "--host-apply-tuning=file=us.json" 2>&1 | FileCheck %s --check-prefix=US
// US: us.json:0:0: error: kernel number 1 has no 'us' and 'us_before', which are numbers from 0

dispatch.kernel @map(%x: tensor<4096xf32>, %o: tensor<4096xf32>) -> tensor<4096xf32> attributes {num_outs = 1 : i64} {
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]} ins(%x : tensor<4096xf32>) outs(%o : tensor<4096xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %a : f32
    linalg.yield %s : f32
  } -> tensor<4096xf32>
  dispatch.return %r : tensor<4096xf32>
}
