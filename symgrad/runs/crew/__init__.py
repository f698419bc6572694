"""What long work in a folder needs, whatever it is: worker processes, their answers, a lock, files that are
never half-written, and a word on how far it is.
"""
