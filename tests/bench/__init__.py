"""Measurements, never tests: each module with a `main()` is one, run by `make bench WHAT=its-name`.

Each makes its own data, measures two things side by side in one run and prints their ratio (measure.py). No time is asserted.
"""
