#!/usr/bin/env python3
"""Makes the graph API's named functions from the nn dialect's definitions.

    generate.py WHAT nn.json -o FILE

`nn.json` is what `llvm-tblgen --dump-json` says about NNOps.td. WHAT is
    header   declarations for include/dlc/Frontend/Ops.h
    impl     their definitions
    python   their nanobind bindings
    table    X(op, function) for every operation, function "" where it has none

An operation becomes a function of the same name: required operands and
attributes in their order, then the optional ones with their defaults. What can
not be expressed in this way gets no function; test/unit/Frontend then asks for
one written by hand (HAND_WRITTEN).
"""
import argparse
import json
import re
import sys
import textwrap

# Operations that the API has under another name, or in a form of its own.
HAND_WRITTEN = {"constant": "Graph::constant", "custom": "CustomOp", "loop": "loop", "yield": "CustomOp"}
# Words of C++ or Python.
RENAMED = {"and": "logical_and", "or": "logical_or", "xor": "logical_xor", "not": "logical_not"}

TYPES = {  # kind: (C++ parameter, C++ in a lambda, what Python's documentation says)
    "tensor": ("const Tensor &", "const Tensor &", "Tensor"),
    "tensors": ("const std::vector<Tensor> &", "const std::vector<Tensor> &", "list[Tensor]"),
    "int": ("int64_t ", "int64_t ", "int"),
    "float": ("double ", "double ", "float"),
    "bool": ("bool ", "bool ", "bool"),
    "ints": ("const Ints &", "const Ints &", "list[int]"),
    "floats": ("const Floats &", "const Floats &", "list[float]"),
    "string": ("const std::string &", "const std::string &", "str"),
    "dtype": ("DType ", "DType ", "DType"),
}


class Unsupported(Exception):
    pass


class Param:
    """A parameter of a function. `role` says what becomes of it: operand,
    attribute (truth where false is a value, too), shape or dtype of the result."""

    def __init__(self, name, kind, role, default=None, enum=None):
        self.name, self.kind, self.role, self.default, self.enum = name, kind, role, default, enum
        head, *rest = name.split("_")
        self.cpp = head + "".join(part.capitalize() for part in rest)

    def declare(self):
        return (self.enum + " " if self.enum else TYPES[self.kind][0]) + self.cpp


class Definitions:
    def __init__(self, records):
        self.records = records

    def isa(self, name, *classes):
        return any(c in self.records[name]["!superclasses"] for c in classes)

    def enum_class(self, record):
        return self.records[self.records[record]["enum"]["def"]]["className"]

    def attribute(self, name, record):
        """The parameter for an attribute."""
        fields = self.records[record]
        default = None
        if self.isa(record, "DefaultValuedAttr"):
            default, record = fields["defaultValue"], fields["baseAttr"]["def"]
        elif self.isa(record, "OptionalAttr"):
            default, record = "{}", fields["baseAttr"]["def"]
        if record == "UnitAttr":
            return Param(name, "bool", "attribute", "false")
        if record == "BoolAttr":
            return Param(name, "bool", "truth", default)
        if self.isa(record, "EnumAttr"):
            if default:
                default = "::".join(default.split("::")[-2:])
            return Param(name, "enum", "attribute", default, self.enum_class(record))
        if self.isa(record, "SignlessIntegerAttrBase") and self.records[record]["returnType"] == "int64_t":
            return Param(name, "int", "attribute", default)
        if self.isa(record, "FloatAttrBase") and self.records[record]["returnType"] == "double":
            return Param(name, "float", "attribute", default)
        kind = {"DenseI64ArrayAttr": "ints", "DenseF64ArrayAttr": "floats", "StrAttr": "string"}.get(record)
        if not kind or default == "{}":
            raise Unsupported("attribute " + name)
        return Param(name, kind, "attribute", default)

    def result(self, op, params):
        """Adds what says the type of a result that is not inferred."""
        if any(t["def"] == "NN_Inferred" for t in op["traits"]):
            return
        known = {p.name for p in params}
        extra = []
        for builder in op["builders"] or []:
            for kind, name in self.records[builder["def"]]["dagParams"]["args"]:
                if name in known:
                    continue
                if kind == "::llvm::ArrayRef<int64_t>":
                    extra.append(Param(name, "ints", "shape"))
                elif kind == "::mlir::Type":
                    extra.append(Param("dtype", "dtype", "dtype"))
                else:
                    raise Unsupported("builder with " + kind)
            break
        if not op["builders"]:
            extra = [Param("shape", "ints", "shape")]
        if len(extra) != 1:
            raise Unsupported("a result type that does not follow from one shape or element type")
        params.extend(extra)

    def params(self, op):
        params = []
        for arg, name in op["arguments"]["args"]:
            record = arg["def"]
            if self.isa(record, "Variadic"):
                params.append(Param(name, "tensors", "operand"))
            elif self.isa(record, "Optional"):
                params.append(Param(name, "tensor", "operand", "{}"))
            elif self.isa(record, "TypeConstraint"):
                params.append(Param(name, "tensor", "operand"))
            else:
                params.append(self.attribute(name, record))
        if op["regions"]["args"]:
            raise Unsupported("regions")
        results = op["results"]["args"]
        if not results or any(self.isa(r["def"], "Optional") for r, _ in results):
            raise Unsupported("results")
        if len(results) > 1 and not any(t["def"] == "NN_Inferred" for t in op["traits"]):
            raise Unsupported("several results whose types are not inferred")
        self.result(op, params)
        return params

    def ops(self):
        for name in self.records["!instanceof"]["Op"]:
            if self.records[name]["opDialect"]["def"] == "NN_Dialect":
                yield self.records[name]


class Function:
    def __init__(self, definitions, op):
        self.op = op["opName"]
        self.name = RENAMED.get(self.op, self.op)
        self.operation_order = definitions.params(op)
        self.params = sorted(self.operation_order, key=lambda p: p.default is not None)
        results = op["results"]["args"]
        self.several = len(results) > 1 or definitions.isa(results[0][0]["def"], "Variadic")
        self.result = "std::vector<Tensor>" if self.several else "Tensor"
        self.segmented = any(t["def"] == "AttrSizedOperandSegments" for t in op["traits"])
        self.summary = op["summary"]
        self.description = textwrap.dedent(op["description"]).strip("\n")

    def constraints(self):
        _, found, rest = self.description.partition("Constraints:")
        return rest.strip("\n") if found else ""

    def prose(self):
        text = self.description.partition("Constraints:")[0]
        text = re.sub(r"\s*Example:\s*```mlir.*?```", "", text, flags=re.S)
        return text.strip()

    def documentation(self):
        first = self.summary[0].upper() + self.summary[1:] + "."
        parts = [first, self.prose()]
        if self.constraints():
            parts.append("Errors where one of these does not hold:\n" + self.constraints())
        return "\n\n".join(part for part in parts if part)

    def signature(self, defaults):
        args = [p.declare() + (" = " + p.default if defaults and p.default else "") for p in self.params]
        args.append("SourceLocation where" + (" = SourceLocation::current()" if defaults else ""))
        return "%s(%s)" % (self.name, ", ".join(args))

    def call(self):
        lines = ['detail::OpCall call("nn.%s", where);' % self.op]
        if self.segmented:
            lines.append("call.segmented();")
        for p in self.operation_order:
            if p.role in ("shape", "dtype"):
                lines.append("call.%s(%s);" % (p.role, p.cpp))
            elif p.role == "operand":
                lines.append("call.operand(%s);" % p.cpp if p.default is None
                             else "call.optional(%s);" % p.cpp)
            elif p.role == "truth":
                lines.append('call.enumeration("%s", %s ? "true" : "false");' % (p.name, p.cpp))
            else:
                value = "toText(%s)" % p.cpp if p.enum else p.cpp
                method = "enumeration" if p.enum else "attribute"
                lines.append('call.%s("%s", %s);' % (method, p.name, value))
        lines.append("return call.%s();" % ("buildAll" if self.several else "build"))
        return lines


def enums(definitions):
    """(class, mnemonic, summary, [(symbol, text)]) of all enumerations that attributes use."""
    for name in sorted(definitions.records["!instanceof"]["EnumAttr"]):
        fields = definitions.records[name]
        if fields["dialect"]["def"] != "NN_Dialect":
            continue
        info = definitions.records[fields["enum"]["def"]]
        cases = [definitions.records[c["def"]] for c in info["enumerants"]]
        yield (info["className"], fields["mnemonic"], info["summary"],
               [(c["symbol"], c["str"]) for c in cases])


def functions(definitions):
    for op in definitions.ops():
        if op["opName"] not in HAND_WRITTEN:
            try:
                yield Function(definitions, op)
            except Unsupported as error:
                print("generate.py: nn.%s has no function: %s" % (op["opName"], error), file=sys.stderr)


def comment(text):
    return "\n".join(("/// " + line).rstrip() for line in text.splitlines())


def header(definitions, out):
    for name, _, summary, cases in enums(definitions):
        out.append("/// %s.\nenum class %s { %s };" % (
            summary[0].upper() + summary[1:], name, ", ".join(symbol for symbol, _ in cases)))
        out.append("/// As the nn dialect writes it.\nDLC_API const char *toString(%s value);\n" % name)
    for f in functions(definitions):
        out.append(comment(f.documentation()))
        out.append("DLC_API %s %s;\n" % (f.result, f.signature(defaults=True)))


def impl(definitions, out):
    for name, mnemonic, _, cases in enums(definitions):
        out.append("const char *dlc::toString(%s value) {\n  switch (value) {" % name)
        out.extend('  case %s::%s:\n    return "%s";' % (name, symbol, text) for symbol, text in cases)
        out.append('  }\n  return "?";\n}')
        out.append('static std::string toText(%s value) {\n'
                   '  return std::string("#nn<%s ") + toString(value) + ">";\n}' % (name, mnemonic))
    for f in functions(definitions):
        out.append("%s dlc::%s {\n  %s\n}" % (f.result, f.signature(defaults=False), "\n  ".join(f.call())))


def python(definitions, out):
    for name, _, summary, cases in enums(definitions):
        text = ", ".join('{"%s", dlc::%s::%s}' % (text, name, symbol) for symbol, text in cases)
        out.append("static dlc::%s to%s(const std::string &text) {\n"
                   "  return findEnum<dlc::%s>(\"%s\", text, {%s});\n}" % (name, name, name, summary, text))
    out.append("static void bindGenerated(nb::module_ &m) {")
    # Python's types for enumerations
    literal = {name: "typing.Literal[%s]" % ", ".join('\\"%s\\"' % text for _, text in cases)
               for name, _, _, cases in enums(definitions)}
    texts = {(name, symbol): text for name, _, _, cases in enums(definitions) for symbol, text in cases}
    for f in functions(definitions):
        lambda_args, call_args, names, signature = [], [], [], []
        for p in f.params:
            optional = p.kind == "tensor" and p.default is not None
            if p.enum:
                lambda_args.append("const std::string &" + p.cpp)
                call_args.append("to%s(%s)" % (p.enum, p.cpp))
                default = p.default and '"%s"' % texts[tuple(p.default.split("::"))]
                hint = literal[p.enum]
            else:
                lambda_args.append("std::optional<Tensor> " + p.cpp if optional
                                   else TYPES[p.kind][1] + p.cpp)
                call_args.append(p.cpp + ".value_or(Tensor())" if optional else p.cpp)
                default = "nb::none()" if optional else p.default
                hint = {"ints": "typing.Sequence[int]", "floats": "typing.Sequence[float]",
                        "tensors": "typing.Sequence[Tensor]"}.get(p.kind, TYPES[p.kind][2])
                hint += " | None" if optional else ""
            names.append('nb::arg("%s")%s' % (p.name, " = " + default if default else ""))
            shown = {"nb::none()": "None", "false": "False", "true": "True"}.get(default, default)
            signature.append("%s: %s%s" % (
                p.name, hint, " = " + shown.replace('"', '\\"') if default else ""))
        result = "list[Tensor]" if f.several else "Tensor"
        out.append('  m.def("%s", [](%s) { return dlc::%s(%s); }, %s,\n'
                   '    nb::sig("def %s(%s) -> %s"),\n    R"doc(%s)doc");' % (
                       f.name, ", ".join(lambda_args), f.name, ", ".join(call_args + ["callerLocation()"]),
                       ", ".join(names), f.name, ", ".join(signature), result, f.documentation()))
    out.append("}")


def table(definitions, out):
    known = {f.op: f.name for f in functions(definitions)}
    known.update(HAND_WRITTEN)
    out.extend('X("nn.%s", "%s")' % (op["opName"], known.get(op["opName"], "")) for op in definitions.ops())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["header", "impl", "python", "table"])
    parser.add_argument("json")
    parser.add_argument("-o", required=True)
    args = parser.parse_args()
    with open(args.json) as f:
        definitions = Definitions(json.load(f))
    out = ["// Made by lib/Frontend/generate.py from NNOps.td. Do not edit.\n"]
    {"header": header, "impl": impl, "python": python, "table": table}[args.what](definitions, out)
    with open(args.o, "w") as f:
        f.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
