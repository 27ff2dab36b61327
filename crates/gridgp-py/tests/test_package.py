import gridgp


def test_version_and_errors_are_there() -> None:
    assert gridgp.__version__ == "0.1.0"
    assert issubclass(gridgp.NotPositiveDefiniteError, ValueError)
