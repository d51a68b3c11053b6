"""Branches and loops. Their bodies are random graphs, too, which see the values around them."""
import numpy as np
from core import Core, Draft, Unfit, Value, describe, kind, names_read
from onnx import TensorProto, helper, numpy_helper

# What bodies are made of: nothing whose validity depends on numbers that change from one iteration to the next.
BODY_STEPS = ["unary", "unary", "unary", "arithmetic", "arithmetic", "arithmetic", "reduce", "transpose", "reshape", "concat", "slice",
              "gather", "matmul", "matmul", "rows", "select", "logic", "compare", "squeeze", "expand", "split", "pad", "cast", "conv", "pool",
              "scatter", "triangle", "einsum", "positive", "one_hot", "branch", "loop", "scan", "soft_parts", "moved_parts"]
MOST_NESTED, MOST_OUTPUTS = 2, 2


class Control(Core):
    def body(self, values, wanted):
        """A generator that has grown some nodes from `values` and a few of those around."""
        outer = [self.pick(self.values) for _ in range(self.integer(0, 2)) if self.values]
        inner = self.inside([*values, *{v.name: v for v in outer if not v.dynamic and not v.slack}.values()])
        if not inner.values:
            raise Unfit
        for _ in range(4 * wanted):
            if len(inner.nodes) >= wanted:
                break
            inner.step(BODY_STEPS)
        return inner

    def graph_of(self, inner, draft, inputs, outputs):
        """The body as a graph: `inputs` and `outputs` are descriptions. What it reads of the graphs around
        it becomes operands of the draft."""
        around = {**self.outer, **{v.name: v for v in self.values}, **{v.name: v for v in inner.added}}
        graph = helper.make_graph(inner.nodes, self.name(), inputs, outputs)
        if self.flip():
            draft.constants.update(inner.constants)  # captured
        else:
            graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in inner.constants.items())
        inside = {i.name for i in inputs} | set(inner.constants) | {name for node in inner.nodes for name in node.output}
        read = {o.name for o in outputs}
        for node in inner.nodes:
            read |= names_read(node)
        for name in sorted(read - inside):
            if name in around:
                draft.use(around[name])
        return graph

    def alike(self, inner, value):
        """The name of something of the body that has the type and the shape of `value`: the next state of a
        loop, what another branch gives."""
        fitting = [v for v in inner.values if v.dtype == value.dtype and v.shape == value.shape and not v.dynamic and v.name != value.name]
        made = {name for node in inner.nodes for name in node.output}
        fitting = [v for v in fitting if v.name in made] or fitting
        draft = Draft(inner)
        if fitting and self.flip(0.8):
            other = self.pick(fitting)
            if kind(value.dtype) != "f":
                return draft_name(draft, "Identity", other)
            # what would grow is held down
            return draft_name(draft, self.pick(["Tanh", "Sin", "Softsign", "Identity"]) if value.dtype != np.float64 else "Identity", other)
        if kind(value.dtype) == "b":
            return draft_name(draft, "Not", value)
        return draft_name(draft, self.pick(["Add", "Sub"]), value, self.data(value.shape[-1:], value.dtype))

    # --- branches

    def branch(self):
        if self.depth >= MOST_NESTED or self.opset < 11:
            return
        draft = Draft(self)
        wanted = self.value(lambda v: v.dtype in (np.float32, np.int64, np.float64, np.int32, bool))
        if not wanted:
            return
        bodies = [self.body([], self.integer(1, 4)) for _ in range(2)]
        results = [[], []]
        for _ in range(self.integer(1, MOST_OUTPUTS)):
            for body, outputs in zip(bodies, results):
                if self.flip(0.25):  # a constant, another one in each
                    outputs.append(draft_name(Draft(body), "Identity", self.data(wanted.shape, wanted.dtype)))
                else:
                    outputs.append(self.alike(body, wanted))
            wanted = self.value(lambda v: v.dtype in (np.float32, np.int64)) or wanted
        graphs = [self.graph_of(body, draft, [], [helper.make_empty_tensor_value_info(name) for name in outputs])
                  for body, outputs in zip(bodies, results)]
        condition = self.value(lambda v: v.dtype == bool and v.array.size == 1 and v.rank <= 1)
        if condition is None:
            condition = self.input(np.array(self.flip())) if self.flip(0.7) else np.array(self.flip())
        names = draft.node("If", condition, outputs=len(results[0]), then_branch=graphs[0], else_branch=graphs[1])
        draft.finish(*([names] if len(results[0]) == 1 else names))

    # --- loops

    def states(self, most):
        """Values that loops begin with, and what their bodies see of them."""
        initial = []
        for _ in range(self.integer(1, most)):
            value = self.value(lambda v: v.dtype in (np.float32, np.float32, np.int64, np.float64, np.int32) and v.array.size <= 2000)
            if value:
                initial.append(value if self.flip(0.7) else self.data(value.shape, value.dtype))
        inside = [Value(self.name(), v.array if isinstance(v, Value) else v, kind(v.dtype) != "f") for v in initial]
        return initial, inside

    def stacked(self, body, most):
        """Names of what a loop stacks."""
        fitting = [v for v in body.values if not v.dynamic and not v.slack and v.array.size <= 1000]
        return [draft_name(Draft(body), "Identity", self.pick(fitting)) for _ in range(self.integer(0, most)) if fitting]

    def loop(self):
        if self.depth >= MOST_NESTED or self.opset < 11:
            return
        initial, inside = self.states(3)
        if not initial:
            return
        trips = self.integer(1, 7) if self.flip(0.9) else 0
        count = Value(self.name(), np.array(0), True)
        going = Value(self.name(), np.array(True), True)
        body = self.body([count, *inside], self.integer(1, 5))
        if self.flip(0.4) and kind(inside[0].dtype) == "f":
            number = Draft(body)
            factor = number.node("Cast", count, to=helper.np_dtype_to_tensor_dtype(inside[0].dtype))
            number.finish(number.node("Add", inside[0], factor))
        # What no iteration stacks has one dimension in onnxruntime, and those of the body's result by the standard.
        stacked = self.stacked(body, 2 if trips else 0)
        nexts = [self.alike(body, value) for value in inside]
        early = self.flip(0.2) and self.depth == 0
        on = draft_name(Draft(body), *(("Less", count, np.array(self.integer(0, 7))) if early else ("Identity", going)))
        draft = Draft(self)
        outputs = [helper.make_tensor_value_info(on, TensorProto.BOOL, [])]
        outputs += [describe(name, value.array) for name, value in zip(nexts, inside)]
        outputs += [helper.make_empty_tensor_value_info(name) for name in stacked]
        given = [helper.make_tensor_value_info(count.name, TensorProto.INT64, []), helper.make_tensor_value_info(going.name, TensorProto.BOOL, [])]
        graph = self.graph_of(body, draft, [*given, *(describe(v.name, v.array) for v in inside)], outputs)
        start = np.array(True) if early or self.flip() else None
        names = draft.node("Loop", np.array(trips), start, *initial, outputs=len(nexts) + len(stacked), body=graph)
        names = [names] if isinstance(names, str) else names
        draft.finish(*names, dynamic=names[len(nexts):] if early else False)

    def scan(self):
        value = self.value(lambda v: v.rank >= 2 and max(v.shape) > 1 and v.dtype in (np.float32, np.int64, np.float64))
        if not value or self.depth >= MOST_NESTED or self.opset < 9:
            return
        axes = [self.pick([a for a, d in enumerate(value.shape) if d > 1])]
        length = value.shape[axes[0]]
        if length > 16:
            return
        scanned = [value]
        if self.flip(0.3):  # a second one with its own axis
            shape = [self.size() for _ in range(self.integer(0, 2))]
            axes.append(self.integer(0, len(shape)))
            scanned.append(self.data([*shape[:axes[1]], length, *shape[axes[1]:]]))
        initial, inside = self.states(2)
        slices = []
        for operand, axis in zip(scanned, axes):
            array = operand.array if isinstance(operand, Value) else operand
            exact = operand.exact if isinstance(operand, Value) else True
            slices.append(Value(self.name(), np.take(array, 0, axis), exact))
        body = self.body([*inside, *slices], self.integer(1, 5))
        stacked = self.stacked(body, 2)
        nexts = [self.alike(body, v) for v in inside]
        if not nexts and not stacked:
            return
        draft = Draft(self)
        attributes = {"scan_input_axes": axes}
        if self.flip(0.4):
            attributes["scan_input_directions"] = [self.integer(0, 1) for _ in axes]
        if stacked and self.flip(0.4):
            attributes["scan_output_directions"] = [self.integer(0, 1) for _ in stacked]
        arrays = {v.name: v.array for v in body.values}
        # onnxruntime divides by the size of what it moves to another axis (801024).
        if stacked and self.flip(0.3) and all(arrays[name].size for name in stacked):
            attributes["scan_output_axes"] = [self.integer(0, arrays[name].ndim) for name in stacked]
        outputs = [describe(name, v.array) for name, v in zip(nexts, inside)] + [helper.make_empty_tensor_value_info(name) for name in stacked]
        graph = self.graph_of(body, draft, [describe(v.name, v.array) for v in [*inside, *slices]], outputs)
        names = draft.node("Scan", *initial, *scanned, outputs=len(nexts) + len(stacked), body=graph, num_scan_inputs=len(axes), **attributes)
        draft.finish(*([names] if isinstance(names, str) else names))

    # --- sequences

    def sequence_loop(self):
        """Sequences that loops fill or read."""
        value = self.value(lambda v: v.rank and v.dtype in (np.float32, np.int64, np.float64))
        if not value or self.opset < 13 or self.depth:
            return
        draft, element = Draft(self), helper.np_dtype_to_tensor_dtype(value.dtype)
        count, going, on = self.name(), self.name(), self.name()
        given = [helper.make_tensor_value_info(count, TensorProto.INT64, []), helper.make_tensor_value_info(going, TensorProto.BOOL, [])]
        go = helper.make_node("Identity", [going], [on])
        outputs = [helper.make_tensor_value_info(on, TensorProto.BOOL, [])]
        factor, item, result = self.name(), self.name(), self.name()
        cast = helper.make_node("Cast", [count], [factor], to=element)
        if self.flip():
            before, after = self.name(), self.name()
            nodes = [go, cast, helper.make_node("Add", [draft.use(value), factor], [item]),
                     helper.make_node("SequenceInsert", [before, item], [after])]
            kind_of = lambda name: helper.make_tensor_sequence_value_info(name, element, None)
            body = helper.make_graph(nodes, self.name(), [*given, kind_of(before)], [*outputs, kind_of(after)])
            empty = draft.node("SequenceEmpty", dtype=element)
            filled = draft.node("Loop", np.array(self.integer(1, 5)), np.array(True), empty, outputs=1, body=body)
            draft.finish(draft.node("ConcatFromSequence", filled, axis=self.integer(0, value.rank - 1), new_axis=self.integer(0, 1)))
        else:
            axis = self.integer(0, value.rank - 1)
            pieces = draft.node("SplitToSequence", value, axis=axis, keepdims=self.integer(0, 1))
            nodes = [go, cast, helper.make_node("SequenceAt", [pieces, count], [item]), helper.make_node("Add", [item, factor], [result])]
            stacked = helper.make_empty_tensor_value_info(result)
            body = helper.make_graph(nodes, self.name(), given, [*outputs, stacked])
            draft.finish(draft.node("Loop", np.array(self.integer(1, min(8, value.shape[axis]))), np.array(True), outputs=1, body=body))


def draft_name(draft, op, *operands):
    """The name of a node's result; the body is as good as its loop, so there is no judging."""
    return draft.finish(draft.node(op, *operands), judge=False)[0].name
