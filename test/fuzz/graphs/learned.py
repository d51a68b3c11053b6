"""Classic learning (ai.onnx.ml), Fourier transforms of all kinds of lengths, and newer or rarer operators."""
import numpy as np
from core import Core, Draft
from onnx import numpy_helper

ML = "ai.onnx.ml"
TRANSFORMS = ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def floats(array):
    return [float(v) for v in np.asarray(array, np.float32).ravel()]


class Learned(Core):
    # --- ai.onnx.ml

    def table(self, fits=lambda v: True):
        """Rows of as many features as there are parameters for."""
        value = self.value(lambda v: v.rank == 2 and v.shape[1] <= 70 and v.dtype in (np.float32, np.float64, np.int64, np.int32)
                           and all(other.shape[1] == v.shape[1] for other in v.others) and fits(v))
        if value or self.flip():
            return value
        given = self.data((self.bound or self.size(), self.integer(1, 9)), self.pick([np.float32, np.float64, np.int64]))
        return self.input(np.round(given, 1), 0 if self.bound else None)

    def scored(self, op, value, **attributes):
        """A classifier: labels too, where none is the best by a rounding only."""
        draft = Draft(self)
        names = draft.node(op, value, outputs=2, domain=ML, **attributes)
        computed = draft.compute(names)
        if not computed or not computed[1].size:
            return
        scores = np.sort(computed[1].astype(np.float64), axis=-1)
        sure = scores.shape[-1] > 2 and np.all(scores[:, -1] - scores[:, -2] > 1e-3)
        draft.finish(*(names if sure else names[1:]))

    def linear_model(self):
        value = self.table()
        if not value:
            return
        features, targets = value.shape[1], self.integer(1, 5)
        given = {"coefficients": floats(self.data((targets, features)) / np.sqrt(features)), "intercepts": floats(self.data(targets))}
        transform = {"post_transform": self.pick(TRANSFORMS)} if self.flip() else {}
        if self.flip():
            self.node("LinearRegressor", value, domain=ML, targets=targets, **given)
        else:
            self.scored("LinearClassifier", value, classlabels_ints=[int(v) for v in self.rng.permutation(9)[:max(targets, 2)]],
                        multi_class=1, **given, **transform)

    def vectors(self):
        value = self.table(lambda v: v.dtype == np.float32 and v.most < 4 and v.least > -4)
        if not value:
            return
        count, features = self.integer(1, 9), value.shape[1]
        self.node("SVMRegressor", value, domain=ML, kernel_type=self.pick(["LINEAR", "POLY", "RBF", "SIGMOID"]), kernel_params=[0.25, 0.5, 2.0],
                  support_vectors=floats(self.data((count, features)) / np.sqrt(features)), coefficients=floats(self.data(count)),
                  rho=[0.3], n_supports=count)

    def forest(self, features, trees, depth):
        """Splits as lists of (tree, feature, threshold, mode, true, false), where a branch is the number of a split of
        the same list or, negative, one less than minus that of a leaf; the root of each tree; how many leaves."""
        splits, roots, leaves = [], [], 0
        def grow(tree, level):
            nonlocal leaves
            if level == depth or level and self.flip(0.25 * level):
                leaves += 1
                return -leaves
            at = len(splits)
            splits.append([tree, self.integer(0, features - 1), round(float(self.rng.standard_normal()), 1), self.integer(0, len(MODES) - 1), 0, 0])
            splits[at][4:] = grow(tree, level + 1), grow(tree, level + 1)
            return at
        for tree in range(trees):
            roots.append(len(splits))
            grow(tree, 0)
        return splits, roots, leaves

    def trees(self):
        value = self.table(lambda v: v.exact and v.array.size)
        if not value:
            return
        targets = self.integer(1, 4)
        splits, roots, leaves = self.forest(value.shape[1], self.integer(1, 12), self.integer(1, 5))
        leaf_targets = [self.integer(0, targets - 1) for _ in range(leaves)]
        weights = self.data(leaves)
        aggregate = self.integer(0, 3)
        if self.ml_opset >= 5:
            dtype = value.dtype if value.is_float else np.float32
            if not value.is_float:
                return
            # onnxruntime takes the numbers of SOFTMAX and LOGISTIC for each other's, has powers of float32 for float64, and
            # leaves a single target as it is
            tensor = lambda values, kind: numpy_helper.from_array(np.asarray(values, kind))
            place = lambda branch: -branch - 1 if branch < 0 else branch
            self.node("TreeEnsemble", value, domain=ML, n_targets=targets, aggregate_function=aggregate,
                      post_transform=self.pick([0, 0, 3]) if dtype == np.float32 and targets > 1 else 0, tree_roots=roots, nodes_featureids=[s[1] for s in splits],
                      nodes_splits=tensor([s[2] for s in splits], dtype), nodes_modes=tensor([s[3] for s in splits], np.uint8),
                      nodes_truenodeids=[place(s[4]) for s in splits], nodes_falsenodeids=[place(s[5]) for s in splits],
                      nodes_trueleafs=[int(s[4] < 0) for s in splits], nodes_falseleafs=[int(s[5] < 0) for s in splits],
                      leaf_targetids=leaf_targets, leaf_weights=tensor(weights, dtype))
            return
        kind = self.pick(["target", "class"])
        nodes = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
        votes = {key: [] for key in ("treeids", "nodeids", "ids", "weights")}
        place = lambda branch: len(splits) - branch - 1 if branch < 0 else branch
        tree_of = {}
        for tree, *_, yes, no in splits:
            tree_of.update({yes: tree, no: tree})
        rows = [(s[0], i, s[1], s[2], MODES[s[3]], place(s[4]), place(s[5])) for i, s in enumerate(splits)]
        rows += [(tree_of[-leaf], place(-leaf), 0, 0.0, "LEAF", 0, 0) for leaf in range(1, leaves + 1)]
        for row in sorted(rows):
            for key, entry in zip(nodes, row):
                nodes[key].append(entry)
        for leaf in range(1, leaves + 1):
            for key, entry in zip(votes, (tree_of[-leaf], place(-leaf), leaf_targets[leaf - 1], float(weights[leaf - 1]))):
                votes[key].append(entry)
        given = {**{f"nodes_{k}": v for k, v in nodes.items()}, **{f"{kind}_{k}": v for k, v in votes.items()}}
        if kind == "target":
            self.node("TreeEnsembleRegressor", value, domain=ML, n_targets=targets, aggregate_function=["AVERAGE", "SUM", "MIN", "MAX"][aggregate], **given)
        elif targets > 2:
            self.scored("TreeEnsembleClassifier", value, classlabels_int64s=list(range(targets)), post_transform=self.pick(TRANSFORMS[:3]), **given)

    def features(self):
        value = self.table()
        if not value:
            return
        count = value.shape[1]
        choice = self.integer(0, 5)
        if choice == 0:
            self.node("Scaler", value, domain=ML, offset=floats(self.data(count)), scale=floats(self.data(count)))
        elif choice == 1 and value.smallest > 0.01:
            self.node("Normalizer", value, domain=ML, norm=self.pick(["MAX", "L1", "L2"]))
        elif choice == 2 and value.dtype == np.float32 and value.exact:
            replaced = float(self.pick(value.array.ravel()))
            self.node("Imputer", value, domain=ML, exact=True, imputed_value_floats=floats(self.data(count)), replaced_value_float=replaced)
        elif choice == 3:
            self.node("ArrayFeatureExtractor", value, self.rng.integers(0, count, (1, self.integer(1, 5))), domain=ML, exact=True)
        elif choice == 4 and value.dtype == np.int64:
            keys = [int(k) for k in self.rng.permutation(20)[:5] - 10]
            self.node("LabelEncoder", value, domain=ML, keys_int64s=keys, values_floats=floats(self.data(5)), default_float=0.5)
            self.node("OneHotEncoder", value, domain=ML, cats_int64s=keys)
        elif choice == 5 and value.dtype == np.float32:
            self.node("FeatureVectorizer", value, value, domain=ML, inputdimensions=[count, count])

    # --- Fourier transforms

    LENGTHS = [1, 2, 3, 5, 6, 7, 10, 16, 31, 33, 48, 64, 80, 97, 100, 127, 128, 180, 200, 243, 256, 257, 343, 400, 512, 600, 625,
               720, 769, 960, 1000, 1021, 1024, 1155]

    def transform(self):
        """Of all lengths: one product, several passes, convolutions."""
        if self.opset < 17 or self.depth:
            return
        length, dtype = self.pick(self.LENGTHS), self.pick([np.float32, np.float32, np.float64])
        inverse, onesided = self.integer(0, 1), self.integer(0, 1)
        to_real = inverse and onesided
        if to_real and (self.opset < 20 or length == 1):
            return
        parts = 2 if to_real else 1 if onesided else self.integer(1, 2)
        there = length // 2 + 1 if to_real else length if self.flip(0.7) else max(1, length + self.integer(-9, 9))
        rows = self.bound or self.integer(1, max(1, min(20, self.most_elements // (4 * length))))
        shape, bounded = [rows, there, parts], 0
        axis = 1
        if self.flip(0.3):
            shape, axis, bounded = [there, rows, parts], 0, 1
        value = self.input(self.data(shape, dtype), bounded if self.bound else None)
        size = np.array(length) if to_real or there != length or self.flip(0.2) else None
        if self.opset >= 20:
            self.node("DFT", value, size, np.array(axis - (3 if self.flip(0.3) else 0)), inverse=inverse, onesided=onesided)
        else:
            self.node("DFT", value, size, axis=axis, inverse=inverse, onesided=onesided)

    def frames(self):
        if self.opset < 17 or self.depth:
            return
        length, dtype = self.pick([n for n in self.LENGTHS if 4 <= n <= 640]), self.pick([np.float32, np.float32, np.float64])
        step = max(1, length // self.integer(1, 5)) if self.flip(0.8) else self.integer(length // 4 + 1, length)
        count = self.integer(1, max(1, min(9, self.most_elements // (2 * length))))
        batch = self.bound or self.integer(1, 2)
        value = self.input(self.data((batch, (count - 1) * step + length + self.integer(0, 3), 1), dtype), 0 if self.bound else None)
        window = self.data(length, dtype, low=0.1) if self.flip(0.7) else None
        self.node("STFT", value, np.array(step), window, np.array(length), onesided=self.integer(0, 1))

    # --- newer and rarer ones

    def rare(self):
        getattr(self, self.pick(["swiglu", "causal_conv", "linear_attention", "cache", "deformed", "mel", "words"]))()

    def swiglu(self):
        value = self.number(lambda v: v.dtype in (np.float32, np.float16))
        if value and self.opset >= 28:
            self.node("SwiGLU", value, self.data(value.shape, value.dtype), **({"alpha": 1.5} if self.flip() else {}))

    def causal_conv(self):
        value = self.number(lambda v: v.rank == 3 and v.dtype in (np.float32, np.float16) and v.shape[1] <= 40)
        if not value or self.opset < 27:
            return
        batch, channels, _ = value.shape
        width = self.integer(1, 5)
        past = self.data((batch, channels, width - 1), value.dtype) if width > 1 and self.flip() and not self.bound else None
        self.node("CausalConvWithState", value, self.data((channels, 1, width), value.dtype), self.data(channels, value.dtype) if self.flip() else None,
                  past, outputs=2, activation=self.pick(["none", "silu"]))

    def linear_attention(self):
        if self.opset < 27 or self.depth:
            return
        dtype, batch, heads, steps, depth, width = np.float32, self.bound or self.integer(1, 3), self.pick([1, 2, 4]), self.integer(1, 9), 4, self.pick([3, 8])
        rule = self.pick(["linear", "gated", "delta", "gated_delta"])
        axis = 0 if self.bound else None
        normal = lambda *shape: self.input((self.data(shape) * np.float32(0.4)).astype(dtype), axis)
        query, key, value = normal(batch, steps, heads * depth), normal(batch, steps, heads * depth), normal(batch, steps, heads * width)
        decay = self.input(-np.abs(self.data((batch, steps, heads))).astype(dtype), axis) if "gated" in rule else None
        beta = self.input(self.rng.random((batch, steps, heads)).astype(dtype), axis) if "delta" in rule else None
        self.node("LinearAttention", query, key, value, None, decay, beta, outputs=2, q_num_heads=heads, kv_num_heads=heads, update_rule=rule)

    def cache(self):
        value = self.number(lambda v: v.rank in (3, 4) and v.shape[-2] >= 2)
        if not value or self.opset < 24 or self.bound:
            return
        size = value.shape[-2]
        update = self.integer(1, size)
        shape = [*value.shape[:-2], update, value.shape[-1]]
        mode = self.pick(["linear", "circular"])
        starts = self.rng.integers(0, size if mode == "circular" else size - update + 1, value.shape[0])
        self.node("TensorScatter", value, self.data(shape, value.dtype), starts if self.flip(0.8) else None, exact=True, mode=mode)

    def deformed(self):
        value = self.number(lambda v: v.rank == 4 and v.dtype == np.float32 and v.shape[1] <= 8 and 3 <= min(v.shape[2:]) and max(v.shape[2:]) <= 17)
        if not value or self.opset < 19 or self.bound:
            return
        batch, channels, height, width = value.shape
        out, kernel = self.integer(1, 4), self.integer(1, 3)
        size = (height - kernel + 1, width - kernel + 1)
        offsets = self.data((batch, 2 * kernel * kernel, *size))
        mask = self.rng.random((batch, kernel * kernel, *size)).astype(np.float32) if self.flip() else None
        self.node("DeformConv", value, self.data((out, channels, kernel, kernel)), offsets, self.data(out) if self.flip() else None, mask,
                  kernel_shape=[kernel, kernel], pads=[0, 0, 0, 0])

    def mel(self):
        if self.opset >= 17:
            self.node("MelWeightMatrix", np.array(self.integer(1, 8)), np.array(self.integer(16, 64)), np.array(8000), np.float32(0), np.float32(4000))

    def words(self):
        value = self.value(lambda v: v.rank in (1, 2) and v.dtype in (np.int32, np.int64))
        if value:
            pool = [int(w) for w in self.rng.integers(-9, 10, 3)] + [int(w) for w in self.rng.integers(-9, 10, 4)]
            self.node("TfIdfVectorizer", value, mode=self.pick(["TF", "IDF", "TFIDF"]), min_gram_length=1, max_gram_length=2, max_skip_count=self.integer(0, 2),
                      ngram_counts=[0, 3], ngram_indexes=[0, 1, 2, 3, 4], pool_int64s=pool, weights=floats(self.data(5, low=0.1)))
