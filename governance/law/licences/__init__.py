"""What a licence says about a use: dated rule table, pure verdicts."""
