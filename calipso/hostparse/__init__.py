"""Pure parsers of the output of hosts: they turn text into typed facts and do no I/O.

The text may be hostile and may end anywhere. A parser raises ParseError, with the first lines, for
text that it does not understand; it raises no other error.
"""
