//===- Butterflies.cpp - Fourier transforms as numpy computes them --------===//
//
// FFTPACK's algorithm (Swarztrauber 1982), as pocketfft has it, which numpy's
// transforms are: passes of transforms of 2, 3, 4, 5, 7, 8 or 11 numbers
// ("butterflies"), written in sums, differences and few products with
// constants, and turns of their results. It has much less arithmetic than
// products with tables, but nothing in it is a product: rows side by side are
// what vectors are made of, so it is good for several rows.
//
// Factors, their order, that of the operations and the constants are those of
// pocketfft, and each operation of a model is rounded once (only sums of
// products are contracted to fma). So results are equal to numpy's in the same
// type; only zeros may have another sign.
//
//===----------------------------------------------------------------------===//

#include "Fourier.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <complex>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

constexpr long double pi = 3.141592653589793238462643383279502884L;

/// exp(2πi index / length) as pocketfft has it: the product of two of about
/// sqrt(length) numbers, in doubles, also for those of doubles. (The last bits
/// are other ones than those of exact angles.)
class Roots {
public:
  using Complex = std::complex<double>;

  explicit Roots(int64_t length) : length(length) {
    while ((int64_t(1) << 2 * shift) < (length + 2) / 2)
      ++shift;
  }

  Complex operator[](int64_t index) const {
    index %= length;
    if (2 * index > length)
      return std::conj((*this)[length - index]);
    int64_t low = index & ((int64_t(1) << shift) - 1);
    Complex x = exact(low), y = exact(index - low);
    return {x.real() * y.real() - x.imag() * y.imag(),
            x.real() * y.imag() + x.imag() * y.real()};
  }

private:
  /// For up to half a turn.
  Complex exact(int64_t index) const {
    int64_t eighths = 8 * index;
    auto angle = double(0.25L * pi / static_cast<long double>(length));
    auto c = [&](int64_t number) { return std::cos(double(number) * angle); };
    auto s = [&](int64_t number) { return std::sin(double(number) * angle); };
    if (eighths < length)
      return {c(eighths), s(eighths)};
    if (eighths < 2 * length)
      return {s(2 * length - eighths), c(2 * length - eighths)};
    if (eighths < 3 * length)
      return {-s(eighths - 2 * length), c(eighths - 2 * length)};
    return {-c(4 * length - eighths), s(4 * length - eighths)};
  }

  int64_t length;
  int64_t shift = 1;
};

class Butterflies {
public:
  Butterflies(NodeEmitter &e, const Fourier &t)
      : a(e), t(t), sign(t.inverse ? 1 : -1) {}

  /// rows × length × parts -> rows × wanted × parts. Between passes rows are
  /// the last dimension: what vectors are made of, and what a pass reads and
  /// writes is in one piece.
  Value run(Value x, ArrayRef<FourierPass> passes) {
    NodeEmitter &e = a.e;
    int64_t count = shapeOf(x)[0], left = t.length, parts = t.partsIn;
    x = e.transpose(e.reshape(x, {count, left * parts}), {1, 0});
    for (const FourierPass &pass : passes) {
      int64_t radix = pass.radix, m = left / radix, done = t.length / left;
      // Dimensions of size 1 would only be in the way.
      Dims piece;
      for (int64_t size : {done, m})
        if (size > 1)
          piece.push_back(size);
      piece.append({1, count});
      x = e.reshape(x, {done, radix, m, parts, count});
      std::vector<Number> terms(radix);
      for (int64_t j = 0; j < radix; ++j)
        for (int64_t part = 0; part < parts; ++part)
          (part == 0 ? terms[j].real : terms[j].imaginary) = e.reshape(
              e.slice(x, {0, j, 0, part, 0}, {done, 1, m, 1, count}), piece);
      std::vector<Number> results = butterfly(terms);
      if (m == 1) // as much as is needed
        results.resize(llvm::divideCeil(t.wanted, done));
      else
        for (int64_t k = 1; k < radix; ++k)
          results[k] = turned(results[k], k * done, m);
      SmallVector<Value> planes;
      for (auto [real, imaginary] : results)
        planes.push_back(
            e.concat({real, imaginary ? imaginary : e.splat(typeOf(real), 0)},
                     int64_t(piece.size()) - 2));
      x = e.concat(planes, 0);
      parts = 2;
      left = m;
    }
    x = e.reshape(x, {product(shapeOf(x)) / (2 * count), 2, count});
    if (shapeOf(x)[0] != t.wanted)
      x = e.slice(x, {0, 0, 0}, {t.wanted, 2, count});
    x = e.transpose(e.reshape(x, {2 * t.wanted, count}), {1, 0});
    x = e.reshape(x, {count, t.wanted, 2});
    return t.scale == 1 ? x : a.mul(x, t.scale);
  }

private:
  /// Imaginary parts that are null are zero.
  struct Number {
    Value real, imaginary;
  };

  template <typename BodyT>
  static Number each(const Number &x, BodyT &&body) {
    return {body(x.real), x.imaginary ? body(x.imaginary) : Value()};
  }

  //===- Arithmetic -------------------------------------------------------===//

  Value plus(Value x, Value y) { return x && y ? a.add(x, y) : x ? x : y; }
  Value minus(Value x, Value y) {
    if (x && y)
      return a.sub(x, y);
    return y ? a.e.make<nn::NegOp>(y) : x;
  }
  Value times(Value x, double factor) { return x ? a.mul(x, factor) : x; }
  Value times(Value x, Value factor) { return x ? a.mul(x, factor) : x; }

  Number plus(Number x, Number y) {
    return {plus(x.real, y.real), plus(x.imaginary, y.imaginary)};
  }
  Number minus(Number x, Number y) {
    return {minus(x.real, y.real), minus(x.imaginary, y.imaginary)};
  }
  /// x + i y for the transform there, x - i y for the one back, or the other
  /// way round.
  Number plusQuarter(Number x, Number y, int64_t sign) {
    if (sign > 0)
      return {minus(x.real, y.imaginary), plus(x.imaginary, y.real)};
    return {plus(x.real, y.imaginary), minus(x.imaginary, y.real)};
  }

  /// Times the `step` p-th roots.
  Number turned(Number x, int64_t step, int64_t m) {
    Roots roots(t.length);
    std::vector<double> c, s;
    for (int64_t p = 0; p < m; ++p) {
      c.push_back(roots[step * p].real());
      s.push_back(double(sign) * roots[step * p].imag());
    }
    Type element = elementOf(x.real);
    Value cosine = a.e.floats(c, {m, 1, 1}, element);
    Value sine = a.e.floats(s, {m, 1, 1}, element);
    return {minus(times(x.real, cosine), times(x.imaginary, sine)),
            plus(times(x.real, sine), times(x.imaginary, cosine))};
  }

  //===- Transforms of a few numbers --------------------------------------===//

  std::vector<Number> butterfly(ArrayRef<Number> x) {
    switch (x.size()) {
    case 2:
      return {plus(x[0], x[1]), minus(x[0], x[1])};
    case 4:
      return four(x);
    case 8:
      return eight(x);
    default:
      return odd(x);
    }
  }

  std::vector<Number> four(ArrayRef<Number> x) {
    Number evens = plus(x[0], x[2]), odds = plus(x[1], x[3]);
    Number even = minus(x[0], x[2]), odd = minus(x[1], x[3]);
    return {plus(evens, odds), plusQuarter(even, odd, sign), minus(evens, odds),
            plusQuarter(even, odd, -sign)};
  }

  std::vector<Number> eight(ArrayRef<Number> x) {
    Number a0 = plus(x[0], x[4]), a4 = minus(x[0], x[4]);
    Number a1 = plus(x[1], x[5]), a5 = minus(x[1], x[5]);
    Number a2 = plus(x[2], x[6]), a6 = minus(x[2], x[6]);
    Number a3 = plus(x[3], x[7]), a7 = minus(x[3], x[7]);
    Number evens = plus(a0, a2), even = minus(a0, a2);
    Number odds = plus(a1, a3), odd = minus(a1, a3);
    // By one and three eighths of a turn.
    Number one = plusQuarter(a5, a7, sign), three = plusQuarter(a5, a7, -sign);
    double half = std::sqrt(0.5);
    one = each(plusQuarter(one, one, sign),
               [&](Value part) { return times(part, half); });
    three = each(plusQuarter(three, three, -sign),
                 [&](Value part) { return times(part, -half); });
    Number first = plusQuarter(a4, a6, sign),
           third = plusQuarter(a4, a6, -sign);
    return {plus(evens, odds),
            plus(first, one),
            plusQuarter(even, odd, sign),
            plus(third, three),
            minus(evens, odds),
            minus(first, one),
            plusQuarter(even, odd, -sign),
            minus(third, three)};
  }

  /// 3, 5, 7 or 11 numbers: those whose angles are opposite have the same
  /// cosine and opposite sines.
  std::vector<Number> odd(ArrayRef<Number> x) {
    int64_t radix = x.size(), half = radix / 2;
    std::vector<Number> sums, differences, results(radix);
    results[0] = x[0];
    for (int64_t j = 1; j <= half; ++j) {
      sums.push_back(plus(x[j], x[radix - j]));
      differences.push_back(minus(x[j], x[radix - j]));
      results[0] = plus(results[0], sums.back());
    }
    for (int64_t k = 1; k <= half; ++k) {
      Number even = x[0], odd;
      for (int64_t j = 1; j <= half; ++j) {
        long double angle = 2 * pi * static_cast<long double>(j * k % radix) /
                            static_cast<long double>(radix);
        auto c = double(std::cos(angle)), s = double(std::sin(angle));
        Number sum = each(sums[j - 1], [&](Value x) { return times(x, c); });
        Number difference =
            each(differences[j - 1], [&](Value x) { return times(x, s); });
        even = plus(even, sum);
        odd = j == 1 ? difference : plus(odd, difference);
      }
      results[k] = plusQuarter(even, odd, sign);
      results[radix - k] = plusQuarter(even, odd, -sign);
    }
    return results;
  }

  Arithmetic a;
  const Fourier &t;
  int64_t sign;
};

} // namespace

SmallVector<FourierPass> dlc::importer::butterflyPasses(int64_t length) {
  SmallVector<FourierPass> passes;
  auto take = [&](int64_t radix) {
    while (length % radix == 0) {
      passes.push_back({radix, false});
      length /= radix;
    }
  };
  take(8);
  take(4);
  if (length % 2 == 0) { // comes first
    take(2);
    std::swap(passes.front(), passes.back());
  }
  for (int64_t radix : {3, 5, 7, 11})
    take(radix);
  if (length != 1)
    return {};
  return passes;
}

Value dlc::importer::emitButterflies(NodeEmitter &e, Value x, const Fourier &t,
                                     ArrayRef<FourierPass> passes) {
  return Butterflies(e, t).run(x, passes);
}
