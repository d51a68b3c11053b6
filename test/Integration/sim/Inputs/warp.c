/* Runs warp.ptx: votes, shuffles, divergence, calls, barriers. */
#include "gpu.h"

enum { N = 128 };

static int in[N];

static unsigned ballot(int warp, int (*test)(int)) {
  unsigned mask = 0;
  for (int k = 0; k < 32; ++k)
    mask |= (unsigned)(test(in[warp * 32 + k]) != 0) << k;
  return mask;
}

static int is_odd(int value) { return value & 1; }
static int is_three(int value) { return value == 3; }
static int is_small(int value) { return value < 100; }

static void votes(CUmodule m) {
  static unsigned out[15][N];
  int n = N, odd = 0, all_small = 1, any_1234 = 0;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "votes"), 1, 1, N, 1, 0, &a, &b, &n);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int i = 0; i < N; ++i) {
    odd += in[i] & 1;
    all_small &= in[i] < 100;
    any_1234 |= in[i] == 1234;
  }
  for (int i = 0; i < N; ++i) {
    int warp = i / 32, lane = i % 32, base = warp * 32, x = in[i];
    unsigned match = 0, sum = 0, xors = 0;
    int all_same = 1, largest = in[base];
    for (int k = 0; k < 32; ++k) {
      int y = in[base + k];
      match |= (unsigned)(y % 5 == x % 5) << k;
      all_same &= y / 64 == in[base] / 64;
      sum += (unsigned)y;
      xors ^= (unsigned)y;
      largest = y > largest ? y : largest;
    }
    CHECK(out[0][i] == ballot(warp, is_odd));
    CHECK(out[1][i] == ((unsigned)(ballot(warp, is_three) != 0) << 1 |
                        (ballot(warp, is_small) == 0xffffffff)));
    CHECK(out[2][i] == match);
    CHECK(out[3][i] == (all_same ? 0xffffffff : 0));
    CHECK(out[4][i] == (unsigned)all_same);
    CHECK(out[5][i] == (unsigned)in[base + i * 7 % 32]);
    CHECK(out[6][i] == (unsigned)in[base + lane / 8 * 8 + i % 8]);
    CHECK(out[7][i] == (unsigned)(lane % 16 >= 3 ? in[i - 3] : x));
    CHECK(out[8][i] == (unsigned)(lane + 5 < 32 ? in[i + 5] : x));
    CHECK(out[9][i] == (unsigned)in[base + (lane ^ 21)]);
    CHECK(out[10][i] == sum);
    CHECK(out[11][i] == (unsigned)largest);
    CHECK(out[12][i] == xors);
    CHECK(out[13][i] == (unsigned)odd);
    CHECK(out[14][i] == (unsigned)(all_small << 1 | any_1234));
  }
}

static void part_of_warp(CUmodule m) {
  static unsigned out[2][N];
  int n = N;
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "part_of_warp"), 2, 1, 64, 1, 0, &a, &b, &n);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  unsigned thirds = 0;
  for (int k = 0; k < 20; k += 3)
    thirds |= 1u << k;
  for (int base = 0; base < N; base += 32) {
    unsigned sum = 0;
    for (int k = 0; k < 20; ++k)
      sum += (unsigned)in[base + k];
    CHECK(out[0][base] == sum);
    for (int k = 0; k < 20; ++k)
      CHECK(out[1][base + k] == thirds);
    CHECK(out[0][base + 20] >= 1 && out[0][base + 20] <= 12);
  }
}

static void divergent(CUmodule m) {
  enum { M = 100 };
  int n = M, out[2][M];
  CUdeviceptr b = upload(NULL, sizeof(out));
  RUN(kernel(m, "divergent"), 2, 1, 64, 1, 0, &b, &n);
  download(out, b, sizeof(out));
  for (int i = 0; i < M; ++i) {
    int steps = 0, a = 0, f = 1;
    for (int value = i + 1; value != 1; ++steps)
      value = value % 2 ? 3 * value + 1 : value / 2;
    for (int k = 0; k < i % 12; ++k) {
      int next = a + f;
      a = f;
      f = next;
    }
    CHECK(out[0][i] == steps && out[1][i] == a);
  }
}

static int branch(int value) {
  switch (value % 9) {
  case 0:
    value += 10; /* falls through */
  case 1:
    value *= 3;
    break;
  case 2:
    value -= 7;
    break;
  case 3:
    return -1;
  case 4:
    value = value * value;
    break;
  case 5:
    value ^= 0x55;
    break;
  case 6:
    value = -value;
    break;
  case 7:
    value <<= 2;
    break;
  default:
    value = 0;
  }
  for (int k = 0; k < 10; ++k) {
    for (int j = 0; j < k; ++j) {
      if ((value + j) % 7 == 3)
        break;
      if (value > 100000)
        return value;
      value += k * j;
    }
    if (value % 11 == 5)
      continue;
    value += 1;
  }
  return value;
}

static void branches(CUmodule m) {
  int n = N, out[N];
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "branches"), 2, 1, 64, 1, 0, &a, &b, &n);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int i = 0; i < N; ++i)
    NEAR("branches", i, out[i], branch(in[i]), 0);
}

static void barriers(CUmodule m) {
  enum { ROUNDS = 6, M = ROUNDS * 64 };
  int data[M], out[M], rounds = ROUNDS;
  for (int i = 0; i < M; ++i)
    data[i] = i * i;
  CUdeviceptr a = upload(data, sizeof(data)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "named_barriers"), 1, 1, 128, 1, 0, &a, &b, &rounds);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int i = 0; i < M; ++i)
    CHECK(out[i] == 2 * data[i / 32 * 32 + 31 - i % 32] + 1);
}

static void groups(CUmodule m) {
  static int out[8][N];
  CUdeviceptr a = upload(in, sizeof(in)), b = upload(NULL, sizeof(out));
  RUN(kernel(m, "groups"), 1, 1, N, 1, 0, &a, &b);
  download(out, b, sizeof(out));
  OK(cuMemFree(a));
  for (int i = 0; i < N; ++i) {
    const int *mine = in + i / 8 * 8, *next = in + (i / 8 + 1) % (N / 8) * 8;
    int sum = 0, any = 0, all = 1, odd = 0, same = 0, most = mine[0],
        least = mine[0], agree = 1;
    for (int k = 0; k < 8; ++k) {
      sum += next[k];
      any |= mine[k] == 5;
      all &= mine[k] < 140;
      odd |= (mine[k] & 1) << k;
      same |= (mine[k] % 3 == in[i] % 3) << k;
      most = mine[k] > most ? mine[k] : most;
      least = mine[k] < least ? mine[k] : least;
      agree &= (mine[k] & 64) == (mine[0] & 64);
    }
    CHECK(out[0][i] == sum);
    CHECK(out[1][i] == (any << 1 | all));
    CHECK(out[2][i] == odd);
    CHECK(out[3][i] == same);
    CHECK(out[4][i] == most);
    CHECK(out[5][i] == mine[i % 8 ^ 3]);
    CHECK(out[6][i] == least);
    CHECK((unsigned)out[7][i] == (agree ? 0xffu << (i & 24) : 0));
  }
}

int main(void) {
  start();
  unsigned state = 11;
  for (int i = 0; i < N; ++i)
    in[i] = (int)(next_random(&state) % 150);
  for (int i = 32; i < 64; ++i)
    in[i] %= 64; /* one warp whose values agree */
  in[5] = 3;
  in[8] = 5;
  CUmodule m = load("warp.ptx");
  votes(m);
  part_of_warp(m);
  divergent(m);
  branches(m);
  barriers(m);
  groups(m);
  OK(cuModuleUnload(m));
  printf("all well\n");
  return 0;
}
