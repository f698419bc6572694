"""What passes are written in: operations on arrays, in two sets, and numbers with a power of two beside."""
