"""What came from what; and what a withdrawal of data reaches."""
