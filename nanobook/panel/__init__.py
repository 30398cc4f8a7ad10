"""Tables to matrices and back: the one room that touches pandas' indexes.

`arrays` converts numbers, vectors and matrices; `frames` reads and writes labelled
tables; `align` brings weights onto the bars and columns of the prices; `schedule` reads
the lists of ``(symbol, value)`` pairs of the seed's door.
"""
