"""Checks: programs that judge one object or link by what its host says.

They run alone on a host: Python 3.6 or later, standard library only.
"""
