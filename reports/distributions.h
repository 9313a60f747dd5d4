// Distribution functions, from Boost.Math. Here and nowhere else, because its headers are slow to compile.
#ifndef TIDEMARK_REPORTS_DISTRIBUTIONS_H_
#define TIDEMARK_REPORTS_DISTRIBUTIONS_H_

namespace tidemark {

// P(Z <= x), and its inverse for p in (0, 1).
double NormalCdf(double x);
double NormalQuantile(double p);

// The p-quantile of Student's t, p in (0, 1), df > 0 (need not be whole).
double StudentQuantile(double p, double df);

// P(X <= k), X binomial with n trials of probability p. k below 0: 0; k of n or above: 1.
double BinomialCdf(double k, double n, double p);

}  // namespace tidemark

#endif  // TIDEMARK_REPORTS_DISTRIBUTIONS_H_
