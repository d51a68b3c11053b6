module attributes {transform.with_named_sequence} {
  transform.named_sequence @"sum*"(%kernel: !transform.any_op {transform.consumed}) {
    %fill = transform.structured.match ops{["linalg.fill"]} in %kernel : (!transform.any_op) -> !transform.any_op
    %sum = transform.structured.match ops{["linalg.generic"]} in %kernel : (!transform.any_op) -> !transform.any_op
    %tiled, %items = transform.structured.tile_using_forall %sum tile_sizes [8, 0]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    %f, %more = transform.structured.fuse_into_containing_op %fill into %items
      : (!transform.any_op, !transform.any_op) -> (!transform.any_op, !transform.any_op)
    %step, %loop = transform.structured.tile_using_for %tiled tile_sizes [0, 16]
      : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    transform.structured.vectorize_children_and_apply_patterns %kernel : (!transform.any_op) -> !transform.any_op
    transform.yield
  }
}
