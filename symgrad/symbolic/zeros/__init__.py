"""All zeros of a function, with the proof that there are no others; where a function is cut."""
