"""Metrics: one method a file, numpy arrays in, a float out.

    label       [N]  0 or 1 (binary), any finite number (regression); every row counts equally
    prediction  [N]  probabilities, or any finite scores where the metric only ranks (auc, gauc, pr_auc), or real values

Arrays that break this (NaN or an infinity, another label, another length) are refused with a ValueError. A metric
that has no value on the rows given raises `Undefined` with the reason; it never answers NaN or a made-up 0.5.
"""
