"""Networks in Keras, one a file, each readable like the table in its paper."""
