"""One module a target; each has `create()`."""
