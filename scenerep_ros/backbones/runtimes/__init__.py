"""Execution of backbones by OpenVINO, ONNX Runtime and TensorRT, from one exported graph."""
