# RUN: env PYTHONPATH=%python-package %run-cuda %python %s
"""Memory of a GPU goes in and out by DLPack, as it is: no copy is made on the way. There is no
framework here, only the driver; where there is no GPU it is the simulator's."""
import ctypes
import sys
import types

import numpy as np

import dlc

cuda = ctypes.CDLL("libcuda.so.1")


def driver(name, *arguments):
    code = getattr(cuda, name)(*arguments)
    assert code == 0, (name, code)


context = ctypes.c_void_p()
driver("cuInit", 0)
driver("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
driver("cuCtxSetCurrent", context)


class DLTensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32),
                ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class DLManagedTensor(ctypes.Structure):
    pass


Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(DLManagedTensor))
DLManagedTensor._fields_ = [("tensor", DLTensor), ("context", ctypes.c_void_p), ("deleter", Deleter)]
new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype, new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
exported = {}  # what consumers of capsules hold


@Deleter
def delete(managed):
    del exported[ctypes.addressof(managed.contents)]


arrays = []


class DeviceArray:
    """float32 in memory of the GPU."""
    __module__ = "gpuarrays"

    def __init__(self, shape, offset=0):
        self.shape, self.offset = tuple(shape), offset
        self.nbytes = 4 * int(np.prod(shape))
        self.memory = ctypes.c_uint64()
        driver("cuMemAlloc_v2", ctypes.byref(self.memory), ctypes.c_size_t(self.nbytes + offset))
        arrays.append(self)

    @property
    def pointer(self):
        return self.memory.value + self.offset

    def __dlpack_device__(self):
        return (2, 0)

    def __dlpack__(self, **_):
        managed = DLManagedTensor()
        sizes = (ctypes.c_int64 * len(self.shape))(*self.shape)
        managed.tensor = DLTensor(self.pointer, 2, 0, len(self.shape), 2, 32, 1,
                                  ctypes.cast(sizes, ctypes.POINTER(ctypes.c_int64)), None, 0)
        managed.deleter = delete
        exported[ctypes.addressof(managed)] = (managed, sizes, self)
        return new_capsule(ctypes.addressof(managed), b"dltensor", None)

    def put(self, values):
        values = np.ascontiguousarray(values, np.float32)
        driver("cuMemcpyHtoD_v2", ctypes.c_uint64(self.pointer), values.ctypes.data_as(ctypes.c_void_p),
               ctypes.c_size_t(self.nbytes))
        return self

    def get(self):
        driver("cuCtxSynchronize")
        values = np.empty(self.shape, np.float32)
        driver("cuMemcpyDtoH_v2", values.ctypes.data_as(ctypes.c_void_p), ctypes.c_uint64(self.pointer),
               ctypes.c_size_t(self.nbytes))
        return values


# What dlc asks of a framework: arrays like the first input, and the current stream.
made = []


def empty(shape, dtype):
    assert dtype == "float32"
    made.append(DeviceArray(shape))
    return made[-1]


stream = ctypes.c_void_p()
driver("cuStreamCreate", ctypes.byref(stream), 1)
module = types.ModuleType("gpuarrays")
module.empty, module.from_dlpack = empty, None
module.cuda = types.SimpleNamespace(get_current_stream=lambda: types.SimpleNamespace(ptr=stream.value))
sys.modules["gpuarrays"] = module

graph = dlc.Graph("net")
x, y = graph.input("x", "float32", [4, 64]), graph.input("y", "float32", [4, 64])
weights = np.random.default_rng(0).standard_normal((64, 32), "float32")
graph.output("sum", x + y)
graph.output("product", dlc.matmul(x, graph.parameter("w", weights)))
model = graph.compile(target="cuda", arch="compute_80")

a, b = (np.random.default_rng(s).standard_normal((4, 64), "float32") for s in (1, 2))
first, second = DeviceArray((4, 64)).put(a), DeviceArray((4, 64)).put(b)
total, product = model(first, y=second)
# The results are in the arrays that the framework made, which nobody copied.
assert [total, product] == made
assert np.array_equal(total.get(), a + b)
assert np.allclose(product.get(), a @ weights, rtol=1e-5, atol=1e-5)
assert np.array_equal(first.get(), a) and np.array_equal(second.get(), b)
# The memory itself is read: what is there now counts. The model holds on to nothing.
first.put(b)
assert np.array_equal(model(first, second)[0].get(), b + b)
assert not exported, exported
# Host memory works as well, and both at once do not.
assert np.array_equal(model(a, b)[0], a + b)


def refused(message, *arguments):
    try:
        model(*arguments)
    except dlc.Error as error:
        assert message in str(error), error
        return
    assert False, message


refused("input 'y' is not in memory of a GPU", first, b)
refused("input 'x' has to be float32[4, 64], and is float32[4, 32]", DeviceArray((4, 32)), second)
refused("memory of the GPU has to be aligned to 256 bytes", DeviceArray((4, 64), offset=4), second)
host = graph.compile()
try:
    host(first, second)
    assert False
except dlc.Error as error:
    assert "was compiled for the host, and its input is on a GPU" in str(error)

# The simulator tells of memory that is left.
del model
for array in arrays:
    driver("cuMemFree_v2", array.memory)
driver("cuStreamDestroy_v2", stream)
driver("cuDevicePrimaryCtxRelease_v2", 0)
