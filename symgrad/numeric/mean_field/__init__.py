"""Wide random nets in numbers: Gaussian expectations, the length map, fixed points, depth scales, phases."""
