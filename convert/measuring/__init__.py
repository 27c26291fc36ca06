"""From labelled pictures to error rates: comparisons of everybody with everybody, intervals that draw people, plots."""
