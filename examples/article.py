"""The article's estimator on its own data, and what it did not say: how far from the answer it stopped."""

import numpy as np

from steepest import GradientDescent, LinearRegression

random = np.random.RandomState(1)
X = np.linspace(0, 1, 10)
y = 2 * X + 1 + random.normal(0, 0.05, 10)

article = GradientDescent(eta=0.1, n_iter=100).fit(X, y)
print(f"w0 = {article.w_[0]:.8f}, w1 = {article.w_[1]:.8f}, R2 = {article.score(X, y)}")
print(article.summary(), end="\n\n")

exact = LinearRegression(method="gd").fit(X[:, None], y)
print(exact.summary())
