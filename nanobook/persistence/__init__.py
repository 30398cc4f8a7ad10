"""Records to files and back. Knows arrays and headers, no class of another room.

Writing is atomic: a file is the old one or the new one, whole, whenever the process dies.
Reading never unpickles and never evaluates.
"""
