"""One model, fitted to each of many series, pixels or regions."""

from __future__ import annotations

from gridgp.each._fit import fit_each

__all__ = ["fit_each"]
