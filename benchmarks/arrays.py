"""Rivals that fit arrays: X (n, p) and y (n,) are in memory."""

from concurrent.futures import ThreadPoolExecutor

from benchmarks.rival import OURS, Answer, Rival

THREADS = 2


def steepest(X, y):
    from steepest import LinearRegression

    def fit():
        model = LinearRegression().fit(X, y)
        return Answer(model.intercept_, model.coef_, model.inference().se)

    return fit


def alone(X, y):
    """Coefficients and certificate without standard errors: what estimators with the same manners do."""
    from steepest import LinearRegression

    return estimator(LinearRegression(), X, y)


def scikit_learn(X, y):
    from sklearn.linear_model import LinearRegression

    return estimator(LinearRegression(), X, y)


def ridge(X, y):
    """Normal equations by Cholesky: what Ridge does without a penalty."""
    from sklearn.linear_model import Ridge

    return estimator(Ridge(alpha=0, solver="cholesky"), X, y)


def scikit_learn_intelex(X, y):
    from sklearnex.linear_model import LinearRegression

    return estimator(LinearRegression(), X, y)


def glum(X, y):
    from glum import GeneralizedLinearRegressor

    return estimator(GeneralizedLinearRegressor(family="normal", alpha=0), X, y)


def estimator(model, X, y):
    """Return the fit of anything with the manners of scikit-learn."""

    def fit():
        model.fit(X, y)
        return Answer(model.intercept_, model.coef_)

    return fit


def sgd(X, y):
    """Stochastic descent on standardised columns, its coefficients in the units of X."""
    from sklearn.linear_model import SGDRegressor
    from sklearn.preprocessing import StandardScaler

    def fit():
        scaler = StandardScaler()
        model = SGDRegressor(random_state=0).fit(scaler.fit_transform(X), y)
        coef = model.coef_ / scaler.scale_
        return Answer(model.intercept_[0] - coef @ scaler.mean_, coef)

    return fit


def statsmodels(X, y):
    import statsmodels.api as sm

    def fit():
        result = sm.OLS(y, sm.add_constant(X)).fit()
        return Answer(result.params[0], result.params[1:], result.bse)

    return fit


def pyfixest(X, y):
    from pandas import DataFrame
    from pyfixest import feols

    names = _names(X)
    frame, formula = DataFrame(X, columns=names).assign(y=y), "y ~ " + " + ".join(names)

    def fit():
        model = feols(formula, frame, vcov="iid")
        coef = model.coef().to_numpy()
        return Answer(coef[0], coef[1:], model.se().to_numpy())

    return fit


def polars_ds(X, y):
    """Without its gate on the determinant, which returns null for columns far from zero, or for many."""
    import polars as pl
    from polars_ds import lin_reg

    names = _names(X)
    frame = pl.DataFrame(X, schema=names).with_columns(y=y)
    regression = lin_reg(*names, target="y", add_bias=True, singular_x_tol=0.0)

    def fit():
        *coef, intercept = frame.select(regression).item()
        return Answer(intercept, coef)

    return fit


def _names(X):
    return [f"x{j}" for j in range(X.shape[1])]


def numpy_lstsq(X, y):
    import numpy as np

    def fit():
        intercept, *coef = np.linalg.lstsq(np.column_stack([np.ones_like(y), X]), y)[0]
        return Answer(intercept, coef)

    return fit


def linregress(X, y):
    from scipy.stats import linregress

    def fit():
        result = linregress(X[:, 0], y)
        return Answer(result.intercept, [result.slope], [result.intercept_stderr, result.stderr])

    return fit


def one_read(X, y):
    """Every number is read once, in threads that do little else: a product of each part with itself."""
    import numpy as np
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    parts = [part for values in (X.ravel(), y) for part in np.array_split(values, THREADS)]
    pool = ThreadPoolExecutor(THREADS)

    def read():
        for _ in pool.map(lambda part: part @ part, parts):
            pass

    return read


def products(X, y):
    def multiply():
        X.T @ X

    return multiply


RIVALS = {
    OURS: Rival(steepest, ("steepest", "numpy", "scipy")),
    "scikit-learn LinearRegression": Rival(scikit_learn, ("scikit-learn",)),
    "scikit-learn Ridge, no penalty": Rival(ridge, ("scikit-learn",)),
    "scikit-learn SGDRegressor": Rival(sgd, ("scikit-learn",)),
    "scikit-learn-intelex": Rival(scikit_learn_intelex, ("scikit-learn-intelex",)),
    "statsmodels OLS": Rival(statsmodels, ("statsmodels",)),
    "glum": Rival(glum, ("glum",)),
    "pyfixest feols": Rival(pyfixest, ("pyfixest",)),
    "polars-ds lin_reg": Rival(polars_ds, ("polars-ds", "polars")),
    "numpy lstsq": Rival(numpy_lstsq, ("numpy",)),
    "scipy linregress": Rival(linregress, ("scipy",), most_features=1),
    "one read of the data": Rival(one_read, ("numpy",), limit=True),
    "X'X by BLAS": Rival(products, ("numpy",), limit=True),
}
ALONE = RIVALS | {OURS: Rival(alone, ("steepest", "numpy", "scipy"))}
