"""Pure parsers of the output of hosts: they turn text into typed facts and do no I/O.

The text may be hostile, and may be cut off anywhere: every parser raises ParseError (with the
first lines) for what it does not understand, and nothing else.
"""
