"""What an author of a new model or a new data set can test with."""
