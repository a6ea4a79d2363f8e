"""Operation by operation, what ONNX says for it; importing this fills the table."""

from . import elementwise, indexing, products, recurrent, reduction, rows, shape
