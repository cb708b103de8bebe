"""Report: figures made to be looked at, and the tables beside them."""
