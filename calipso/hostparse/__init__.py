"""Pure parsers of what hosts say: text in, typed facts out, no I/O.

Text of a host is hostile and may be cut off anywhere: every parser raises ParseError (with the
first lines) for what it does not understand, and nothing else.
"""
