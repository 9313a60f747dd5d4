// The random numbers of CPython's random.Random(seed), bit for bit: the language detector of the reference draws from it.
#ifndef TIDEMARK_EVALS_IFEVAL_MERSENNE_TWISTER_H_
#define TIDEMARK_EVALS_IFEVAL_MERSENNE_TWISTER_H_

#include <array>
#include <cstdint>
#include <optional>

namespace tidemark {

// MT19937 (Matsumoto and Nishimura 1998), seeded by init_by_array with the seed's 32-bit digits as CPython does for integers.
// Source: CPython 3.11 Modules/_randommodule.c, Lib/random.py.
class PythonRandom {
 public:
  explicit PythonRandom(uint32_t seed);

  uint32_t NextWord();         // 32 random bits
  double Random();             // [0, 1), 53 bits
  double Gauss();              // mean 0, deviation 1; Box-Muller, two draws give two values
  uint32_t Below(uint32_t n);  // uniform in [0, n), as choice() picks an index; n > 0

 private:
  static constexpr int kWords = 624;
  void Refill();

  std::array<uint32_t, kWords> state_;
  int next_ = kWords;
  std::optional<double> second_gauss_;
};

}  // namespace tidemark

#endif  // TIDEMARK_EVALS_IFEVAL_MERSENNE_TWISTER_H_
