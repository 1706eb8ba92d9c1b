"""Fuzzing of every reader: damaged and hostile files must be refused in our own words, and quickly, and run nothing.

    targets.py      the readers, each called through its public entry, with valid files to begin from
    mutations.py    what happens to bytes, lines and JSON; formats.py: what happens inside of archives and pickles
    guards.py       what no reader may do, what it may take, and which errors are our own
    harness.py      a process that reads one input after another, and one that watches it

`make fuzz` runs all of it; `corpus/` holds inputs that once broke a reader.
"""
