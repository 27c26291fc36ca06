"""A network of one's own from ONNX: its graph is read as data, checked, and built from Keras's own layers."""
