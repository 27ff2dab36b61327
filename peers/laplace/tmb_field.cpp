// Poisson counts whose log rate is a level and a field of two AR(1) processes, the product of two
// Matern 1/2 kernels on even points.
#include <TMB.hpp>

template <class Type> Type objective_function<Type>::operator()() {
  using namespace density;
  DATA_VECTOR(y);
  DATA_IVECTOR(a);
  DATA_IVECTOR(b);
  PARAMETER(mu);
  PARAMETER(log_sd);
  PARAMETER_VECTOR(log_lengthscale);
  PARAMETER_ARRAY(x);
  vector<Type> phi = exp(-exp(-log_lengthscale));
  Type sd = exp(log_sd);
  // The last factor is along the first dimension.
  Type minus_log = SEPARABLE(AR1(phi(1)), AR1(phi(0)))(x);
  for (int k = 0; k < y.size(); k++)
    minus_log -= dpois(y(k), exp(mu + sd * x(a(k), b(k))), true);
  return minus_log;
}
