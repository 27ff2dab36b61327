"""statsmodels' UnobservedComponents, at even times: an autoregression of order 1 is matern12, a damped
stochastic cycle matern12 times a cosine. Its score is by complex steps."""

import sys

from series.series import measured

import numpy as np
import statsmodels.api as sm


def build(model, times, y):
    if model == "matern12":
        process = sm.tsa.UnobservedComponents(
            y, irregular=True, autoregressive=1, loglikelihood_burn=0
        )
    elif model == "quasi":
        process = sm.tsa.UnobservedComponents(
            y,
            irregular=True,
            cycle=True,
            stochastic_cycle=True,
            damped_cycle=True,
            loglikelihood_burn=0,
        )
        # By default it begins with a variance of 1e6.
        process.ssm.initialize_stationary()
    else:
        sys.exit("it has no such model")

    def call(theta):
        variance, rate, noise, *frequency = np.exp(theta)
        rho = np.exp(-rate)
        innovation = variance * (1.0 - rho * rho)
        if model == "matern12":
            parameters = np.array([noise, innovation, rho])
        else:
            parameters = np.array([noise, innovation, frequency[0], rho])
        return process.loglike(parameters), process.score(parameters)

    return call


if __name__ == "__main__":
    measured("statsmodels", build)
