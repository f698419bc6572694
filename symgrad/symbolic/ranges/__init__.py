"""The range of φ′ over its whole domain: exact, certified, or labelled an estimate; and its certificate."""
