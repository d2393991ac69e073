"""Tablewright's core: plain Python that does the work the pages and the command line ask for.

Importing this package loads no engine and no third-party library.
"""

__version__ = "0.1.0"
