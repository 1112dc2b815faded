"""The law as dated data: a pinned edition of the EU AI Act, the questionnaire, and the rules that read them."""
