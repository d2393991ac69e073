"""A model as one ONNX file, for devices that have no Python of ours."""
