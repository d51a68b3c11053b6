//===- Fourier.cpp - Fourier transforms as products -----------------------===//
//
// A transform of length n = r m is r transforms of every m-th number (a product
// with an r × r table), a turn of each result by its own angle, and m
// transforms of length m, by the same rule or, at last, by one product.
// Stockham's order keeps results in place: what was x[j m + p] of s transforms
// side by side is y[p][k s + q] afterwards,
//
//   y[p][k s + q] = exp(-2πi p k / n) sum over j of exp(-2πi j k / r)
//   x[j][p][q]
//
// so no bits are reversed, and the s (products of earlier radices) are what
// vectors are made of. In the first pass s is 1, and m takes its place.
//
// Real and imaginary parts are planes, [p][part][k s + q]: a product's depth is
// (j, part). So only the results have to be interleaved.
//
// A turn is arithmetic of its own, or part of the product's table, which then
// is another one for each p: m times as large, which for later passes is
// little.
//
// With several rows butterflies (Butterflies.cpp) cost less.
//
//===----------------------------------------------------------------------===//

#include "Fourier.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <complex>
#include <limits>

using namespace mlir;
using namespace dlc;
using namespace dlc::importer;

namespace {

using Complex = std::complex<double>;

//===----------------------------------------------------------------------===//
// Costs, in multiply-adds of a product. Measured on the host (AVX-512), but
// what they choose is flat around the best.
//===----------------------------------------------------------------------===//

/// A number of a table that is read once.
constexpr double tableCost = 4;
/// A number that a pass reads and writes.
constexpr double moveCost = 10;
/// A number that is turned by arithmetic of its own.
constexpr double turnCost = 12;
/// A product or an arithmetic kernel.
constexpr double kernelCost = 4000;
/// Columns of a product are computed by so many at once.
constexpr int64_t columnsAtOnce = 16;
/// A number of each row that a pass of butterflies reads and writes, and what
/// it takes however few rows there are.
constexpr double butterflyCost = 7;
constexpr double butterflyVectorCost = 50;
/// Transforms of so few numbers, and so few of these, give what numpy gives,
/// whatever that costs: people compare small examples with it, as ONNX's suite
/// does, where what should be zero is a rounding error, or is none. That is
/// butterflies, and there (not back) those of float32 in float64. With many
/// rows they cost less than products anyhow; one row takes up to twice as long,
/// which is a few tenths of a microsecond. (Two numbers have one sum: any way
/// is the same.)
constexpr int64_t longestAsNumpy = 64;
constexpr int64_t mostAsNumpy = 1 << 14;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// exp(2πi index / length), from an angle of at most an eighth of a turn: what
/// is symmetric is equal, and zeros are zeros.
Complex root(int64_t index, int64_t length) {
  index %= length;
  if (index < 0)
    index += length;
  int64_t eighth = 8 * index / length;
  int64_t quarters = (eighth + 1) / 2; // the nearest axis
  // index - quarters * length / 4, in fourths
  int64_t rest = 4 * index - quarters * length;
  double angle = llvm::numbers::pi / 2 * double(rest) / double(length);
  double c = std::cos(angle), s = std::sin(angle);
  switch (quarters % 4) {
  case 0:
    return {c, s};
  case 1:
    return {-s, c};
  case 2:
    return {-c, -s};
  default:
    return {s, -c};
  }
}

/// What part `from` of a number adds to part `to` of its product with `factor`.
double entry(Complex factor, int64_t from, int64_t to) {
  if (from == to)
    return factor.real();
  return from == 0 ? factor.imag() : -factor.imag();
}

/// The transform of a constant whose length is a product of small primes.
void transform(std::vector<Complex> &x, int64_t sign) {
  int64_t length = x.size(), radix = 2;
  if (length <= 1)
    return;
  while (length % radix)
    ++radix;
  int64_t m = length / radix;
  std::vector<std::vector<Complex>> parts(radix, std::vector<Complex>(m));
  for (int64_t i = 0; i < length; ++i)
    parts[i % radix][i / radix] = x[i];
  for (std::vector<Complex> &part : parts)
    transform(part, sign);
  for (int64_t k = 0; k < length; ++k) {
    x[k] = 0;
    for (int64_t j = 0; j < radix; ++j)
      x[k] += root(sign * j * k, length) * parts[j][k % m];
  }
}

/// The numbers from `least` to `most` whose only prime factors are 2, 3 and 5.
Dims smoothNumbers(int64_t least, int64_t most) {
  Dims result;
  for (int64_t fives = 1; fives <= most; fives *= 5)
    for (int64_t threes = fives; threes <= most; threes *= 3)
      for (int64_t number = threes; number <= most; number *= 2)
        if (number >= least)
          result.push_back(number);
  return result;
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

/// The sizes of one pass.
struct Sizes {
  Sizes(const Fourier &t, int64_t left, int64_t radix)
      : radix(radix), m(left / radix), done(t.length / left) {
    bool first = done == 1, last = m == 1;
    terms = first ? llvm::divideCeil(t.given, m) : radix;
    partsIn = first ? t.partsIn : 2;
    results = last ? llvm::divideCeil(t.wanted, done) : radix;
    partsOut = last ? t.partsOut : 2;
  }
  int64_t depth() const { return terms * partsIn; }
  int64_t rows() const { return results * partsOut; }

  int64_t radix;
  int64_t m;    ///< the rest of the length
  int64_t done; ///< product of the radices before
  int64_t terms, partsIn, results, partsOut;
};

class Planner {
public:
  Planner(const Fourier &t, int64_t count) : t(t), count(count) {}

  /// The cheapest passes for what is left.
  const FourierPlan &best(int64_t left) {
    auto known = plans.find(left);
    if (known != plans.end())
      return known->second;
    FourierPlan result;
    result.cost = std::numeric_limits<double>::infinity();
    auto take = [&](int64_t radix) {
      bool last = radix == left;
      for (bool merged : {false, true}) {
        double cost = costOf(Sizes(t, left, radix), merged);
        if ((last && merged) || cost >= result.cost)
          continue;
        FourierPlan rest;
        if (!last)
          rest = best(left / radix);
        if (cost + rest.cost >= result.cost)
          continue;
        result = rest;
        result.cost += cost;
        result.passes.insert(result.passes.begin(), FourierPass{radix, merged});
      }
    };
    for (int64_t radix = 2; radix * radix <= left; ++radix)
      if (left % radix == 0) {
        take(radix);
        take(left / radix);
      }
    take(left);
    return plans[left] = result;
  }

private:
  double costOf(const Sizes &sizes, bool merged) const {
    int64_t table = sizes.depth() * sizes.rows() * (merged ? sizes.m : 1);
    if (table > maxTable)
      return std::numeric_limits<double>::infinity();
    bool first = sizes.done == 1;
    double columns =
        llvm::alignTo(first ? sizes.rows() : sizes.done, columnsAtOnce);
    double others = double(sizes.m) * (first ? 1 : sizes.rows());
    double moved = double(sizes.m) * sizes.done * sizes.rows();
    double cost =
        double(count) * (columns * others * sizes.depth() + moveCost * moved) +
        tableCost * table + kernelCost;
    if (sizes.m == 1 || merged)
      return cost;
    if (2 * sizes.m * sizes.radix > maxTable)
      return std::numeric_limits<double>::infinity();
    return cost + double(count) * turnCost * moved +
           tableCost * 2 * sizes.m * sizes.radix + 2 * kernelCost;
  }

  const Fourier &t;
  int64_t count;
  llvm::DenseMap<int64_t, FourierPlan> plans;
};

/// The transforms that convolve `length` numbers: there and back.
std::pair<Fourier, Fourier> convolution(const Fourier &t, int64_t length) {
  Fourier there{length, false, t.given, length, 2, 2};
  Fourier back{length, true, length, t.wanted, 2, 2};
  return {there, back};
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

struct Tables {
  NodeEmitter &e;
  Type element;

  Value constant(ArrayRef<double> values, ArrayRef<int64_t> shape) {
    return e.floats(values, shape, element);
  }

  /// Complex numbers, whose parts lie along `axis` of `x` (real ones where it
  /// is 1), times constants, which have all its dimensions but this one, or 1.
  /// Gives one part of the results.
  Value turned(Value x, int64_t axis, ArrayRef<Complex> factors,
               ArrayRef<int64_t> shape, int64_t to) {
    std::vector<double> mine, other;
    for (Complex factor : factors) {
      mine.push_back(entry(factor, 0, to));
      other.push_back(entry(factor, 1, to));
    }
    Arithmetic a(e);
    Value sum = a.mul(part(x, axis, 0), constant(mine, shape));
    if (shapeOf(x)[axis] == 1)
      return sum;
    return a.add(sum, a.mul(part(x, axis, 1), constant(other, shape)));
  }

  Value part(Value x, int64_t axis, int64_t which) {
    if (shapeOf(x)[axis] == 1)
      return x;
    Dims starts(shapeOf(x).size(), 0), sizes(shapeOf(x));
    starts[axis] = which;
    sizes[axis] = 1;
    return e.slice(x, starts, sizes);
  }

  /// `x` with as many elements along `axis`: the first ones, or zeros behind.
  Value resized(Value x, int64_t axis, int64_t size) {
    Dims starts(shapeOf(x).size(), 0), sizes(shapeOf(x)), behind(starts);
    if (size <= sizes[axis]) {
      if (size == sizes[axis])
        return x;
      sizes[axis] = size;
      return e.slice(x, starts, sizes);
    }
    behind[axis] = size - sizes[axis];
    return e.make<nn::PadOp>(nn::PadMode::Constant, x, e.scalar(0, x),
                             ArrayRef<int64_t>(starts),
                             ArrayRef<int64_t>(behind));
  }
};

/// One transform by passes. Between them numbers are rows × p × part × k × q;
/// a product reads rows × p × (j, part) × q.
class Passes {
public:
  Passes(NodeEmitter &e, const Fourier &t, Type element)
      : e(e), b{e, element}, t(t), sign(t.inverse ? 1 : -1) {}

  /// rows × given × parts -> rows × wanted × parts.
  Value run(Value x, ArrayRef<FourierPass> passes) {
    int64_t left = t.length;
    // Tables of their own know which number is which.
    if (t.half && passes.size() > 1 && !passes[0].merged) {
      std::vector<double> factors;
      for (int64_t n = 0; n < t.given; ++n)
        factors.push_back(t.factor(n));
      x = Arithmetic(e).mul(x, b.constant(factors, {t.given, 1}));
    }
    for (auto [index, pass] : llvm::enumerate(passes)) {
      Sizes sizes(t, left, pass.radix);
      left = sizes.m;
      x = index == 0 ? first(x, sizes, pass.merged)
                     : later(x, sizes, pass.merged);
      if (left == 1)
        break;
      int64_t next = passes[index + 1].radix;
      x = pass.merged ? ordered(x, sizes, next) : turned(x, sizes, next);
    }
    return x;
  }

  Value filter() {
    return tables(Sizes(t, t.length, t.length), false, {2, 3, 1, 0},
                  {t.wanted * t.partsOut, t.partsIn, t.given});
  }

private:
  /// The tables of a pass, one for each p where they are merged. In each the
  /// dimensions are those of j, the part of x, k and the part of y, in some
  /// order.
  Value tables(const Sizes &sizes, bool merged, ArrayRef<int64_t> order,
               ArrayRef<int64_t> shape) {
    int64_t dims[] = {sizes.terms, sizes.partsIn, sizes.results,
                      sizes.partsOut};
    int64_t left = sizes.radix * sizes.m;
    bool isFirst = sizes.done == 1, isLast = sizes.m == 1;
    std::vector<double> table;
    for (int64_t p = 0; p < (merged ? sizes.m : 1); ++p) {
      std::vector<Complex> factors;
      for (int64_t j = 0; j < sizes.terms; ++j)
        for (int64_t k = 0; k < sizes.results; ++k) {
          int64_t n = j * sizes.m + p;
          Complex factor = root(sign * (n * k % left), left);
          if (isFirst && (merged || isLast))
            factor *= t.factor(n);
          factors.push_back(isLast ? factor * t.scale : factor);
        }
      int64_t at[4];
      auto each = [&](int64_t dim, auto &&body) {
        for (at[dim] = 0; at[dim] < dims[dim]; ++at[dim])
          body();
      };
      each(order[0], [&] {
        each(order[1], [&] {
          each(order[2], [&] {
            each(order[3], [&] {
              table.push_back(
                  entry(factors[at[0] * sizes.results + at[2]], at[1], at[3]));
            });
          });
        });
      });
    }
    return b.constant(table, shape);
  }

  /// The pass without passes before it: its columns are (part, k). Where it is
  /// the last one, too, the results are complete.
  Value first(Value x, const Sizes &sizes, bool merged) {
    int64_t count = shapeOf(x)[0], m = sizes.m;
    if (m == 1)
      return e.reshape(
          e.make<nn::MatmulOp>(e.reshape(x, {count, sizes.depth()}),
                               tables(sizes, false, {0, 1, 2, 3},
                                      {sizes.depth(), sizes.rows()})),
          {count, sizes.results, sizes.partsOut});
    x = b.resized(x, 1, sizes.terms * m);
    x = e.reshape(x, {count, sizes.terms, m, sizes.partsIn});
    if (merged) {
      x = e.reshape(e.transpose(x, {2, 0, 1, 3}), {m, count, sizes.depth()});
      x = e.make<nn::MatmulOp>(x, tables(sizes, true, {0, 1, 3, 2},
                                         {m, sizes.depth(), sizes.rows()}));
      x = e.transpose(x, {1, 0, 2});
    } else {
      x = e.reshape(e.transpose(x, {0, 2, 1, 3}), {count, m, sizes.depth()});
      x = e.make<nn::MatmulOp>(
          x, tables(sizes, false, {0, 1, 3, 2}, {sizes.depth(), sizes.rows()}));
    }
    return e.reshape(x, {count, m, 2, sizes.results, 1});
  }

  /// A pass behind another one: its columns are q.
  Value later(Value x, const Sizes &sizes, bool merged) {
    int64_t count = shapeOf(x)[0], m = sizes.m;
    Dims shape{sizes.rows(), sizes.depth()};
    if (m == 1) {
      x = e.make<nn::MatmulOp>(
          tables(sizes, false, {2, 3, 0, 1}, shape),
          e.reshape(x, {count, sizes.depth(), sizes.done}));
      x = e.reshape(x, {count, sizes.results, sizes.partsOut, sizes.done});
      if (sizes.partsOut == 2)
        x = e.transpose(x, {0, 1, 3, 2});
      x = e.reshape(x, {count, sizes.results * sizes.done, sizes.partsOut});
      return b.resized(x, 1, t.wanted);
    }
    if (merged)
      shape.insert(shape.begin(), m);
    x = e.make<nn::MatmulOp>(tables(sizes, merged, {3, 2, 0, 1}, shape), x);
    return e.reshape(x, {count, m, 2, sizes.results, sizes.done});
  }

  /// The results of a pass turned and in the order of the next one.
  Value turned(Value x, const Sizes &sizes, int64_t next) {
    int64_t m = sizes.m, left = m * sizes.radix;
    std::vector<Complex> turns;
    for (int64_t p = 0; p < m; ++p)
      for (int64_t k = 0; k < sizes.radix; ++k)
        turns.push_back(root(sign * (p * k % left), left));
    Value parts[2];
    for (int64_t to : {0, 1})
      parts[to] =
          split(b.turned(x, 2, turns, {1, m, 1, sizes.radix, 1}, to), next);
    return joined(e.concat(parts, 3));
  }

  Value ordered(Value x, const Sizes &sizes, int64_t next) {
    return joined(split(x, next));
  }

  /// rows × (j, p) × part × k × q -> rows × p × j × part × k × q.
  Value split(Value x, int64_t radix) {
    ArrayRef<int64_t> s = shapeOf(x);
    x = e.reshape(x, {s[0], radix, s[1] / radix, s[2], s[3], s[4]});
    return e.transpose(x, {0, 2, 1, 3, 4, 5});
  }
  /// … -> rows × p × (j, part) × (k, q).
  Value joined(Value x) {
    ArrayRef<int64_t> s = shapeOf(x);
    return e.reshape(x, {s[0], s[1], s[2] * s[3], s[4] * s[5]});
  }

  NodeEmitter &e;
  Tables b;
  const Fourier &t;
  int64_t sign;
};

/// Bluestein's: nk is (n² + k² - (k - n)²) / 2, so the transform is the
/// convolution with exp(±πi d² / length) of what was turned by the like.
Value convolved(NodeEmitter &e, Value x, const Fourier &t,
                const FourierPlan &plan, Type element) {
  Tables b{e, element};
  int64_t sign = t.inverse ? 1 : -1, count = shapeOf(x)[0];
  auto chirp = [&](int64_t d) {
    return root(sign * (d * d % (2 * t.length)), 2 * t.length);
  };
  auto turned = [&](Value x, ArrayRef<Complex> factors, int64_t parts) {
    int64_t size = factors.size();
    SmallVector<Value> made;
    for (int64_t to = 0; to < parts; ++to)
      made.push_back(b.turned(x, 2, factors, {size, 1}, to));
    return e.concat(made, 2);
  };
  std::vector<Complex> before, after, filter(plan.convolved);
  for (int64_t n = 0; n < t.given; ++n)
    before.push_back(chirp(n) * t.factor(n));
  for (int64_t k = 0; k < t.wanted; ++k)
    after.push_back(chirp(k) * t.scale);
  for (int64_t d = 0; d < std::max(t.given, t.wanted); ++d) {
    Complex value = std::conj(chirp(d)) / double(plan.convolved);
    if (d < t.wanted)
      filter[d] = value;
    if (d != 0 && d < t.given)
      filter[plan.convolved - d] = value;
  }
  transform(filter, -1);
  auto [there, back] = convolution(t, plan.convolved);
  x = turned(e.reshape(x, {count, t.given, t.partsIn}), before, 2);
  x = turned(Passes(e, there, element).run(x, plan.passes), filter, 2);
  return turned(Passes(e, back, element).run(x, plan.back), after, t.partsOut);
}

/// A plan without passes where there is none.
FourierPlan planButterflies(const Fourier &t, int64_t rows) {
  FourierPlan plan;
  plan.cost = std::numeric_limits<double>::infinity();
  if (t.half || t.length <= 2)
    return plan;
  plan.passes = butterflyPasses(t.length);
  if (plan.passes.empty())
    return plan;
  plan.butterflies = true;
  double given = double(t.partsIn) * double(t.length);
  double wanted = double(t.partsOut) * double(t.wanted);
  // All passes but the first read, and all but the last write, all numbers.
  double passes = double(plan.passes.size());
  double numbers = 2 * double(t.length) * (passes - 1) + (given + wanted) / 2;
  plan.cost = numbers * (butterflyVectorCost + butterflyCost * double(rows)) +
              (given + wanted) / 2 * moveCost * double(rows) +
              (passes + 2) * kernelCost;
  return plan;
}

} // namespace

FourierPlan dlc::importer::planFourier(const Fourier &t, int64_t rows) {
  FourierPlan plan = Planner(t, rows).best(t.length);
  FourierPlan butterflies = planButterflies(t, rows);
  bool asNumpy = !butterflies.passes.empty() && t.length <= longestAsNumpy &&
                 rows <= mostAsNumpy / t.length;
  butterflies.wide = asNumpy && !t.inverse;
  if (asNumpy || butterflies.cost < plan.cost)
    return butterflies;
  // Somewhat longer convolutions may have better factors.
  int64_t least = t.given + t.wanted - 1;
  for (int64_t length :
       smoothNumbers(least, std::min(least + least / 4, maxTable / 2))) {
    auto [there, back] = convolution(t, length);
    FourierPlan first = Planner(there, rows).best(length);
    FourierPlan second = Planner(back, rows).best(length);
    double turns = 2 * t.given + 2 * length + t.partsOut * t.wanted;
    double cost = first.cost + second.cost + double(rows) * turnCost * turns +
                  2 * tableCost * turns + 6 * kernelCost;
    if (cost < plan.cost)
      plan = {cost, first.passes, length, second.passes};
  }
  return plan;
}

double dlc::importer::costOfMoves(double numbers) { return moveCost * numbers; }

Value dlc::importer::fourierFilter(NodeEmitter &e, const Fourier &t,
                                   Type element) {
  return Passes(e, t, element).filter();
}

Value dlc::importer::emitFourier(NodeEmitter &e, Value x, const Fourier &t,
                                 const FourierPlan &plan) {
  Type given = elementOf(x), element = given;
  // Between passes there is no rounding to 16 bits.
  if (element.getIntOrFloatBitWidth() < 32 &&
      (plan.passes.size() > 1 || plan.butterflies))
    element = e.builder.getF32Type();
  else if (element.isF32() && plan.wide)
    element = e.builder.getF64Type();
  x = e.cast(x, element);
  if (plan.butterflies)
    x = emitButterflies(e, Tables{e, element}.resized(x, 1, t.length), t,
                        plan.passes);
  else
    x = plan.convolved ? convolved(e, x, t, plan, element)
                       : Passes(e, t, element).run(x, plan.passes);
  return e.cast(x, given);
}
