"""A calibration of one's own: fitted on answers of a run and an expert's labels of the same clusters (docs/trust.md).

answers   what runs have left of their answers
own_fit   the fit, with what it is worth
lines     that for a terminal
"""
