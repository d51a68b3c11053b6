"""Random valid graphs over the operators of ONNX, their element types and operator sets."""
import numpy as np
from composite import Composite
from compute import Compute
from control import Control
from core import FLOATS, INTEGERS, SIZES, Unfit
from elementwise import Elementwise
from learned import Learned
from movement import Movement
from patterns import Patterns
from quantised import Quantised


class Generator(Elementwise, Movement, Compute, Composite, Control, Quantised, Patterns, Learned):
    # How often each step is tried, relative to the others.
    STEPS = {4: ["unary"], 3: ["arithmetic", "reduce"], 2: ["transpose", "reshape", "concat", "slice", "gather", "rows", "matmul",
                                                           "conv", "cast"],
             1: ["positive", "steps", "divide", "power", "bits", "logic", "compare", "select", "prelu", "narrow", "bit_cast",
                 "binarise", "squeeze", "expand", "split", "pad", "scatter", "blocks", "triangle", "shapes", "rearranged",
                 "one_hot", "sequence", "best", "cumulate", "integer_matmul", "einsum", "pool", "columns", "norm", "resize",
                 "sample", "spectrum", "recurrent", "branch", "loop", "scan", "quantise", "integer_product", "losses", "soft_parts", "norm_parts",
                 "broadcast_parts", "activation_parts", "attention_parts", "turned_products", "moved_parts", "network", "pairs", "pairs",
                 "microsoft", "dynamic_product", "linear_model", "trees", "features", "transform", "frames", "rare"],
             0.5: ["vectors", "chosen", "boxes", "attention", "sequence_loop", "replaced_parts"]}

    # What has bodies: their values are known for one extent.
    UNBOUNDED = ["branch", "loop", "scan", "sequence_loop"]
    # Of a bounded dimension not supported by dlc, or only in parts.
    REFUSED = ["pad", "resize", "rearranged", "columns", "sequence", "split", "moved_parts"]

    def step(self, names):
        try:
            getattr(self, self.pick(names))()
        except Unfit:
            pass

    def build(self):
        """Fills in nodes; returns the values that are outputs."""
        for _ in range(self.integer(1, 3)):
            shape = [0 if self.flip(0.01) else self.size() for _ in range(int(self.pick([0, 1, 2, 3, 3, 4, 4, 4, 5])))]
            while np.prod(shape) > self.most_elements:
                shape[int(np.argmax(shape))] = int(self.pick(SIZES))
            dtype = self.pick(FLOATS) if self.flip(0.75) else self.pick([*INTEGERS, bool])
            axis = None
            if self.bound and shape and self.flip(0.8):
                axis = self.integer(0, len(shape) - 1)
                shape[axis] = self.bound
            self.input(self.data(shape, dtype), axis)
        steps = [name for chance, names in self.STEPS.items() for name in names for _ in range(int(2 * chance))
                 if not (self.bound and (name in self.UNBOUNDED or name in self.REFUSED and self.flip(0.9)))]
        wanted = self.integer(3, 15)
        for _ in range(10 * wanted):
            if len(self.nodes) >= wanted:
                break
            self.step(steps)
        read = {name for node in self.nodes for name in node.input}
        made = {name for node in self.nodes for name in node.output}
        return [v for v in self.values if v.name in made and (v.name not in read or self.flip(0.1))]
