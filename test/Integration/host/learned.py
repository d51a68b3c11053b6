# RUN: %python %s
# REQUIRES: onnxruntime
"""Operators of ai.onnx.ml (linear models, support vectors, trees, encoders) of random parameters, against onnxruntime.
All of them are one model and one program."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlc_testing import Program, compare, reference

rng = np.random.default_rng(7)
LABELS, TWO = [7, -2, 30, 4, 11], [5, 6]
TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]
normal = lambda *shape: rng.standard_normal(shape).astype(np.float32)
floats = lambda array: [float(v) for v in np.asarray(array, np.float32).ravel()]


def forest(kind, trees, depth, features, outputs, signed=True, only=None, modes=("BRANCH_LEQ",), shared=True, missing=False):
    """Attributes of random trees of uneven depth. `only`: the one output that leaves vote for; with `shared` each leaf
    votes for several, else each tree for one."""
    nodes = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
    if missing:
        nodes["missing_value_tracks_true"] = []
    votes = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
    for tree in range(trees):
        count, stack = 1, [(0, 0)]
        while stack:
            node, level = stack.pop()
            leaf = level == depth or rng.random() < 0.2 * level or tree == trees - 1
            for key, value in (("treeids", tree), ("nodeids", node)):
                nodes[key].append(value)
            nodes["featureids"].append(0 if leaf else int(rng.integers(features)))
            nodes["values"].append(0.0 if leaf else round(float(rng.standard_normal()), 1))
            nodes["modes"].append("LEAF" if leaf else modes[rng.integers(len(modes))])
            nodes["truenodeids"].append(0 if leaf else count)
            nodes["falsenodeids"].append(0 if leaf else count + 1)
            if missing:
                nodes["missing_value_tracks_true"].append(int(rng.integers(2)))
            if not leaf:
                stack += [(count, level + 1), (count + 1, level + 1)]
                count += 2
                continue
            if only is not None:
                targets = [only]
            elif shared:
                targets = sorted(rng.choice(outputs, rng.integers(1, outputs + 1), replace=False))
            else:
                targets = [tree % outputs]
            for target in targets:
                weight = rng.standard_normal() if signed else rng.random() / trees
                for key, value in (("treeids", tree), ("nodeids", node), ("ids", int(target)), ("weights", float(np.float32(weight)))):
                    votes[key].append(value)
    return {**{f"nodes_{k}": v for k, v in nodes.items()}, **{f"{kind}_{k}": v for k, v in votes.items()}}


def cases():
    """Name, operator, operand, attributes, the number of results."""
    x = normal(9, 6)
    holes = np.where(rng.random((9, 6)) < 0.3, np.float32(np.nan), x)
    whole = rng.integers(-4, 5, (9, 6))
    yield "Scaler", normal(5, 6), {"offset": floats(normal(6)), "scale": floats(normal(6))}, 1
    yield "Scaler", whole, {"offset": [0.5], "scale": [2.0]}, 1
    for norm in ("MAX", "L1", "L2"):
        yield "Normalizer", np.concatenate([x, np.zeros((1, 6), np.float32)]), {"norm": norm}, 1
        yield "Normalizer", normal(7), {"norm": norm}, 1
    yield "Imputer", holes, {"imputed_value_floats": floats(normal(6)), "replaced_value_float": float("nan")}, 1
    yield "Imputer", np.round(x), {"imputed_value_floats": [2.5], "replaced_value_float": 1.0}, 1
    yield "Imputer", whole, {"imputed_value_int64s": [9], "replaced_value_int64": 3}, 1
    yield "OneHotEncoder", whole, {"cats_int64s": [-3, 0, 1, 4]}, 1
    yield "OneHotEncoder", rng.integers(0, 4, 11).astype(np.float32), {"cats_int64s": [3, 1]}, 1
    yield "LabelEncoder", whole, {"keys_int64s": [-4, 2, 0, 2], "values_floats": [0.5, 1.5, -1.0, 9.0], "default_float": 7.0}, 1
    yield "LabelEncoder", np.round(holes), {"keys_floats": [1.0, float("nan"), -1.0], "values_int64s": [5, 6, 7]}, 1
    yield "LabelEncoder", np.round(x).astype(np.float64), {
        "keys_tensor": numpy_helper.from_array(np.array([0.0, 1, 2])), "values_tensor": numpy_helper.from_array(np.array([3, 4, 5], np.int64)),
        "default_tensor": numpy_helper.from_array(np.array([-7], np.int64))}, 1
    yield "FeatureVectorizer", x.astype(np.float64), {"inputdimensions": [6]}, 1
    yield "FeatureVectorizer", normal(6), {"inputdimensions": [6]}, 1
    for targets in (1, 3):
        yield "LinearRegressor", x, {"coefficients": floats(normal(targets, 6)), "intercepts": floats(normal(targets)), "targets": targets}, 1
    for transform in TRANSFORMS:
        for classes in (1, 2, 4):
            labels = LABELS[:max(classes, 2)]
            yield "LinearClassifier", x, {"coefficients": floats(normal(classes, 6)), "intercepts": floats(normal(classes)), "multi_class": 1,
                                          "classlabels_ints": labels, "post_transform": transform}, 2
    yield "LinearClassifier", whole, {"coefficients": floats(normal(3, 6)), "intercepts": floats(normal(3)), "classlabels_ints": LABELS[:3]}, 2
    for kernel in ("LINEAR", "POLY", "RBF", "SIGMOID"):
        given = {"kernel_type": kernel, "kernel_params": [0.25, 0.5, 3.0]}
        for one in (0, 1):
            yield "SVMRegressor", x, {**given, "support_vectors": floats(normal(7, 6)), "coefficients": floats(normal(7)), "rho": [0.3],
                                      "n_supports": 7, "one_class": one}, 1
        for counts in ([3, 4], [2, 5, 3, 4]):
            classes, vectors = len(counts), sum(counts)
            for transform in ("NONE", "LOGISTIC"):
                yield "SVMClassifier", x, {**given, "vectors_per_class": counts, "support_vectors": floats(normal(vectors, 6)),
                                           "coefficients": floats(normal(classes - 1, vectors)), "rho": floats(normal(classes * (classes - 1) // 2)),
                                           "classlabels_ints": LABELS[:classes], "post_transform": transform}, 2
    yield "SVMRegressor", x, {"kernel_type": "LINEAR", "kernel_params": [0.0, 0.0, 0.0], "coefficients": floats(normal(6)), "rho": [0.3], "n_supports": 0}, 1
    for classes in (2, 3):
        yield "SVMClassifier", x, {"kernel_type": "LINEAR", "kernel_params": [0.0, 0.0, 0.0], "coefficients": floats(normal(classes, 6)),
                                   "rho": [0.1], "classlabels_ints": LABELS[:classes]}, 2
    wide = normal(37, 6)
    modes = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
    for given in (wide, np.round(wide, 1), np.round(wide, 1).astype(np.float64)):
        yield "TreeEnsembleRegressor", given, {**forest("target", 9, 5, 6, 1, modes=modes), "n_targets": 1}, 1
    for given in (rng.integers(-2, 3, (37, 6)), rng.integers(-2, 3, (37, 6)).astype(np.int32), wide.astype(np.float64)):
        yield "TreeEnsembleClassifier", given, {**forest("class", 9, 5, 6, 3, modes=modes), "classlabels_int64s": LABELS[:3]}, 2
    yield "TreeEnsembleRegressor", np.where(rng.random((37, 6)) < 0.3, np.float32(np.nan), wide), {
        **forest("target", 9, 5, 6, 1, missing=True), "n_targets": 1, "base_values": [0.7]}, 1
    for aggregate in ("SUM", "AVERAGE", "MIN", "MAX"):
        for shared in (True, False):
            yield "TreeEnsembleRegressor", wide, {**forest("target", 8, 4, 6, 3, shared=shared), "n_targets": 3, "aggregate_function": aggregate,
                                                  "base_values": floats(normal(3))}, 1
    for transform in TRANSFORMS:
        for signed in (True, False):
            for shared in (True, False):
                yield "TreeEnsembleClassifier", wide, {**forest("class", 12, 4, 6, 5, signed, shared=shared), "classlabels_int64s": LABELS,
                                                       "post_transform": transform}, 2
            for only in (0, 1):
                yield "TreeEnsembleClassifier", wide, {**forest("class", 6, 4, 6, 2, signed, only), "classlabels_int64s": LABELS[:2],
                                                       "post_transform": transform}, 2
    yield "TreeEnsembleClassifier", wide, {**forest("class", 6, 4, 6, 2, True, 0), "classlabels_int64s": LABELS[:2], "base_values": [0.4],
                                           "post_transform": "LOGISTIC"}, 2
    yield "TreeEnsembleClassifier", wide, {**forest("class", 6, 4, 6, 3, True, shared=False), "classlabels_int64s": LABELS[:3],
                                           "base_values": floats(normal(3)), "post_transform": "SOFTMAX"}, 2
    yield "TreeEnsembleClassifier", wide, {**forest("class", 6, 4, 6, 2, True), "classlabels_int64s": TWO}, 2


every, nodes, given = list(cases()), [], {}
for number, (op, x, attributes, results) in enumerate(every):
    given[f"x{number}"] = x
    nodes.append(helper.make_node(op, [f"x{number}"], [f"y{number}_{i}" for i in range(results)], f"{op}_{number}", domain="ai.onnx.ml", **attributes))
inputs = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in given.items()]
failed = 0
for opset in (15, 21):
    outputs = [helper.make_empty_tensor_value_info(name) for node in nodes for name in node.output]
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 4)])
    expected = reference(model, given)
    for output in model.graph.output:
        kind = helper.np_dtype_to_tensor_dtype(expected[output.name].dtype)
        output.CopyFrom(helper.make_tensor_value_info(output.name, kind, None))
    with Program(model, *sys.argv[1:]) as program:
        got = program.run(given)
    for number, (op, x, attributes, results) in enumerate(every):
        for i in range(results):
            right = expected[f"y{number}_{i}"]
            if op == "TreeEnsembleClassifier" and attributes["classlabels_int64s"] == TWO and i == 0:
                # onnxruntime says 1 where the second of two scores is positive, ONNX which is larger
                right = np.array(TWO)[np.argmax(expected[f"y{number}_1"], axis=1)]
            problem = compare(got[f"y{number}_{i}"], right, 1e-4, 1e-5)
            if problem:
                failed += 1
                told = {k: v for k, v in attributes.items() if isinstance(v, (str, int)) or isinstance(v, list) and len(v) < 6}
                print(f"{op} of {x.dtype}{list(x.shape)} {told}, result {i}: {problem}")


def ensemble(targets, transform, aggregate):
    """The form of trees since the fifth set; not of their transforms 1 and 2, which onnxruntime takes for each other."""
    tensor = lambda values, kind: numpy_helper.from_array(np.asarray(values, kind))
    splits = 7  # a complete tree, whose last four splits have the leaves
    leaves = [int(at >= 3) for at in range(splits)]
    inner = lambda at, side: 2 * (at - 3) + side if leaves[at] else 2 * at + 1 + side
    return helper.make_node(
        "TreeEnsemble", ["x"], ["y"], domain="ai.onnx.ml", n_targets=targets, aggregate_function=aggregate, post_transform=transform, tree_roots=[0],
        nodes_featureids=[int(v) for v in rng.integers(0, 6, splits)], nodes_splits=tensor(normal(splits), np.float32),
        nodes_modes=tensor(rng.integers(0, 6, splits), np.uint8), nodes_truenodeids=[inner(at, 0) for at in range(splits)],
        nodes_falsenodeids=[inner(at, 1) for at in range(splits)], nodes_trueleafs=leaves, nodes_falseleafs=leaves,
        leaf_targetids=[int(v) for v in rng.integers(0, targets, 8)], leaf_weights=tensor(normal(8), np.float32))


x = normal(9, 6)
regressor = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=2, **forest("target", 5, 4, 6, 2))
vectorizer = helper.make_node("FeatureVectorizer", ["x", "x"], ["y"], domain="ai.onnx.ml", inputdimensions=[6, 6])
for node, columns, opset in ((ensemble(1, 0, 0), 1, 5), (ensemble(3, 0, 2), 3, 5), (ensemble(3, 3, 1), 3, 5), (ensemble(4, 3, 3), 4, 5),
                             (regressor, 2, 4), (vectorizer, 12, 4)):
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", columns])])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", opset)])
    with Program(model, "--max-dim=n=9", *sys.argv[1:]) as program:  # as many rows as there are
        for rows in (9, 4):
            if problem := compare(program.run({"x": x[:rows]})["y"], reference(model, {"x": x[:rows]})["y"], 1e-4, 1e-5):
                failed += 1
                print(f"{node.op_type}, {columns} columns, {rows} rows: {problem}")
sys.exit(1 if failed else 0)
