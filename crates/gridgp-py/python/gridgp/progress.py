"""Progress bars in terminals and notebooks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any


class Bars:
    """Bars by tqdm: one for a search, one for each chain of draws."""

    def __init__(self) -> None:
        self._bars: list[Any] = []
        self._stage = ""

    def __call__(self, seen: dict[str, Any]) -> None:
        stage = seen["stage"]
        if stage != self._stage:
            self._begin(stage, seen)
        if stage == "search":
            self._bars[0].set_description_str(seen["text"])
        elif stage == "approximate":
            bar = self._bars[0]
            bar.n = seen["done"][0]
            bar.set_postfix_str(f"ELBO {seen['text']}", refresh=False)
            bar.refresh()
        elif stage == "sample":
            for bar, done, diverged, step in zip(
                self._bars, seen["done"], seen["divergences"], seen["step_size"], strict=True
            ):
                bar.n = done
                said = "tuning" if done <= seen["tune"] else ""
                said += "" if math.isnan(step) else f" step {step:.3f}"
                said += f", {diverged} divergences" if diverged else ""
                bar.set_postfix_str(said.strip(), refresh=False)
                bar.refresh()

    def _begin(self, stage: str, seen: dict[str, Any]) -> None:
        from tqdm.auto import tqdm

        self.close()
        self._stage = stage
        if stage == "search":
            self._bars = [tqdm(bar_format="{desc} [{elapsed}]")]
        elif stage == "approximate":
            self._bars = [tqdm(total=seen["total"], desc="steps")]
        elif stage == "sample":
            self._bars = [
                tqdm(total=seen["total"], desc=f"chain {i}", position=i)
                for i in range(len(seen["done"]))
            ]

    def close(self) -> None:
        """Takes the bars away."""
        for bar in self._bars:
            bar.close()
        self._bars = []


def reporter(
    progress: bool | Callable[[dict[str, Any]], None],
) -> Callable[[dict[str, Any]], None] | None:
    """What is called about twelve times a second while a fit runs."""
    if callable(progress):
        return progress
    return Bars() if progress else None
