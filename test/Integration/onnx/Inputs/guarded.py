"""Runs a library made by `dlc --emit=lib` between guard pages: each input, each output
and the arena lie directly in front of a page that nobody may touch, everything else
around them is a pattern that must be intact afterwards. To be called in a process of its
own: a stray access is a SIGSEGV."""

import ctypes
import mmap

import ml_dtypes
import numpy as np

PAGE = mmap.PAGESIZE
PATTERN = 0xA5
RANDOM = 2  # DLC_ROLE_RANDOM
DTYPES = [None, np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
          np.float16, ml_dtypes.bfloat16, np.float32, np.float64, ml_dtypes.float8_e4m3fn,
          ml_dtypes.float8_e4m3fnuz, ml_dtypes.float8_e5m2, ml_dtypes.float8_e5m2fnuz,
          ml_dtypes.float8_e8m0fnu, ml_dtypes.int4, ml_dtypes.uint4, ml_dtypes.int2, ml_dtypes.uint2,
          ml_dtypes.float4_e2m1fn]


class TensorInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_uint32), ("rank", ctypes.c_uint32),
                ("shape", ctypes.POINTER(ctypes.c_int64)), ("bytes", ctypes.c_uint64),
                ("extents", ctypes.POINTER(ctypes.c_int32)), ("role", ctypes.c_uint32)]

    def array(self, memory):
        shape = tuple(self.shape[i] for i in range(self.rank))
        dtype = np.dtype(DTYPES[self.dtype])
        count = int(np.prod(shape, dtype=np.int64))
        assert count * dtype.itemsize == self.bytes, "the descriptor's sizes contradict each other"
        return np.frombuffer(memory, dtype, count, 0).reshape(shape)

    def counts(self, array, extents):
        """The part of the array that counts."""
        if not self.extents:
            return array
        for d in range(self.rank):
            if self.extents[d] >= 0:
                extent = int(extents[self.extents[d]])
                assert 0 <= extent <= self.shape[d], f"an extent of {extent}, at most {self.shape[d]} fit"
                array = array.take(range(extent), axis=d)
        return array


class Model(ctypes.Structure):
    _fields_ = [("abi_version", ctypes.c_uint32), ("struct_size", ctypes.c_uint32)] + [
        (name, ctypes.c_char_p) for name in ("name", "target", "build_id", "compiler")] + [
        ("inputs", ctypes.POINTER(TensorInfo)), ("outputs", ctypes.POINTER(TensorInfo)),
        ("num_inputs", ctypes.c_uint32), ("num_outputs", ctypes.c_uint32),
        ("arena_bytes", ctypes.c_uint64), ("arena_alignment", ctypes.c_uint64)]


libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]


class Guarded:
    """Memory of `size` bytes, aligned, that ends at (or less than one alignment before) a
    guard page and begins behind another one."""

    def __init__(self, size, alignment):
        body = -(-(size + alignment) // PAGE) * PAGE
        base = libc.mmap(None, body + 2 * PAGE, mmap.PROT_READ | mmap.PROT_WRITE,
                         mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        assert base and base != ctypes.c_void_p(-1).value, "no memory"
        for guard in (base, base + PAGE + body):
            assert libc.mprotect(guard, PAGE, 0) == 0
        self.body = (ctypes.c_uint8 * body).from_address(base + PAGE)
        ctypes.memset(self.body, PATTERN, body)
        self.offset = (body - size) // alignment * alignment
        self.size = size
        self.address = base + PAGE + self.offset

    def memory(self):
        return (ctypes.c_uint8 * self.size).from_address(self.address)

    def intact(self):
        around = np.frombuffer(self.body, np.uint8)
        return bool((around[:self.offset] == PATTERN).all() and (around[self.offset + self.size:] == PATTERN).all())


def run(path, symbol, inputs, random=(0, 0)):
    """Runs the library once. `inputs` and the result: name -> array. `random`: the seed and
    the number of the run, for models with random numbers."""
    library = ctypes.CDLL(path)
    describe = getattr(library, symbol + "_descriptor")
    describe.restype = ctypes.POINTER(Model)
    model = describe().contents

    def allocate(infos, count):
        return [Guarded(infos[i].bytes, 64) for i in range(count)]

    given, made = allocate(model.inputs, model.num_inputs), allocate(model.outputs, model.num_outputs)
    for i, buffer in enumerate(given):
        info = model.inputs[i]
        if info.role == RANDOM:
            inputs = {**inputs, info.name.decode(): np.array(random, np.int64)}
        array = np.asarray(inputs[info.name.decode()], order="C")
        wanted = info.array(buffer.memory())
        assert array.dtype == wanted.dtype and array.shape == wanted.shape, (
            f"input '{info.name.decode()}' is {wanted.dtype}{list(wanted.shape)} in the program, "
            f"{array.dtype}{list(array.shape)} in the case")
        ctypes.memmove(buffer.address, array.ctypes.data, array.nbytes)
    copies = [bytes(b.memory()) for b in given]
    arena = Guarded(model.arena_bytes, max(64, model.arena_alignment))
    pointers = [(ctypes.c_void_p * max(1, len(b)))(*(x.address for x in b)) for b in (given, made)]
    status = getattr(library, symbol + "_run")(*pointers, ctypes.c_void_p(arena.address))
    assert status == 0, f"{symbol}_run returned {status}"
    assert all(b.intact() for b in [*given, *made, arena]), "wrote beside a buffer"
    assert copies == [bytes(b.memory()) for b in given], "wrote into an input"
    arrays = [model.outputs[i].array(bytes(made[i].memory())) for i in range(model.num_outputs)]
    return {model.outputs[i].name.decode(): model.outputs[i].counts(array, arrays[-1])
            for i, array in enumerate(arrays) if not model.outputs[i].role}
