"""How a function and its derivative behave towards an end of the line or a singular point, with proof."""
