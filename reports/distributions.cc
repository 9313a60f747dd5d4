#include "reports/distributions.h"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

#include "engine/core/error.h"

namespace tidemark {

double NormalCdf(double x) { return boost::math::cdf(boost::math::normal(), x); }

double NormalQuantile(double p) {
  TM_CHECK(p > 0 && p < 1, "p = {}", p);
  return boost::math::quantile(boost::math::normal(), p);
}

double StudentQuantile(double p, double df) {
  TM_CHECK(p > 0 && p < 1 && df > 0, "p = {}, df = {}", p, df);
  return boost::math::quantile(boost::math::students_t(df), p);
}

double BinomialCdf(double k, double n, double p) {
  TM_CHECK(n >= 0 && p >= 0 && p <= 1, "n = {}, p = {}", n, p);
  if (k < 0) return 0;
  if (k >= n) return 1;
  return boost::math::cdf(boost::math::binomial(n, p), k);
}

}  // namespace tidemark
