// The one place that includes FLINT and Arb, and owners for the few types of theirs that evals/math uses. Each owner converts to
// the library's pointer, so that library calls read as in its manual: fmpq_add(a, b, c). Debian 12 ships FLINT 2.9 with a
// separate Arb 2.23 (<arb.h>), later systems FLINT 3 (<flint/arb.h>).
// Sources: flintlib.org/doc, arblib.org (LGPL 2.1 or later, linked dynamically).
#ifndef TIDEMARK_EVALS_MATH_FLINT_H_
#define TIDEMARK_EVALS_MATH_FLINT_H_

#include <utility>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif
// clang-format off
#include <flint/flint.h>
#include <flint/fmpz.h>
#include <flint/fmpq.h>
#include <flint/fmpz_mpoly.h>
#ifdef TIDEMARK_SEPARATE_ARB
#include <acb.h>
#include <arb.h>
#else
#include <flint/acb.h>
#include <flint/arb.h>
#endif
// clang-format on
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace tidemark::math {

// T: the struct; Init, Clear, Set: its functions. Copy is Set, move is a swap of the structs (they are relocatable).
template <typename T, void (*Init)(T*), void (*Clear)(T*), void (*Set)(T*, const T*)>
class FlintValue {
 public:
  FlintValue() { Init(&value_); }
  FlintValue(const FlintValue& other) : FlintValue() { Set(&value_, &other.value_); }
  FlintValue(FlintValue&& other) noexcept : FlintValue() { std::swap(value_, other.value_); }
  FlintValue& operator=(const FlintValue& other) {
    Set(&value_, &other.value_);
    return *this;
  }
  FlintValue& operator=(FlintValue&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~FlintValue() { Clear(&value_); }

  operator T*() { return &value_; }
  operator const T*() const { return &value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_;
};

namespace flint_detail {
inline void InitInteger(fmpz* x) { fmpz_init(x); }
inline void ClearInteger(fmpz* x) { fmpz_clear(x); }
inline void SetInteger(fmpz* x, const fmpz* y) { fmpz_set(x, y); }
inline void InitRational(fmpq* x) { fmpq_init(x); }
inline void ClearRational(fmpq* x) { fmpq_clear(x); }
inline void SetRational(fmpq* x, const fmpq* y) { fmpq_set(x, y); }
inline void InitReal(arb_struct* x) { arb_init(x); }
inline void ClearReal(arb_struct* x) { arb_clear(x); }
inline void SetReal(arb_struct* x, const arb_struct* y) { arb_set(x, y); }
inline void InitComplex(acb_struct* x) { acb_init(x); }
inline void ClearComplex(acb_struct* x) { acb_clear(x); }
inline void SetComplex(acb_struct* x, const acb_struct* y) { acb_set(x, y); }
}  // namespace flint_detail

using Integer = FlintValue<fmpz, flint_detail::InitInteger, flint_detail::ClearInteger, flint_detail::SetInteger>;
using RealBall = FlintValue<arb_struct, flint_detail::InitReal, flint_detail::ClearReal, flint_detail::SetReal>;
using ComplexBall = FlintValue<acb_struct, flint_detail::InitComplex, flint_detail::ClearComplex, flint_detail::SetComplex>;

// Frees what the libraries cache per thread (constants, small blocks) when the thread ends. Called by every entry to them.
inline void FreeCachesWithThread() {
  struct Caches {
    ~Caches() { flint_cleanup(); }
  };
  static thread_local const Caches caches;
  (void)caches;
}

class Rational : public FlintValue<fmpq, flint_detail::InitRational, flint_detail::ClearRational, flint_detail::SetRational> {
 public:
  Rational() = default;
  explicit Rational(slong numerator, ulong denominator = 1) { fmpq_set_si(*this, numerator, denominator); }

  fmpz* num() { return fmpq_numref(static_cast<fmpq*>(*this)); }
  fmpz* den() { return fmpq_denref(static_cast<fmpq*>(*this)); }
  const fmpz* num() const { return fmpq_numref(static_cast<const fmpq*>(*this)); }
  const fmpz* den() const { return fmpq_denref(static_cast<const fmpq*>(*this)); }
  bool IsZero() const { return fmpq_is_zero(*this) != 0; }
  bool IsOne() const { return fmpq_is_one(*this) != 0; }
  bool IsMinusOne() const { return IsInteger() && fmpz_equal_si(num(), -1); }
  bool IsInteger() const { return fmpz_is_one(den()) != 0; }
  int Sign() const { return fmpq_sgn(*this); }
  slong Bits() const { return static_cast<slong>(fmpz_bits(num()) + fmpz_bits(den())); }
  bool operator==(const Rational& other) const { return fmpq_equal(*this, other) != 0; }
};

// The ring Z[v0 .. v(n-1)]; outlives its polynomials.
class PolynomialRing {
 public:
  explicit PolynomialRing(slong variables) : variables_(variables) { fmpz_mpoly_ctx_init(context_, variables, ORD_LEX); }
  ~PolynomialRing() { fmpz_mpoly_ctx_clear(context_); }
  PolynomialRing(const PolynomialRing&) = delete;
  PolynomialRing& operator=(const PolynomialRing&) = delete;

  slong variables() const { return variables_; }
  const fmpz_mpoly_ctx_struct* context() const { return context_; }

 private:
  slong variables_;
  fmpz_mpoly_ctx_t context_;
};

class Polynomial {
 public:
  explicit Polynomial(const PolynomialRing& ring) : ring_(&ring) { fmpz_mpoly_init(value_, ring.context()); }
  Polynomial(const Polynomial& other) : Polynomial(*other.ring_) { fmpz_mpoly_set(value_, other.value_, ring_->context()); }
  Polynomial(Polynomial&& other) noexcept : Polynomial(*other.ring_) { fmpz_mpoly_swap(value_, other.value_, ring_->context()); }
  Polynomial& operator=(const Polynomial& other) {
    fmpz_mpoly_set(value_, other.value_, ring_->context());
    return *this;
  }
  Polynomial& operator=(Polynomial&& other) noexcept {
    fmpz_mpoly_swap(value_, other.value_, ring_->context());
    return *this;
  }
  ~Polynomial() { fmpz_mpoly_clear(value_, ring_->context()); }

  operator fmpz_mpoly_struct*() { return value_; }
  operator const fmpz_mpoly_struct*() const { return value_; }
  const fmpz_mpoly_ctx_struct* context() const { return ring_->context(); }
  const PolynomialRing& ring() const { return *ring_; }
  slong Terms() const { return fmpz_mpoly_length(value_, ring_->context()); }
  bool IsZero() const { return fmpz_mpoly_is_zero(value_, ring_->context()) != 0; }
  bool IsOne() const { return fmpz_mpoly_is_one(value_, ring_->context()) != 0; }
  bool IsConstant() const { return fmpz_mpoly_is_fmpz(value_, ring_->context()) != 0; }

 private:
  const PolynomialRing* ring_;
  fmpz_mpoly_t value_;
};

}  // namespace tidemark::math

#endif  // TIDEMARK_EVALS_MATH_FLINT_H_
