// Random control flow (if, loops with break and continue, switch, return); the
// same text for the device (control.ptx) and the host.

#ifdef __CUDACC__
#define HD __host__ __device__
#else
#define HD
#endif
HD inline unsigned help(unsigned a, unsigned b, unsigned c, unsigned d,
                        unsigned t, unsigned &fuel) {
  b = ((8 | a) % (((a & b) & 7) + 1));
  return a + 2 * b + 3 * c + 5 * d;
}
HD inline unsigned work(unsigned a, unsigned b, unsigned c, unsigned d,
                        unsigned t) {
  unsigned fuel = 0;
  b = ((d / ((4 & 7) + 1)) ^ d);
  if (((c + a)) % 3 < 0) {
    if ((b) % 4 < 1) {
      if (((b & c)) % 4 == 0) {
        a = (c + (d - t));
      } else {
        c ^= (d + (a * 5));
        d = (9 + (t ^ d));
        d ^= ((a * t) + (d & 5));
      }
    } else {
      a ^= d;
      c = a;
    }
  } else {
    b = 1;
  }
  d = ((b / ((a & 7) + 1)) + (c % ((1 & 7) + 1)));
  if ((a) % 3 < 1) {
    switch (((c / ((d & 7) + 1))) & 3) {
    case 0: {
      a = ((t + d) % (((a ^ a) & 7) + 1));
      c = ((a - t) / (((b & b) & 7) + 1));
    } break;
    case 1: {
      if ((b) % 4 > 1) {
        for (unsigned i1 = 0; i1 < ((3) & 7u); ++i1) {
          if (++fuel > 300)
            break;
          b = (d & (c % ((4 & 7) + 1)));
        }
      } else {
        d = ((b + a) ^ b);
        for (unsigned i2 = 0; i2 < (((b ^ b)) & 7u); ++i2) {
          if (++fuel > 300)
            break;
          b = a;
          d = (d + (t % ((t & 7) + 1)));
          b = (b * (c * d));
        }
      }
    } break;
    case 2: {
      if (((5 & a)) % 3 < 0) {
        if (((a | b)) % 4 != 0) {
          a = ((t * c) & (t % ((c & 7) + 1)));
          c = d;
          c = ((2 / ((c & 7) + 1)) / (((c * b) & 7) + 1));
        } else {
          d = ((b / ((t & 7) + 1)) - (a / ((9 & 7) + 1)));
          b = ((7 & c) / (((t / ((b & 7) + 1)) & 7) + 1));
          d = t;
        }
        a = (c ^ a);
        b = ((5 | 8) / (((a / ((b & 7) + 1)) & 7) + 1));
      } else {
        a = ((1 ^ d) % (((b & 2) & 7) + 1));
      }
    } break;
    default:
      b += 3;
    }
    a = d;
  } else {
    switch ((8) & 3) {
    case 0: {
      a = ((d * t) & c);
      for (unsigned i3 = 0; i3 < (((t / ((0 & 7) + 1))) & 7u); ++i3) {
        if (++fuel > 300)
          break;
        d = ((b * 9) ^ (a ^ c));
        if (((c * c)) % 2 != 1) {
          d = (t % (((t / ((a & 7) + 1)) & 7) + 1));
          c = ((a / ((t & 7) + 1)) & (b / ((t & 7) + 1)));
          a = c;
        } else {
          b = ((d | d) & 4);
          c = a;
          b = a;
        }
        d = b;
      }
      if ((b) % 3 == 0) {
        b ^= ((t / ((d & 7) + 1)) | (t & 6));
      } else {
        d = ((t % ((t & 7) + 1)) / (((d / ((a & 7) + 1)) & 7) + 1));
        a = ((t - c) + (c % ((3 & 7) + 1)));
        for (unsigned i4 = 0; i4 < (((a ^ a)) & 7u); ++i4) {
          if (++fuel > 300)
            break;
          b = t;
          c = ((a & 7) / (((c / ((b & 7) + 1)) & 7) + 1));
        }
      }
    } break;
    case 1: {
      b ^= a;
      if (((2 * 6)) % 3 < 1) {
        if (((a + c)) % 2 > 0) {
          b = ((a % ((c & 7) + 1)) + (d * a));
          a = (c / ((d & 7) + 1));
        } else {
          a = ((d | c) - (c + a));
          c = ((a % ((0 & 7) + 1)) % (((b / ((b & 7) + 1)) & 7) + 1));
        }
        for (unsigned i5 = 0; i5 < (((a / ((2 & 7) + 1))) & 7u); ++i5) {
          if (++fuel > 300)
            break;
          b = ((c + a) & (a / ((5 & 7) + 1)));
          d = t;
        }
      } else {
        b = ((c % ((b & 7) + 1)) % ((9 & 7) + 1));
        for (unsigned i6 = 0; i6 < (((b + 5)) & 7u); ++i6) {
          if (++fuel > 300)
            break;
          c = (d ^ (7 - a));
          c = t;
        }
        a ^= ((b + c) & (c - d));
      }
      if (((d | a)) % 4 < 0) {
        switch (((2 & a)) & 3) {
        case 0: {
          a = ((8 ^ 3) + (d & c));
        }
        case 1: {
          c = ((c & c) % (((a * 3) & 7) + 1));
        } break;
        case 2: {
          b = ((c * t) * (d % ((t & 7) + 1)));
        }
        default:
          d += 3;
        }
      } else {
        if ((d) % 4 == 1) {
          a = ((t + b) % (((c * b) & 7) + 1));
          c = ((t % ((t & 7) + 1)) | (b & c));
        } else {
          b = ((d * 9) | (c % ((t & 7) + 1)));
          b = ((t % ((a & 7) + 1)) + (a % ((a & 7) + 1)));
          b = t;
        }
        b ^= c;
        c ^= d;
      }
    } break;
    case 2: {
      c ^= (b * (a & b));
    }
    default:
      b += 3;
    }
  }
  if (((8 % ((t & 7) + 1))) % 2 < 0) {
    a ^= (b ^ 9);
    c = a;
    c ^= ((8 | d) + c);
  } else {
    a = ((d | c) | (b | a));
  }
  a = (a ^ (d & t));
  d += help(b, c, d, a, t, fuel);
  b = ((5 ^ c) * (d * c));
  switch ((b) & 3) {
  case 0: {
    for (unsigned i7 = 0; i7 < (((d ^ 9)) & 7u); ++i7) {
      if (++fuel > 300)
        break;
      d = (a & (d * d));
      if (((t ^ t)) % 3 < 0) {
        if (((6 / ((b & 7) + 1))) % 2 == 0) {
          d = ((a | d) ^ (d * c));
          c = ((d % ((d & 7) + 1)) % (((c ^ b) & 7) + 1));
          c = ((d / ((a & 7) + 1)) / (((a | d) & 7) + 1));
        } else {
          a = ((b ^ d) / (((t - d) & 7) + 1));
          d = ((d % ((d & 7) + 1)) ^ (d ^ t));
          d = ((a + c) % (((b / ((b & 7) + 1)) & 7) + 1));
        }
        if ((3) % 4 == 0) {
          b = a;
          d = (d ^ (d / ((c & 7) + 1)));
        } else {
          c = d;
          d = b;
          b = c;
        }
        if (((8 ^ 5)) % 2 == 0)
          continue;
      } else {
        a = ((t * c) ^ (d * 2));
      }
    }
    for (unsigned i8 = 0; i8 < (((0 + t)) & 7u); ++i8) {
      if (++fuel > 300)
        break;
      b = b;
    }
  } break;
  case 1: {
    d = ((t * t) | (a + a));
  }
  case 2: {
    if ((t) % 3 == 1) {
      a = d;
      b = a;
      a ^= ((c & a) % (((d + a) & 7) + 1));
    } else {
      c ^= a;
      switch (((a | b)) & 3) {
      case 0: {
        d = b;
        b = ((b / ((a & 7) + 1)) + (t - t));
      }
      case 1: {
        if (((d - d)) % 3 != 1) {
          b = c;
        } else {
          b = ((8 % ((a & 7) + 1)) ^ (b ^ t));
        }
        b = ((t * t) & (a % ((5 & 7) + 1)));
      }
      case 2: {
        d = ((c % ((c & 7) + 1)) / ((2 & 7) + 1));
        c ^= ((d - 8) * (d % ((a & 7) + 1)));
        b = ((5 + c) ^ (b - c));
      } break;
      default:
        a += 3;
      }
      if (((d | a)) % 2 == 1) {
        d = ((t + 2) & (d ^ d));
        if (((c & b)) % 4 < 1) {
          b = ((1 ^ t) * (b % ((a & 7) + 1)));
          b = ((d % ((c & 7) + 1)) % ((t & 7) + 1));
        } else {
          d = ((d - b) + (b / ((b & 7) + 1)));
          a = c;
          a = ((a % ((d & 7) + 1)) % (((4 - b) & 7) + 1));
        }
      } else {
        b = ((d / ((b & 7) + 1)) / (((d * t) & 7) + 1));
      }
    }
  } break;
  default:
    a += 3;
  }
  return a + 2 * b + 3 * c + 5 * d;
}
