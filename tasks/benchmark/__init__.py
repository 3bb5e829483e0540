"""The benchmark: every method tuned alike on half A, fitted with several seeds, and measured once per cell.

A cell is one method on one question of one data set with one seed; finished cells are never computed twice.
"""
