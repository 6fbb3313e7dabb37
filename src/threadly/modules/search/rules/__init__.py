"""Pure decisions: how a question is understood, how two rankings become one, what of a text is marked."""
