#include "evals/ifeval/mersenne_twister.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace tidemark {

PythonRandom::PythonRandom(uint32_t seed) {
  state_[0] = 19650218u;
  for (uint32_t i = 1; i < kWords; ++i) state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  // init_by_array with the one-word key {seed}: the key index is always 0.
  uint32_t i = 1;
  for (int k = 0; k < kWords; ++k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1664525u)) + seed;
    if (++i >= kWords) {
      state_[0] = state_[kWords - 1];
      i = 1;
    }
  }
  for (int k = 0; k < kWords - 1; ++k) {
    state_[i] = (state_[i] ^ ((state_[i - 1] ^ (state_[i - 1] >> 30)) * 1566083941u)) - i;
    if (++i >= kWords) {
      state_[0] = state_[kWords - 1];
      i = 1;
    }
  }
  state_[0] = 0x80000000u;
}

void PythonRandom::Refill() {
  constexpr int kShift = 397;
  for (int k = 0; k < kWords; ++k) {
    const uint32_t y = (state_[k] & 0x80000000u) | (state_[(k + 1) % kWords] & 0x7fffffffu);
    state_[k] = state_[(k + kShift) % kWords] ^ (y >> 1) ^ ((y & 1) ? 0x9908b0dfu : 0);
  }
  next_ = 0;
}

uint32_t PythonRandom::NextWord() {
  if (next_ >= kWords) Refill();
  uint32_t y = state_[next_++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

double PythonRandom::Random() {
  const uint32_t high = NextWord() >> 5;
  const uint32_t low = NextWord() >> 6;
  return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
}

double PythonRandom::Gauss() {
  if (second_gauss_) {
    const double z = *second_gauss_;
    second_gauss_.reset();
    return z;
  }
  const double angle = Random() * (2.0 * std::numbers::pi);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Random()));
  second_gauss_ = std::sin(angle) * radius;
  return std::cos(angle) * radius;
}

uint32_t PythonRandom::Below(uint32_t n) {
  const int bits = std::bit_width(n);
  uint32_t r;
  do {
    r = NextWord() >> (32 - bits);
  } while (r >= n);
  return r;
}

}  // namespace tidemark
