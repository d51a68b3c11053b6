"""Random valid graphs over the operators of ONNX, their element types and operator sets."""
from composite import Composite
from compute import Compute
from core import FLOATS, INTEGERS
from elementwise import Elementwise
from movement import Movement


class Generator(Elementwise, Movement, Compute, Composite):
    # How often each step is tried, relative to the others.
    STEPS = {4: ["unary"], 3: ["arithmetic", "reduce"], 2: ["transpose", "reshape", "concat", "slice", "gather", "rows", "matmul",
                                                           "conv", "cast"],
             1: ["positive", "steps", "divide", "power", "bits", "logic", "compare", "select", "prelu", "narrow", "bit_cast",
                 "binarise", "squeeze", "expand", "split", "pad", "scatter", "blocks", "triangle", "shapes", "rearranged",
                 "one_hot", "sequence", "best", "cumulate", "integer_matmul", "einsum", "pool", "columns", "norm", "resize",
                 "sample", "spectrum", "recurrent", "branch", "loop", "scan", "quantise", "integer_product", "losses"],
             0.5: ["chosen", "boxes", "attention"]}

    def build(self):
        """Fills in nodes; returns the values that are outputs."""
        for _ in range(self.integer(1, 3)):
            shape = [0 if self.flip(0.01) else self.size() for _ in range(int(self.pick([0, 1, 2, 3, 3, 4, 4, 4, 5])))]
            self.input(self.data(shape, self.pick(FLOATS) if self.flip(0.75) else self.pick([*INTEGERS, bool])))
        steps = [name for chance, names in self.STEPS.items() for name in names for _ in range(int(2 * chance))]
        wanted = self.integer(3, 15)
        for _ in range(10 * wanted):
            if len(self.nodes) >= wanted:
                break
            getattr(self, self.pick(steps))()
        read = {name for node in self.nodes for name in node.input}
        made = {name for node in self.nodes for name in node.output}
        return [v for v in self.values if v.name in made and (v.name not in read or self.flip(0.1))]
