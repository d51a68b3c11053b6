// mma.sync of all types and shapes with 16 x 8 results: D = A * B + C by one
// warp. Registers of fragments lie in memory: register r of a lane at
// [lane * 4 + r] (A, C, D) and [lane * 2 + r] (B).

#define PRODUCT(NAME, INSTRUCTION, CONSTRAINT, REG, A, B)                      \
  extern "C" __global__ void NAME(const unsigned *a, const unsigned *b,        \
                                  const REG *c, REG *d) {                      \
    int lane = threadIdx.x;                                                    \
    a += lane * 4;                                                             \
    b += lane * 2;                                                             \
    c += lane * 4;                                                             \
    d += lane * 4;                                                             \
    asm volatile("mma.sync.aligned." INSTRUCTION " {%0,%1,%2,%3}, {" A         \
                 "}, {" B "}, {%10,%11,%12,%13};"                              \
                 : "=" CONSTRAINT(d[0]), "=" CONSTRAINT(d[1]),                 \
                   "=" CONSTRAINT(d[2]), "=" CONSTRAINT(d[3])                  \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),      \
                   "r"(b[1]), CONSTRAINT(c[0]), CONSTRAINT(c[1]),              \
                   CONSTRAINT(c[2]), CONSTRAINT(c[3]));                        \
  }

#define A4 "%4,%5,%6,%7"
#define A2 "%4,%5"
#define B2 "%8,%9"
#define B1 "%8"
#define FLOAT(NAME, INSTRUCTION, A, B)                                         \
  PRODUCT(NAME, INSTRUCTION, "f", float, A, B)
#define INT(NAME, INSTRUCTION, A, B) PRODUCT(NAME, INSTRUCTION, "r", int, A, B)

FLOAT(f16_k16, "m16n8k16.row.col.f32.f16.f16.f32", A4, B2)
FLOAT(f16_k8, "m16n8k8.row.col.f32.f16.f16.f32", A2, B1)
FLOAT(bf16_k16, "m16n8k16.row.col.f32.bf16.bf16.f32", A4, B2)
FLOAT(bf16_k8, "m16n8k8.row.col.f32.bf16.bf16.f32", A2, B1)
FLOAT(tf32_k8, "m16n8k8.row.col.f32.tf32.tf32.f32", A4, B2)
FLOAT(tf32_k4, "m16n8k4.row.col.f32.tf32.tf32.f32", A2, B1)
INT(s8u8_k32, "m16n8k32.row.col.s32.s8.u8.s32", A4, B2)
INT(u8s8_k16, "m16n8k16.row.col.s32.u8.s8.s32", A2, B1)
INT(s8_satfinite_k32, "m16n8k32.row.col.satfinite.s32.s8.s8.s32", A4, B2)
#ifdef WITH_FP8 // of sm_89
FLOAT(e4m3_k32, "m16n8k32.row.col.f32.e4m3.e4m3.f32", A4, B2)
FLOAT(e5m2e4m3_k32, "m16n8k32.row.col.f32.e5m2.e4m3.f32", A4, B2)
#endif

// Sums in f16: two registers of two.
extern "C" __global__ void f16_sums(const unsigned *a, const unsigned *b,
                                    const unsigned *c, unsigned *d) {
  int lane = threadIdx.x;
  a += lane * 4;
  b += lane * 2;
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%0,%1}, "
               "{%2,%3,%4,%5}, {%6,%7}, {%8,%9};"
               : "=r"(d[lane * 2]), "=r"(d[lane * 2 + 1])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),
                 "r"(b[1]), "r"(c[lane * 2]), "r"(c[lane * 2 + 1]));
}

// f64, 8 x 8 x 4: one element of A and B a lane, two of C and D.
extern "C" __global__ void f64(const double *a, const double *b,
                               const double *c, double *d) {
  int lane = threadIdx.x;
  asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, "
               "{%3}, {%4,%5};"
               : "=d"(d[lane * 2]), "=d"(d[lane * 2 + 1])
               : "d"(a[lane]), "d"(b[lane]), "d"(c[lane * 2]),
                 "d"(c[lane * 2 + 1]));
}

// ldmatrix of 1, 2 and 4 tiles of 8 x 8, with and without .trans; 7 registers.
extern "C" __global__ void load_matrices(const unsigned short *in,
                                         unsigned *out) {
  __shared__ __align__(16) unsigned short tiles[32][8];
  int lane = threadIdx.x;
  for (int i = 0; i < 8; ++i)
    tiles[lane][i] = in[lane * 8 + i];
  __syncwarp();
  unsigned at = (unsigned)__cvta_generic_to_shared(&tiles[lane][0]);
  unsigned r[7];
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
               : "=r"(r[0])
               : "r"(at)
               : "memory");
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(r[1]), "=r"(r[2])
               : "r"(at)
               : "memory");
  asm volatile(
      "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
      : "=r"(r[3]), "=r"(r[4]), "=r"(r[5]), "=r"(r[6])
      : "r"(at)
      : "memory");
  for (int i = 0; i < 7; ++i)
    out[lane * 7 + i] = r[i];
}

// cp.async of all sizes: whole, with a shorter source (the rest is zero), and
// bypassing L1.
extern "C" __global__ void async_sizes(const unsigned *in, unsigned *out) {
  __shared__ __align__(16) unsigned s[32][12];
  int lane = threadIdx.x;
  for (int i = 0; i < 12; ++i)
    s[lane][i] = 0xdeadbeef;
  __syncwarp();
  unsigned at = (unsigned)__cvta_generic_to_shared(&s[lane][0]);
  const unsigned *from = in + lane * 4;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(at), "l"(from)
               : "memory");
  asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(at + 8),
               "l"(from)
               : "memory");
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(at + 16),
               "l"(from), "r"(lane % 5 * 4)
               : "memory");
  asm volatile(
      "cp.async.ca.shared.global.L2::128B [%0], [%1], 16;" ::"r"(at + 32),
      "l"(from)
      : "memory");
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncwarp();
  for (int i = 0; i < 12; ++i)
    out[lane * 12 + i] = s[lane][i];
}
