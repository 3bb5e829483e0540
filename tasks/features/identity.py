"""Ids and classes as text, so that 7, 7.0 and "7" are one value whatever file they came from."""

import polars as pl

_FEW = 1000
"""Values that are looked at one by one: faster than any expression."""


def as_text(values: pl.Series) -> pl.Series:
    """Values as String: whole floats lose their ".0", text its outer blanks; null, NaN and "" become null.

    Args:
        values: Series of any scalar type, shape (n,).

    Returns:
        String series of shape (n,) under the same name.

    """
    if values.dtype.is_float():
        finite = values.is_finite().fill_null(False)
        whole = finite & (values.floor() == values).fill_null(False) & (values.abs() < 2**53).fill_null(False)
        text = pl.select(
            pl.when(whole)
            .then(values.cast(pl.Int64, strict=False).cast(pl.String))
            .when(finite)
            .then(values.cast(pl.String))
        ).to_series()
    elif values.dtype == pl.Null or values.dtype.is_integer():
        return values.cast(pl.String)
    elif values.dtype == pl.String and len(values) <= _FEW and all(map(_is_clean, values)):
        return values
    else:
        text = values.cast(pl.String).str.strip_chars()
    return text.set(text == "", None).alias(values.name)


def _is_clean(text: str | None) -> bool:
    return bool(text) and text == text.strip()  # type: ignore[union-attr]
